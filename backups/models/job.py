"""Which backups are expected, when, and how they are."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from alerts.enums import Severity
from backups.enums import BackupStatus, Frequency, ReportedBy
from sentinel_site.lib import cron
from sentinel_site.lib.ids import uuid7
from sentinel_site.lib.stored_paths import check_template
from sentinel_site.lib.zones import check_zone

DEFAULT_TEMPLATE = "{company}/{city}/{year}/{database}/{filename}"
check_slug = RegexValidator(r"^[a-z0-9_-]+\Z", _("Use small letters, digits, - and _ only."))


class PingKey(models.Model):
    """A secret in the addresses ``/ping/<key>/<slug>`` and ``/p/<key>/<monitor>``: whoever has it may ping every job by its slug."""

    name = models.CharField(
        _("name"), max_length=80, unique=True, help_text=_("Who has it, so that you know later which one to take back.")
    )
    # An address is the credential here, as its clients can hold nothing else: digest to find it, no way back.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=8, editable=False)
    may_create = models.BooleanField(
        _("may create"), default=True, help_text=_("A ping with ?create=1 to an unknown slug makes an expected job.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("ping key")
        verbose_name_plural = _("ping keys")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ExpectedBackupJob(models.Model):
    """One backup that is expected again and again. ``current_status`` and the instants below it are written by entries.py alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    database_name = models.CharField(
        _("database name"), max_length=120, help_text=_("As the agent's reports name it, or any name for what is pinged.")
    )
    agent_id_responsible = models.CharField(
        _("agent"), max_length=120, blank=True, help_text=_("COMPANY_CITY_NEIGHBORHOOD, as its folder is called.")
    )
    company_name = models.CharField(
        _("company"),
        max_length=120,
        blank=True,
        help_text=_("As the agent's reports name it; part of the path of the store. May be empty."),
    )
    city = models.CharField(
        _("city"), max_length=120, blank=True, help_text=_("Where it is, for lists and the path of the store. May be empty.")
    )
    neighborhood = models.CharField(
        _("neighborhood"), max_length=120, blank=True, help_text=_("Tells two places of one city apart. May be empty.")
    )
    backup_frequency = models.CharField(
        _("frequency"),
        max_length=8,
        choices=Frequency.choices,
        default=Frequency.DAILY,
        help_text=_("How often one must come. The fields beside it that do not belong to it do not count."),
    )
    expected_hour_utc = models.PositiveSmallIntegerField(
        _("hour"), default=0, validators=[MaxValueValidator(23)], help_text=_("0 to 23, by the clock of its own zone.")
    )
    expected_minute_utc = models.PositiveSmallIntegerField(
        _("minute"), default=0, validators=[MaxValueValidator(59)], help_text=_("Of that hour; of an hourly backup, of every hour.")
    )
    timezone = models.CharField(
        _("timezone"), max_length=64, default="UTC", validators=[check_zone], help_text=_("Of hour and minute, or of the cron expression.")
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)]), verbose_name=_("weekdays"), default=list, blank=True,
        help_text=_("0 is Monday. Empty: every day; for a weekly backup: Monday."),
    )  # fmt: skip
    day_of_month = models.PositiveSmallIntegerField(
        _("day of month"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("Of a monthly backup; in shorter months their last day."),
    )
    once_on = models.DateField(_("once on"), null=True, blank=True, help_text=_("The day of a backup that is expected once."))
    cron = models.CharField(
        _("cron expression"),
        max_length=120,
        blank=True,
        validators=[cron.validate],
        help_text=_(
            "Minute, hour, day of month, month, weekday: 30 2 * * 1-5 is at 2:30, Monday to Friday. Counts with “Cron expression” only."
        ),
    )
    period_seconds = models.PositiveIntegerField(
        _("period seconds"),
        null=True,
        blank=True,
        help_text=_("Pinged at any time, but never later than so long after the last ping. Instead of a time of day."),
    )
    grace_minutes = models.PositiveIntegerField(
        _("grace minutes"),
        default=60,
        validators=[MaxValueValidator(60 * 24 * 31)],
        help_text=_("In minutes: so long after its time it counts as missing. 60 is an hour."),
    )
    final_storage_path_template = models.CharField(
        _("stored as"), max_length=300, default=DEFAULT_TEMPLATE, blank=True, validators=[check_template],
        help_text=_("Below the store. Empty: a verified backup stays where its agent put it, and is not copied."),
    )  # fmt: skip
    change_expected = models.BooleanField(
        _("change expected"), default=False, help_text=_("Content that did not change since the last success is an alert.")
    )
    restore_proof_days = models.PositiveSmallIntegerField(
        _("restore proof days"),
        null=True,
        blank=True,
        help_text=_("In days: a restore must be proved at least so often. Empty: no proof is asked for."),
    )
    email_for_notifications = models.EmailField(
        _("email for notifications"), blank=True, help_text=_("Told by mail as well, besides whom the alert's policy tells.")
    )
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity.choices, default=Severity.HIGH, help_text=_("Of its alerts.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Off: nothing is expected, and nobody is told that nothing came.")
    )
    reported_by = models.CharField(
        _("reported by"), max_length=8, choices=ReportedBy.choices, default=ReportedBy.AGENT, help_text=_("How it is mostly reported.")
    )
    slug = models.CharField(
        _("slug"), max_length=100, blank=True, validators=[check_slug], help_text=_("For pings by name. Empty: only by its own address.")
    )
    ping_id = models.UUIDField(unique=True, default=uuid4, editable=False)
    badge_id = models.UUIDField(unique=True, default=uuid4, editable=False)
    post_only = models.BooleanField(_("post only"), default=False, help_text=_("Pings by GET and HEAD are ignored."))
    manual_resume = models.BooleanField(
        _("manual resume"), default=False, help_text=_("While it is not active, a ping does not make it active again.")
    )

    current_status = models.CharField(
        _("current status"), max_length=25, choices=BackupStatus.choices, default=BackupStatus.UNKNOWN, editable=False
    )
    next_expected_at = models.DateTimeField(null=True, editable=False)
    overdue_at = models.DateTimeField(null=True, editable=False, help_text="When it is missing if nothing is reported until then.")
    last_cycle_at = models.DateTimeField(null=True, editable=False, help_text="The newest expected run that is decided.")
    started_at = models.DateTimeField(null=True, editable=False, help_text="A start was pinged, and no end.")
    started_rid = models.UUIDField(null=True, editable=False)
    last_checked_at_utc = models.DateTimeField(null=True, editable=False)
    last_successful_backup_utc = models.DateTimeField(null=True, editable=False)
    last_failed_backup_utc = models.DateTimeField(null=True, editable=False)
    previous_successful_hash_global = models.CharField(max_length=64, blank=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("expected backup job")
        verbose_name_plural = _("expected backup jobs")
        ordering = ["company_name", "city", "database_name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "company_name", "city", "neighborhood", "agent_id_responsible", "database_name",
                    "expected_hour_utc", "expected_minute_utc",
                ],
                name="backup_job_once",
                condition=Q(period_seconds__isnull=True) & ~Q(backup_frequency="cron"),
                violation_error_code="unique",
                violation_error_message=_("This backup is expected already, at the same time."),
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=~Q(slug=""), name="backup_job_slug", violation_error_code="unique",
                violation_error_message=_("Another backup has this slug."),
            ),
            models.CheckConstraint(
                condition=~Q(backup_frequency="cron", cron="") & ~Q(backup_frequency="once", once_on__isnull=True),
                name="backup_job_time_whole",
                violation_error_message=_("A cron backup needs its expression, one that is expected once its day."),
            ),
        ]  # fmt: skip
        indexes = [
            # BRIN: every report moves this instant, and a row's other indexes need not be written where none but this one changes.
            BrinIndex(
                fields=["overdue_at"],
                name="backup_overdue",
                condition=Q(is_active=True, overdue_at__isnull=False),
                pages_per_range=4,
                autosummarize=True,
            ),
            models.Index(fields=["agent_id_responsible"], name="backup_agent"),
            models.Index(Lower("agent_id_responsible"), name="backup_agent_small"),
        ]

    def __str__(self) -> str:
        return " / ".join(part for part in (self.company_name, self.city, self.neighborhood, self.database_name) if part)

    def clean(self) -> None:
        """Raise ValidationError, by field, for what could never be met."""
        wrong: dict[str, Any] = {}
        if self.backup_frequency == Frequency.CRON and not self.cron:
            wrong["cron"] = _("Write a cron expression, for example 30 2 * * 1-5, or choose another frequency.")
        if self.backup_frequency == Frequency.ONCE and self.once_on is None:
            wrong["once_on"] = _("Write the day on which it is expected, or choose another frequency.")
        if self.restore_proof_days == 0:
            wrong["restore_proof_days"] = _("Write at least 1 day, or leave it empty when no proof is asked for.")
        agent = self.agent_id_responsible
        if self.reported_by == ReportedBy.AGENT and ("/" in agent or agent.startswith(".")):
            wrong["agent_id_responsible"] = _(
                "Write the name of its folder alone, for example ACME_PARIS_NORTH: no slash, and no dot at its beginning. "
                "An agent without a folder is reported by REST."
            )
        if wrong:
            raise ValidationError(wrong)
