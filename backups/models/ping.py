"""Pings as they came."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backups.enums import PingKind
from backups.models.job import ExpectedBackupJob
from sentinel_site.lib.ids import uuid7


class Ping(models.Model):
    """One ping. Of a long body its head and its tail are kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(ExpectedBackupJob, verbose_name=_("job"), on_delete=models.CASCADE, related_name="pings")
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=8, choices=PingKind.choices)
    exit_status = models.PositiveSmallIntegerField(_("exit status"), null=True)
    rid = models.UUIDField(_("rid"), null=True)
    duration_seconds = models.FloatField(_("duration seconds"), null=True)
    method = models.CharField(pgettext_lazy("HTTP", "method"), max_length=8)
    address = models.CharField(_("address"), max_length=64, blank=True)
    agent = models.CharField(_("agent"), max_length=200, blank=True)
    body_head = models.TextField(_("body head"), blank=True)
    body_tail = models.TextField(_("body tail"), blank=True)
    body_bytes = models.PositiveBigIntegerField(_("body bytes"), default=0)

    class Meta:
        verbose_name = _("ping")
        ordering = ["-id"]
        indexes = [models.Index(fields=["job", "-id"], name="ping_job")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M:%S}"
