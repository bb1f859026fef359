"""Silences, what they held back, and the maintenance windows that make them ahead."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alerts.enums import SILENCE_LONGEST, SilenceOrigin
from alerts.models.alert import Alert
from alerts.models.suppression import MATCHERS_HELP, check_matchers
from sentinel_site.lib import recurring
from sentinel_site.lib.ids import uuid7
from sentinel_site.lib.zones import check_zone, site_time_zone

MINUTES_LONGEST = SILENCE_LONGEST // timedelta(minutes=1)


class MaintenanceWindow(models.Model):
    """Work that recurs. Its running and its next occurrence are silences of their own, made ahead (windows.py)."""

    name = models.CharField(_("name"), unique=True, max_length=120)
    matchers = ArrayField(
        models.CharField(max_length=500), verbose_name=_("matchers"), validators=[check_matchers], help_text=MATCHERS_HELP
    )
    reason = models.CharField(_("reason"), max_length=1000, help_text=_("Shown on every alert it holds back."))
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default=site_time_zone,
        validators=[check_zone],
        help_text=_("Whose clocks: an IANA name, for example Europe/Paris."),
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name=_("weekdays"),
        default=list,
        blank=True,
        help_text=_("0 is Monday. None: every day."),
    )
    begins = models.TimeField(_("begins"), null=True, blank=True, help_text=_("By the clock of the time zone, to the minute."))
    cron = models.CharField(
        _("cron"), max_length=100, blank=True, help_text=_("Instead of weekdays and a time: minute, hour, day of month, month, weekday.")
    )
    duration_minutes = models.PositiveIntegerField(_("duration minutes"),
        validators=[MinValueValidator(1), MaxValueValidator(MINUTES_LONGEST)],
        help_text=_("How long it lasts, whatever the clocks do meanwhile; 10080 (7 days) at the most."),
    )  # fmt: skip
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: it silences nothing, and what it silences now is told."))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance windows")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def lasts(self) -> timedelta:
        """How long one occurrence is."""
        return timedelta(minutes=self.duration_minutes)

    @property
    def expression(self) -> str:
        """When it begins, as cron says it."""
        return self.cron or (recurring.expression(self.weekdays, self.begins) if self.begins else "")

    def clean(self) -> None:
        """Raises ValidationError unless it begins at some time, one way, and ends before it begins again."""
        if bool(self.cron) == (self.begins is not None):
            raise ValidationError({"begins": _("Say when it begins: either a time (with or without weekdays), or a cron expression.")})
        if self.cron and self.weekdays:
            raise ValidationError({"weekdays": _("The weekdays stand in the cron expression; leave these empty.")})
        if any(day not in range(7) for day in self.weekdays):
            raise ValidationError({"weekdays": _("Weekdays are 0 (Monday) to 6 (Sunday).")})
        if self.begins and (self.begins.second or self.begins.microsecond):
            raise ValidationError({"begins": _("It begins at a full minute.")})
        if self.duration_minutes in range(1, MINUTES_LONGEST + 1):
            self._check_recurrence()

    def _check_recurrence(self) -> None:
        try:
            check_zone(self.time_zone)
            recurring.check(self.expression, self.lasts, ZoneInfo(self.time_zone))
        except recurring.RecurringError as error:
            raise ValidationError({"cron" if self.cron else "duration_minutes": str(error)}) from None


class Silence(models.Model):
    """Nobody is told about alerts that match, from ``starts_at`` until ``ends_at``. Never holds for life-safety alerts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    matchers = ArrayField(
        models.CharField(max_length=500), verbose_name=_("matchers"), validators=[check_matchers], help_text=MATCHERS_HELP
    )
    reason = models.CharField(_("reason"), max_length=1000, help_text=_("Shown on every alert it holds back."))
    starts_at = models.DateTimeField(
        _("starts at"), help_text=_("From then on it holds back; the 7 days, and the 8 hours for a P1, count from here.")
    )
    ends_at = models.DateTimeField(_("ends at"), help_text=_("Whatever is still open then is told."))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=150, blank=True, editable=False, help_text="As another program names who made it.")
    origin = models.CharField(_("origin"), max_length=16, choices=SilenceOrigin.choices, default=SilenceOrigin.PERSON, editable=False)
    window = models.ForeignKey(
        MaintenanceWindow,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="occurrences",
        verbose_name=_("maintenance window"),
    )
    occurrence_at = models.DateTimeField(null=True, editable=False, help_text="When the window lets it begin, whenever it was ended.")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    digested_at = models.DateTimeField(null=True, editable=False, help_text="When its author was told what it had held back.")

    class Meta:
        verbose_name = _("silence")
        ordering = ["-ends_at", "id"]
        indexes = [models.Index(fields=["ends_at"], condition=Q(digested_at=None), name="silence_undigested")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="silence_ends_after_it_starts",
                violation_error_message=_("A silence ends after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + SILENCE_LONGEST), name="silence_lasts_a_week_at_most",
                violation_error_message=_(
                    "A silence lasts at most 7 days (168 hours). Renew it, or use an inhibition for what is always so."
                ),
            ),
            models.UniqueConstraint(fields=["window", "occurrence_at"], name="silence_occurrence_once"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{', '.join(self.matchers)} ({self.reason})"

    @property
    def hits(self) -> int:
        """How many alerts it has held back so far; a list annotates ``held`` to spare a query for each."""
        known: int | None = self.__dict__.get("held")
        return self.holds.count() if known is None else known


class SilenceHold(models.Model):
    """A silence has held an alert back, first at ``held_at``."""

    silence = models.ForeignKey(Silence, on_delete=models.CASCADE, related_name="holds", db_index=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="silence_holds")
    held_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["silence", "alert"], name="silence_hold_once")]

    def __str__(self) -> str:
        return f"{self.silence_id} {self.alert_id}"
