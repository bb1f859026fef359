"""Whom to tell, when, and how: escalation policies, their frozen copies, and the routes that choose them."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alerts.enums import AckTimeoutAction, Priority, StopsAt
from alerts.models.source import Source
from notifications.enums import Transport, Urgency
from notifications.models import OnCallSchedule, Recipient, RecipientGroup
from notifications.models.oncall import WEEKDAYS
from sentinel_site.lib import given
from sentinel_site.lib.zones import check_zone, site_time_zone


class EscalationPolicy(models.Model):
    """Ordered steps, and what ends them. A running alert keeps the copy it was raised with (PolicySnapshot)."""

    name = models.CharField(_("name"), unique=True, max_length=80, help_text=_("As routes and sources name it, for example “Night”."))
    stops_at = models.CharField(
        _("stops at"),
        max_length=12,
        choices=StopsAt.choices,
        default=StopsAt.ACKNOWLEDGED,
        help_text=_("When nobody further is told: as soon as somebody opened it, or only when somebody took it."),
    )
    seen_hold_seconds = models.PositiveIntegerField(_("seen hold seconds"),
        null=True, blank=True,
        help_text=_(
"In seconds, when it stops at “Seen”: it goes on when whoever opened it has not taken it after so "
"long. Empty: it stops for good."
),
    )  # fmt: skip
    min_gap_seconds = models.PositiveIntegerField(
        _("min gap seconds"), default=60, help_text=_("In seconds: the least time between two sends about one alert. 60 is a minute.")
    )
    repeat_seconds = models.PositiveIntegerField(
        _("repeat seconds"), null=True, blank=True, help_text=_("In seconds: the last step is repeated this often. Empty: never.")
    )
    last_resort_after_seconds = models.PositiveIntegerField(
        _("last resort after seconds"),
        default=300,
        help_text=_("In seconds: so long after the last step the last resort is told. 300 is 5 minutes."),
    )
    expires_after_seconds = models.PositiveIntegerField(
        _("expires after seconds"),
        default=7200,
        help_text=_(
            "In seconds from when it was raised. An alert that nobody answered by then expires, and everybody "
            "who was told is told so. 7200 is 2 hours."
        ),
    )
    seen_timeout_seconds = models.PositiveIntegerField(
        _("seen timeout seconds"),
        default=14400,
        help_text=_("In seconds. An alert that was opened and not taken for so long goes to the last resort. 14400 is 4 hours."),
    )
    ack_timeout_seconds = models.PositiveIntegerField(
        _("ack timeout seconds"),
        default=7200,
        help_text=_(
            "In seconds. What is done with an alert that somebody took and nobody resolved for so long stands below. 7200 is 2 hours."
        ),
    )
    ack_timeout_action = models.CharField(
        _("ack timeout action"),
        max_length=10,
        choices=AckTimeoutAction.choices,
        default=AckTimeoutAction.ESCALATE,
        help_text=_("Escalating again is the safe choice: whoever took it may have fallen asleep."),
    )
    last_resort_groups = models.ManyToManyField(
        RecipientGroup,
        verbose_name=_("last resort groups"),
        blank=True,
        related_name="last_resort_of",
        help_text=_("Told by everything they have when nobody answered any step. Leave no policy without a last resort."),
    )
    last_resort_recipients = models.ManyToManyField(
        Recipient,
        verbose_name=_("last resort recipients"),
        blank=True,
        related_name="last_resort_of",
        help_text=_("People told as the last resort, besides the groups."),
    )
    last_resort_schedules = models.ManyToManyField(
        OnCallSchedule,
        verbose_name=_("last resort schedules"),
        blank=True,
        related_name="last_resort_of",
        help_text=_("Whoever is on call there at that moment is told as the last resort."),
    )

    class Meta:
        verbose_name = _("escalation policy")
        verbose_name_plural = _("escalation policies")
        ordering = ["name"]

    def __str__(self) -> str:
        return given.shown(self.name)


class PolicyStep(models.Model):
    """One step: when (since the alert was raised), how loud, by which transports, to whom."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    delay_seconds = models.PositiveIntegerField(
        _("delay seconds"), default=0, help_text=_("In seconds from the moment the alert was raised: 0 is at once, 300 after 5 minutes.")
    )
    label = models.CharField(
        _("label"),
        max_length=120,
        blank=True,
        help_text=_("Stands in the record and in messages, for example “Night nurse”. May be empty."),
    )
    urgency = models.CharField(
        _("urgency"),
        max_length=16,
        choices=Urgency.choices,
        default=Urgency.NORMAL,
        help_text=_(
            "How loud: from high on a push rings through “do not disturb” where the telephone allows it; "
            "emergency uses every method at once."
        ),
    )
    kinds = ArrayField(
        models.CharField(max_length=16, choices=Transport.choices), verbose_name=_("kinds"), default=list, blank=True,
        help_text=_("Transports to use; empty: all of them."),
    )  # fmt: skip
    groups = models.ManyToManyField(
        RecipientGroup, verbose_name=_("groups"), blank=True, related_name="steps", help_text=_("Every member is told.")
    )
    recipients = models.ManyToManyField(
        Recipient,
        verbose_name=_("recipients"),
        blank=True,
        related_name="steps",
        help_text=_("People who are told by name, whoever is on call."),
    )
    schedules = models.ManyToManyField(
        OnCallSchedule,
        verbose_name=_("schedules"),
        blank=True,
        related_name="steps",
        help_text=_("Whoever is on call there when the step is taken."),
    )

    class Meta:
        verbose_name = _("policy step")
        verbose_name_plural = _("policy steps")
        ordering = ["delay_seconds", "id"]

    def __str__(self) -> str:
        return given.shown(self.label) or gettext("after %(span)s") % {"span": f"{self.delay_seconds} s"}


class PolicySnapshot(models.Model):
    """A policy as it was at one time, never changed. ``document`` is what escalation reads; see policies.py."""

    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    document = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return given.shown(self.name)


class Route(models.Model):
    """If every matcher holds, use this policy and priority. The first match decides, unless it says ``continue``."""

    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("The lowest is asked first."))
    matchers = ArrayField(
        models.CharField(max_length=500), verbose_name=_("matchers"), default=list, blank=True,
        help_text=_('For example severity=critical or room=~"1.*". All of them must hold.'),
    )  # fmt: skip
    source = models.ForeignKey(
        Source,
        verbose_name=_("source"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="routes",
        help_text=_("Only what this source reports. Empty: whatever reports."),
    )
    policy = models.ForeignKey(
        EscalationPolicy,
        verbose_name=_("policy"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="routes",
        help_text=_("Who is told of what matches. Empty: another route, or the source, decides that."),
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=Priority.choices, null=True, blank=True, help_text=_("P1 is the most urgent. Empty: the severity decides.")
    )
    continues = models.BooleanField(_("continue"), default=False, help_text=_("Ask the following routes too; a later match wins."))
    hours_from = models.TimeField(_("hours from"), null=True, blank=True, help_text=_("Counts from this time of day. Empty: all day."))
    hours_until = models.TimeField(
        _("hours until"), null=True, blank=True, help_text=_("Until this time; before the one above: of the next day.")
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(choices=WEEKDAYS),
        verbose_name=_("weekdays"),
        default=list,
        blank=True,
        help_text=_("Days it counts on. Empty: every day."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default=site_time_zone,
        validators=[check_zone],
        help_text=_("Whose clocks: an IANA name, for example Europe/Paris."),
    )
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: it is not asked."))
    catch_all = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("route")
        ordering = ["catch_all", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["catch_all"], condition=Q(catch_all=True), name="route_one_catch_all"),
            models.CheckConstraint(
                condition=Q(catch_all=False)
                | Q(
                    enabled=True, source=None, policy__isnull=False, matchers__len=0, continues=False,
                    hours_from=None, hours_until=None, weekdays__len=0,
                ),
                name="route_catch_all_matches_everything",
                violation_error_message=_("The catch-all stays enabled, has a policy, and has no condition."),
            ),
            models.CheckConstraint(
                condition=Q(hours_from__isnull=True, hours_until__isnull=True) | Q(hours_from__isnull=False, hours_until__isnull=False),
                name="route_hours_both_or_none",
                violation_error_message=_("Hours have a beginning and an end: give both or neither."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        if self.catch_all:
            return gettext("Catch-all")
        what = ", ".join([*self.matchers, *self.limits]) or gettext("everything")
        return gettext("{name}: {value}").format(name=self.position, value=what)

    @property
    def limits(self) -> list[str]:
        """When it counts, in words; empty when it always does."""
        days = [str(WEEKDAYS[day][1]) for day in sorted(set(self.weekdays))]
        named = "" if len(days) in (0, len(WEEKDAYS)) else ", ".join(days)
        both = {"since": f"{self.hours_from:%H:%M}", "until": f"{self.hours_until:%H:%M}"} if self.hours_from and self.hours_until else {}
        hours = gettext("%(since)s to %(until)s") % both if both else ""
        return [f"{' '.join(filter(None, (named, hours)))} ({self.time_zone})"] if named or hours else []

    def clean(self) -> None:
        """Refuse half a pair of hours, in words a form can show beside the field."""
        if (self.hours_from is None) != (self.hours_until is None):
            missing = "hours_until" if self.hours_until is None else "hours_from"
            raise ValidationError({missing: _("Hours have a beginning and an end: give both or neither.")})
