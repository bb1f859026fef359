"""What became of each expected run, and what proves that backups can be restored."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from backups.enums import BackupVerdict, ReportedBy, Suspicion
from backups.models.job import ExpectedBackupJob
from sentinel_site.lib.ids import uuid7


class BackupEntry(models.Model):
    """One cycle of one job: what the agent reported, what was computed here, and the verdict. ``status`` is written by entries.py alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: that of one_entry_per_cycle begins with it.
    expected_job = models.ForeignKey(
        ExpectedBackupJob, verbose_name=_("expected job"), on_delete=models.CASCADE, related_name="entries", db_index=False
    )
    cycle_at = models.DateTimeField(
        _("cycle at"), help_text=_("When this run was expected. There is one entry for it, whatever is reported how often.")
    )
    status = models.CharField(_("status"), max_length=25, choices=BackupVerdict.choices)
    reported_by = models.CharField(_("reported by"), max_length=8, choices=ReportedBy.choices)
    message = models.CharField(_("message"), max_length=500, blank=True)
    was_missing = models.BooleanField(_("was missing"), default=False, help_text=_("It was missing before it was reported after all."))
    report_key = models.CharField(
        max_length=120, blank=True, help_text="Identity of the report that decided: seen again it changes nothing."
    )
    earlier_keys = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, editable=False, help_text="Identities of reports that decide no more."
    )
    reported_at = models.DateTimeField(_("reported at"), null=True, help_text=_("When the run ended, as the report that decided says."))
    reports = models.PositiveIntegerField(_("reports"), default=0, help_text=_("How many reports were about it."))
    size_bytes = models.BigIntegerField(null=True, help_text="What is compared with the job's own history.")
    duration_seconds = models.FloatField(_("duration seconds"), null=True)
    suspicions = ArrayField(models.CharField(max_length=16, choices=Suspicion.choices), default=list, blank=True)
    evidence = models.JSONField(default=dict, blank=True, help_text="What was looked at: archive test, usual size and duration.")
    stored_path = models.CharField(_("stored path"), max_length=1000, blank=True, help_text=_("Below the storage root."))

    agent_report_timestamp_utc = models.DateTimeField(_("agent report timestamp utc"), null=True)
    agent_id = models.CharField(_("agent id"), max_length=120, blank=True)
    agent_overall_status = models.CharField(_("agent overall status"), max_length=40, blank=True)
    agent_reported_hash_sha256 = models.CharField(_("agent reported hash sha256"), max_length=64, blank=True)
    agent_reported_size_bytes = models.BigIntegerField(_("agent reported size bytes"), null=True)
    agent_compress_size_pre_compress = models.BigIntegerField(_("agent compress size pre compress"), null=True)
    agent_compress_size_post_compress = models.BigIntegerField(_("agent compress size post compress"), null=True)
    agent_transfer_process_status = models.BooleanField(_("agent transfer process status"), null=True)
    agent_transfer_process_start_time = models.DateTimeField(_("agent transfer process start time"), null=True)
    agent_transfer_process_timestamp = models.DateTimeField(_("agent transfer process timestamp"), null=True)
    agent_transfer_error_message = models.CharField(_("agent transfer error message"), max_length=1000, blank=True)
    agent_staged_file_name = models.CharField(_("agent staged file name"), max_length=500, blank=True)
    agent_logs_summary = models.TextField(_("agent logs summary"), blank=True)
    agent_stages = models.JSONField(default=dict, blank=True, help_text="BACKUP, COMPRESS and TRANSFER as they were reported.")
    operation_log_file_name = models.CharField(_("operation log file name"), max_length=300, blank=True)
    server_calculated_staged_hash = models.CharField(_("server calculated staged hash"), max_length=64, blank=True)
    server_calculated_staged_size = models.BigIntegerField(_("server calculated staged size"), null=True)
    previous_successful_hash_global = models.CharField(_("previous successful hash global"), max_length=64, blank=True)
    hash_comparison_result = models.BooleanField(
        _("hash comparison result"), null=True, help_text=_("Whether the content differs from the last success.")
    )
    alert = models.ForeignKey("alerts.Alert", null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("backup entry")
        ordering = ["-cycle_at", "-id"]
        verbose_name_plural = _("backup entries")
        constraints = [models.UniqueConstraint(fields=["expected_job", "cycle_at"], name="one_entry_per_cycle")]
        indexes = [
            # Most are good: who looks for those finds them by the primary key at once, and each night's are not written twice.
            models.Index(fields=["status", "-id"], name="entry_bad", condition=~models.Q(status=BackupVerdict.SUCCESS)),
            models.Index(fields=["stored_path"], name="entry_stored", condition=~models.Q(stored_path="")),
            models.Index(fields=["alert"], name="entry_alert", condition=models.Q(alert__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.expected_job}, {self.cycle_at:%Y-%m-%d %H:%M}"


class RestoreProof(models.Model):
    """Somebody, or a script, restored a backup and says how it went."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(
        ExpectedBackupJob,
        verbose_name=_("job"),
        on_delete=models.CASCADE,
        related_name="restore_proofs",
        help_text=_("Which backup was restored."),
    )
    entry = models.ForeignKey(BackupEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="restore_proofs")
    restored_at = models.DateTimeField(_("restored at"), help_text=_("When it was tried."))
    succeeded = models.BooleanField(_("succeeded"), help_text=_("Whether the data was there and could be used."))
    detail = models.TextField(
        _("detail"), blank=True, max_length=10_000, help_text=_("Where it was restored, how long it took, what was checked.")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("restore proof")
        verbose_name_plural = _("restore proofs")
        ordering = ["-restored_at"]

    def __str__(self) -> str:
        return f"{self.job}, {self.restored_at:%Y-%m-%d}"
