"""Who may report, and what they reported."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alerts.enums import Severity, SourceKind, Verdict
from sentinel_site.lib.ids import uuid7

ATTRIBUTES = ("source", "type", "severity", "subject")
"""What a dedup key and a group may be built from, besides ``label.<name>``."""


def default_dedup_attributes() -> list[str]:
    """Source, type, severity and subject."""
    return list(ATTRIBUTES)


def default_group_attributes() -> list[str]:
    """Source and type."""
    return ["source", "type"]


class Source(models.Model):
    """Something that may report, and what Sentinel does with its reports."""

    slug = models.SlugField(
        _("slug"),
        unique=True,
        max_length=60,
        help_text=_("What programs know it by when they report; it stays once it is saved. For example camera-hall."),
    )
    name = models.CharField(_("name"), max_length=120, help_text=_("As people know it: it stands in messages."))
    kind = models.CharField(
        _("kind"),
        max_length=16,
        choices=SourceKind.choices,
        default=SourceKind.GENERIC,
        help_text=_("For lists and filters; it changes nothing of what is done."),
    )
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity.choices, default=Severity.MEDIUM, help_text=_("For reports that name none.")
    )
    life_safety = models.BooleanField(
        _("life safety"), default=False, help_text=_("Its alerts are told one by one and can never be silenced, grouped away or held back.")
    )
    dedup_attributes = ArrayField(
        models.CharField(max_length=80), verbose_name=_("dedup attributes"), default=default_dedup_attributes, blank=True,
        help_text=_("Reports that agree in all of these are one alert: source, type, severity, subject, label.<name>."),
    )  # fmt: skip
    group_attributes = ArrayField(
        models.CharField(max_length=80), verbose_name=_("group attributes"), default=default_group_attributes, blank=True,
        help_text=_("Alerts that agree in all of these are told together. Empty: never group."),
    )  # fmt: skip
    group_window_seconds = models.PositiveIntegerField(
        _("group window seconds"),
        default=300,
        help_text=_(
            "In seconds: what belongs together and comes within this time after the first alert is told together. 300 is 5 minutes."
        ),
    )
    group_max = models.PositiveSmallIntegerField(_("group max"), default=10, help_text=_("A group holds at most this many alerts."))
    flood_limit = models.PositiveIntegerField(_("flood limit"),
        default=200, validators=[MaxValueValidator(50_000)],
        help_text=_("More new alerts than this in 5 minutes are a flood: people get one alert that says so. 0: never."),
    )  # fmt: skip
    flap_opens = models.PositiveSmallIntegerField(
        _("flap opens"),
        default=5,
        help_text=_("It flaps when it is raised, and over again, so often within the window. 0: never. Told once, then held back."),
    )
    flap_calm_opens = models.PositiveSmallIntegerField(
        _("flap calm opens"),
        default=1,
        help_text=_("It is calm again when it was raised at most so often within the window; then its state is told."),
    )
    flap_window_seconds = models.PositiveIntegerField(
        _("flap window seconds"),
        default=1800,
        help_text=_("In seconds: over how long the two numbers beside it are counted. 1800 is half an hour."),
    )
    triage = models.BooleanField(_("triage"), default=False, help_text=_("Ask the AI for an opinion on reports with an image."))
    policy = models.ForeignKey(
        "alerts.EscalationPolicy", verbose_name=_("policy"), null=True, blank=True, on_delete=models.PROTECT, related_name="sources",
        help_text=_("Used when no route before the catch-all matches."),
    )  # fmt: skip
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: its reports are refused, with the reason."))

    class Meta:
        verbose_name = _("source")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(flap_opens=0) | Q(flap_opens__gte=2, flap_calm_opens__lt=F("flap_opens")), name="source_flaps_before_it_calms",
                violation_error_message=_("To flap takes two times at least, and more than to be calm. Write 0 to switch it off."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class Report(models.Model):
    """One message from outside, kept raw with what intake made of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Reports are many and their alert checks the same source: a constraint here would only be paid for twice at commit.
    source = models.ForeignKey(Source, verbose_name=_("source"), null=True, on_delete=models.SET_NULL, db_index=False, db_constraint=False)
    source_slug = models.CharField(_("source slug"), max_length=60, blank=True)
    received_at = models.DateTimeField(_("received at"))
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # Written with its alert, in the statement that made the alert or holds it: a constraint would lock each alert's row once more.
    alert = models.ForeignKey(
        "alerts.Alert", verbose_name=_("alert"), null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="reports"
    )
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reported by"),
        null=True,
        on_delete=models.SET_NULL,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    raw = models.JSONField()

    class Meta:
        verbose_name = _("report")
        ordering = ["-id"]
        indexes = [models.Index(fields=["source", "-id"], name="report_source", condition=models.Q(verdict="rejected"))]

    def __str__(self) -> str:
        return f"{self.source_slug} {self.received_at:%Y-%m-%d %H:%M:%S}"
