"""Rules on what devices measure, how far each got, and when each held."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alerts.enums import Severity
from devices.enums import Closing, Comparison, RulePhase
from devices.models.device import Device
from sentinel_site.lib.ids import uuid7

DAY_SECONDS = 86_400
WEEKDAYS = 7


class AlertRule(models.Model):
    """Raises an alert when a metric stays beyond a threshold, and resolves it when the metric came back."""

    device = models.ForeignKey(
        Device,
        verbose_name=_("device"),
        on_delete=models.CASCADE,
        related_name="rules",
        help_text=_("Whose measurements it looks at. A rule stays with its device."),
    )
    name = models.CharField(_("name"), max_length=120)
    metric = models.CharField(
        _("metric"), max_length=40, default="lp", help_text=_("As in the device's frames: lp, leq, lmax, humidity, temperature, …")
    )
    aggregate = models.CharField(_("aggregate"),
        max_length=20, blank=True,
        help_text=_("Over the last so many seconds: leq:300 the mean by energy, l10:300 the L10, rate:60 the change. Empty: each value."),
    )  # fmt: skip
    comparison = models.CharField(
        _("comparison"),
        max_length=5,
        choices=Comparison.choices,
        default=Comparison.ABOVE,
        help_text=_("On which side of the threshold it is trouble."),
    )
    threshold = models.FloatField(
        _("threshold"), help_text=_("In the metric's own unit: dB for sound, % for humidity, °C for temperature. For example 85.")
    )
    sustained_seconds = models.PositiveIntegerField(_("sustained seconds"),
        default=2, validators=[MaxValueValidator(DAY_SECONDS)],
        help_text=_("So long beyond the threshold before it is an alert, and so long back before it ends."),
    )  # fmt: skip
    hysteresis = models.FloatField(_("hysteresis"),
        default=3.0, validators=[MinValueValidator(0.0)], help_text=_("How far back behind the threshold the value must come to end it.")
    )  # fmt: skip
    cooldown_seconds = models.PositiveIntegerField(
        _("cool-down (seconds)"), default=300, validators=[MaxValueValidator(DAY_SECONDS)],
        help_text=_("No new alert so long after the last one ended."),
    )  # fmt: skip
    window_from = models.TimeField(
        _("window from"), null=True, blank=True, help_text=_("Only from this time of day, in the device's zone. Empty: always.")
    )
    window_until = models.TimeField(
        _("window until"), null=True, blank=True, help_text=_("Until this time; earlier than the start: over midnight.")
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MaxValueValidator(WEEKDAYS - 1)]), verbose_name=_("weekdays"), default=list,
        blank=True, help_text=_("0 is Monday. Empty: every day. A window over midnight belongs to the day it begins on."),
    )  # fmt: skip
    severity = models.CharField(
        _("severity"),
        max_length=10,
        choices=Severity.choices,
        default=Severity.HIGH,
        help_text=_("Of its alerts; routes and the source make a priority of it."),
    )
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: it raises nothing; an alert of it that is open ends."))
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Raised by every change; an open event belongs to one version."
    )

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ["device", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["device", "name"], name="rule_name_per_device"),
            models.CheckConstraint(
                condition=Q(window_from__isnull=True, window_until__isnull=True) | Q(window_from__isnull=False, window_until__isnull=False),
                name="rule_window_whole", violation_error_message=_("Give both the start and the end of the hours, or neither."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class RuleState(models.Model):
    """How far a rule got: written at every change of phase, so that a monitor that is killed begins where it was."""

    rule = models.OneToOneField(AlertRule, primary_key=True, on_delete=models.CASCADE, related_name="state")
    version = models.PositiveIntegerField()
    phase = models.CharField(max_length=8, choices=RulePhase.choices, default=RulePhase.QUIET)
    document = models.JSONField(default=dict, help_text="The state of the pure step function (rules.py).")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.phase}"


class RuleEvent(models.Model):
    """From an onset to its clear. ``rule_document`` keeps the rule as it was then; the rule itself may be gone since."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, verbose_name=_("device"), on_delete=models.CASCADE, related_name="rule_events")
    rule = models.ForeignKey(AlertRule, null=True, on_delete=models.SET_NULL, related_name="events")
    rule_document = models.JSONField()
    metric = models.CharField(_("metric"), max_length=40)
    onset_at = models.DateTimeField(_("onset at"))
    value = models.FloatField(_("value"), help_text=_("What was measured at the onset."))
    peak = models.FloatField(_("peak"), help_text=_("The worst since."))
    clear_at = models.DateTimeField(_("clear at"), null=True)
    closing = models.CharField(_("closing"), max_length=8, choices=Closing.choices, blank=True)
    alert = models.ForeignKey("alerts.Alert", null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="+")

    class Meta:
        verbose_name = _("rule event")
        verbose_name_plural = _("rule events")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rule"], condition=Q(clear_at__isnull=True), name="one_open_event_per_rule"),
            models.UniqueConstraint(fields=["rule", "onset_at"], name="one_event_per_onset"),
            models.CheckConstraint(
                condition=Q(clear_at__isnull=True, closing="") | (Q(clear_at__isnull=False) & ~Q(closing="")),
                name="event_closed_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["device", "-onset_at"], name="event_device_onset")]

    def __str__(self) -> str:
        return f"{self.rule_document.get('name', '')} {self.onset_at:%Y-%m-%d %H:%M:%S}"
