"""Who is on call: schedules, their rotations (layers), overrides, and the calendars that others may read."""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import dates, timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from notifications.enums import HolidayRule, RotationKind
from notifications.models.people import Recipient
from sentinel_site.lib.ids import uuid7
from sentinel_site.lib.zones import site_time_zone

WEEKDAYS = tuple(dates.WEEKDAYS.items())
"""(0, Monday) to (6, Sunday), in the reader's language."""
MAX_LENGTH = 366


class OnCallSchedule(models.Model):
    """A schedule that policies may name: whoever is on call when a step is taken is told. oncall.py says who that is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=site_time_zone, help_text=_("An IANA name, for example Europe/Paris.")
    )
    handoff_notices = models.BooleanField(
        _("hand-off notices"), default=True, help_text=_("Tell those who come on call and those who go off at every hand-off.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("on-call schedule")
        verbose_name_plural = _("on-call schedules")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Rotation(models.Model):
    """One layer of a schedule: members who take turns. The layer with the highest position wins."""

    schedule = models.ForeignKey(OnCallSchedule, on_delete=models.CASCADE, related_name="rotations")
    position = models.PositiveSmallIntegerField(
        _("position"), default=1, help_text=_("Where several layers count, the highest number wins.")
    )
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(
        _("unit"), max_length=10, choices=RotationKind.choices, default=RotationKind.WEEKLY,
        help_text=_("With working days, Friday's turn lasts over the weekend."),
    )  # fmt: skip
    length = models.PositiveSmallIntegerField(
        _("a turn lasts"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_LENGTH)],
        help_text=_("How many of the unit: 2 and weeks is every two weeks."),
    )  # fmt: skip
    handoff_time = models.TimeField(_("hand-off at"), default=time(9), help_text=_("In the schedule's time zone."))
    handoff_weekday = models.PositiveSmallIntegerField(_("hand-off on"), choices=WEEKDAYS, default=0, help_text=_("Counts for weeks only."))
    starts_on = models.DateField(_("starts on"), help_text=_("In force from the hand-off time of this day."))
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
    holiday_rule = models.CharField(
        _("public holidays"),
        max_length=8,
        choices=HolidayRule.choices,
        default=HolidayRule.ANY,
        help_text=_("What the layer does on public holidays of the country beside it."),
    )
    holiday_country = models.CharField(
        _("holiday country"),
        max_length=12,
        blank=True,
        help_text=_("Whose holidays: a country, or a country and a part of it: FR, CA-QC, DE-BY."),
    )

    class Meta:
        verbose_name = _("layer")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(length__gte=1, length__lte=MAX_LENGTH, handoff_weekday__lte=6), name="rotation_length",
                violation_error_message=format_lazy(
                    _("A turn lasts 1 to {most} units, and weekdays are 0 (Monday) to 6 (Sunday)."), most=MAX_LENGTH
                ),
            ),
            models.CheckConstraint(
                condition=Q(hours_from__isnull=True, hours_until__isnull=True) | Q(hours_from__isnull=False, hours_until__isnull=False),
                name="rotation_hours_both_or_none",
                violation_error_message=_("Hours have a beginning and an end: give both or neither."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse half a pair of hours and holidays without a country, in words a form can show beside the field."""
        if (self.hours_from is None) != (self.hours_until is None):
            missing = "hours_until" if self.hours_until is None else "hours_from"
            raise ValidationError({missing: _("Hours have a beginning and an end: give both or neither.")})
        if self.holiday_rule != HolidayRule.ANY and not self.holiday_country:
            raise ValidationError({"holiday_country": _("Say whose holidays: a country such as FR, or a part of one such as DE-BY.")})


class RotationMember(models.Model):
    """One person's place in a rotation."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="members")
    recipient = models.ForeignKey(
        Recipient,
        on_delete=models.PROTECT,
        related_name="rotation_places",
        help_text=_("Who takes a turn; drag the rows into their order."),
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="The lowest has the first turn.")

    class Meta:
        verbose_name = _("member")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return gettext("%(person)s in %(layer)s") % {"person": self.recipient, "layer": self.rotation}


class OnCallOverride(models.Model):
    """Somebody who is on call whatever the layers say. Where two meet, the one made later wins.

    ``uid`` is the event's in the calendar file it was imported from; empty: made by hand.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    schedule = models.ForeignKey(
        OnCallSchedule,
        verbose_name=pgettext_lazy("on call", "schedule"),
        on_delete=models.CASCADE,
        related_name="overrides",
        help_text=_("In which schedule somebody takes over."),
    )
    starts_at = models.DateTimeField(_("starts at"), help_text=_("From then on this person is on call, whatever the layers say."))
    ends_at = models.DateTimeField(_("ends at"), help_text=_("Then the layers count again."))
    recipient = models.ForeignKey(
        Recipient,
        verbose_name=_("recipient"),
        on_delete=models.PROTECT,
        related_name="overrides",
        help_text=_("Who is on call instead. Of two overrides at one time the one made later wins."),
    )
    uid = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("override")
        ordering = ["starts_at", "id"]
        indexes = [models.Index(fields=["schedule", "ends_at"], name="override_by_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="override_ends_after_start",
                violation_error_message=_("An override ends after it starts."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        begins, ends = timezone.localtime(self.starts_at), timezone.localtime(self.ends_at)
        span = {"since": f"{begins:%Y-%m-%d %H:%M}", "until": f"{ends:%Y-%m-%d %H:%M}"}
        return f"{self.recipient}, " + gettext("%(since)s to %(until)s") % span


class CalendarFeed(models.Model):
    """A secret address under which a calendar program reads one schedule, or one person's shifts in all of them.

    Only a digest of the token is stored: the address is shown once. Revoked for good by ``revoked_at``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    schedule = models.ForeignKey(
        OnCallSchedule,
        verbose_name=pgettext_lazy("on call", "schedule"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="feeds",
        help_text=_("Whose shifts it shows. Name a schedule or a person, not both."),
    )
    recipient = models.ForeignKey(
        Recipient,
        verbose_name=_("recipient"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="feeds",
        help_text=_("Whose own shifts, in all schedules, it shows."),
    )
    label = models.CharField(_("label"), max_length=80, blank=True, help_text=_("Who reads it, for example “wall screen”."))
    token_digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(schedule__isnull=False, recipient__isnull=True) | Q(schedule__isnull=True, recipient__isnull=False),
                name="calendar_feed_one_subject",
                violation_error_message=_("A calendar shows one schedule or one person: name exactly one."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("Calendar of %(whose)s") % {"whose": self.schedule or self.recipient}
