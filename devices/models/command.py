"""Commands to devices: the row is the queue entry, and stays as the record of who did what."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from devices.enums import COMMAND_OPEN, CommandStatus
from devices.models.device import Device
from sentinel_site.lib.ids import uuid7


class DeviceCommand(models.Model):
    """One command that somebody gave to a device. The monitor that has the device takes it before ``deadline_at``, or nobody does."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, verbose_name=_("device"), on_delete=models.CASCADE, related_name="commands")
    command = models.CharField(_("command"), max_length=40)
    arguments = models.JSONField(default=dict)
    status = models.CharField(_("status"), max_length=12, choices=CommandStatus.choices, default=CommandStatus.QUEUED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"))
    deadline_at = models.DateTimeField(help_text="Not sent any more after this.")
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    progress = models.JSONField(default=dict, help_text="what, done, of: how far a long command is.")
    reply = models.JSONField(null=True)
    code = models.CharField(_("code"), max_length=20, blank=True, help_text=_("The device's own result code."))
    error = models.CharField(_("error"), max_length=500, blank=True)
    key = models.CharField(max_length=200, blank=True, help_text="Idempotency-Key of who asked: with it, it is the same command.")

    class Meta:
        verbose_name = _("device command")
        verbose_name_plural = _("device commands")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["asked_by", "key"], condition=~Q(key=""), name="one_command_per_key")]
        indexes = [
            models.Index(fields=["device", "id"], name="command_open", condition=Q(status__in=COMMAND_OPEN)),
            models.Index(fields=["device", "-id"], name="command_device"),
        ]

    def __str__(self) -> str:
        return f"{self.command} ({self.get_status_display()})"
