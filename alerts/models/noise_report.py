"""Noise reports: how far one is, and what it says."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext

from alerts.enums import ReplayState
from sentinel_site.lib.ids import uuid7


class NoiseReport(models.Model):
    """What was noise in a period, and what could be changed about it. Written by noise/making.py alone.

    ``by`` None: Sentinel's own, of the night.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    since = models.DateTimeField()
    until = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ReplayState.choices, default=ReplayState.QUEUED)
    done = models.PositiveIntegerField(default=0, help_text="Steps of the work done so far.")
    total = models.PositiveIntegerField(default=0)
    answer = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        span = {"since": f"{self.since:%Y-%m-%d}", "until": f"{self.until:%Y-%m-%d %H:%M}"}
        return gettext("noise from %(since)s to %(until)s UTC") % span
