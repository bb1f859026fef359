"""Scans, and what they found that could not be used."""

from django.db import models

from sentinel_site.lib.ids import uuid7


class Scan(models.Model):
    """One look at the agents' folders."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trigger = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict, help_text="what, done, of")
    counts = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S}"


class QuarantinedReport(models.Model):
    """A report that could not be read. The file was moved, never deleted; nothing of it is lost."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.CharField(max_length=120)
    file_name = models.CharField(max_length=300)
    stored_name = models.CharField(max_length=400, help_text="Below the quarantine folder.")
    reason = models.CharField(max_length=500)
    excerpt = models.TextField(blank=True)
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name


class UnexpectedDatabase(models.Model):
    """An agent reports a database that no job expects."""

    agent = models.CharField(max_length=120)
    database_name = models.CharField(max_length=120)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    reports = models.PositiveIntegerField(default=1)
    document = models.JSONField(default=dict, help_text="What the newest report says of it.")
    ignored = models.BooleanField(default=False)

    class Meta:
        ordering = ["-last_seen_at"]
        constraints = [models.UniqueConstraint(fields=["agent", "database_name"], name="unexpected_once")]

    def __str__(self) -> str:
        return f"{self.agent} / {self.database_name}"
