"""What became of each expected run, and what proves that backups can be restored."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from backups.enums import BackupVerdict, ReportedBy, Suspicion
from backups.models.job import ExpectedBackupJob
from sentinel_site.lib.ids import uuid7


class BackupEntry(models.Model):
    """One cycle of one job: what the agent reported, what was computed here, and the verdict. ``status`` is written by entries.py alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: that of one_entry_per_cycle begins with it.
    expected_job = models.ForeignKey(ExpectedBackupJob, on_delete=models.CASCADE, related_name="entries", db_index=False)
    cycle_at = models.DateTimeField(help_text="When this run was expected. There is one entry for it, whatever is reported how often.")
    status = models.CharField(max_length=25, choices=BackupVerdict.choices)
    reported_by = models.CharField(max_length=8, choices=ReportedBy.choices)
    message = models.CharField(max_length=500, blank=True)
    was_missing = models.BooleanField(default=False, help_text="It was missing before it was reported after all.")
    report_key = models.CharField(
        max_length=120, blank=True, help_text="Identity of the report that decided: seen again it changes nothing."
    )
    earlier_keys = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, editable=False, help_text="Identities of reports that decide no more."
    )
    reported_at = models.DateTimeField(null=True, help_text="When the run ended, as the report that decided says.")
    reports = models.PositiveIntegerField(default=0, help_text="How many reports were about it.")
    size_bytes = models.BigIntegerField(null=True, help_text="What is compared with the job's own history.")
    duration_seconds = models.FloatField(null=True)
    suspicions = ArrayField(models.CharField(max_length=16, choices=Suspicion.choices), default=list, blank=True)
    evidence = models.JSONField(default=dict, blank=True, help_text="What was looked at: archive test, usual size and duration.")
    stored_path = models.CharField(max_length=1000, blank=True, help_text="Below the storage root.")

    agent_report_timestamp_utc = models.DateTimeField(null=True)
    agent_id = models.CharField(max_length=120, blank=True)
    agent_overall_status = models.CharField(max_length=40, blank=True)
    agent_reported_hash_sha256 = models.CharField(max_length=64, blank=True)
    agent_reported_size_bytes = models.BigIntegerField(null=True)
    agent_compress_size_pre_compress = models.BigIntegerField(null=True)
    agent_compress_size_post_compress = models.BigIntegerField(null=True)
    agent_transfer_process_status = models.BooleanField(null=True)
    agent_transfer_process_start_time = models.DateTimeField(null=True)
    agent_transfer_process_timestamp = models.DateTimeField(null=True)
    agent_transfer_error_message = models.CharField(max_length=1000, blank=True)
    agent_staged_file_name = models.CharField(max_length=500, blank=True)
    agent_logs_summary = models.TextField(blank=True)
    agent_stages = models.JSONField(default=dict, blank=True, help_text="BACKUP, COMPRESS and TRANSFER as they were reported.")
    operation_log_file_name = models.CharField(max_length=300, blank=True)
    server_calculated_staged_hash = models.CharField(max_length=64, blank=True)
    server_calculated_staged_size = models.BigIntegerField(null=True)
    previous_successful_hash_global = models.CharField(max_length=64, blank=True)
    hash_comparison_result = models.BooleanField(null=True, help_text="Whether the content differs from the last success.")
    alert = models.ForeignKey("alerts.Alert", null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-cycle_at", "-id"]
        verbose_name_plural = "backup entries"
        constraints = [models.UniqueConstraint(fields=["expected_job", "cycle_at"], name="one_entry_per_cycle")]
        indexes = [
            models.Index(fields=["status", "-id"], name="entry_status"),
            models.Index(fields=["stored_path"], name="entry_stored", condition=~models.Q(stored_path="")),
            models.Index(fields=["alert"], name="entry_alert", condition=models.Q(alert__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.expected_job}, {self.cycle_at:%Y-%m-%d %H:%M}"


class RestoreProof(models.Model):
    """Somebody, or a script, restored a backup and says how it went."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(ExpectedBackupJob, on_delete=models.CASCADE, related_name="restore_proofs")
    entry = models.ForeignKey(BackupEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="restore_proofs")
    restored_at = models.DateTimeField()
    succeeded = models.BooleanField()
    detail = models.TextField(blank=True, max_length=10_000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-restored_at"]

    def __str__(self) -> str:
        return f"{self.job_id} {self.restored_at:%Y-%m-%d}"
