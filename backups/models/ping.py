"""Pings as they came."""

from django.db import models

from backups.enums import PingKind
from backups.models.job import ExpectedBackupJob
from sentinel_site.lib.ids import uuid7


class Ping(models.Model):
    """One ping. Of a long body its head and its tail are kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(ExpectedBackupJob, on_delete=models.CASCADE, related_name="pings")
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=PingKind.choices)
    exit_status = models.PositiveSmallIntegerField(null=True)
    rid = models.UUIDField(null=True)
    duration_seconds = models.FloatField(null=True)
    method = models.CharField(max_length=8)
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    body_head = models.TextField(blank=True)
    body_tail = models.TextField(blank=True)
    body_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["job", "-id"], name="ping_job")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S}"
