"""Replays that somebody asked for: the question, how far it is, and the answer."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext

from alerts.enums import ReplayState
from sentinel_site.lib.ids import uuid7


class Replay(models.Model):
    """A stretch of the past, replayed against the configuration of the day it was asked. Written by replays.py alone.

    With ``changes`` it is replayed twice, as things are and as they would be, and the answer is where the two part (comparing.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    since = models.DateTimeField()
    until = models.DateTimeField()
    source = models.CharField(max_length=60, blank=True, help_text="The slug of one source; empty: all of them.")
    as_now = models.BooleanField(default=False, help_text="As if every report came when this was asked.")
    changes = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ReplayState.choices, default=ReplayState.QUEUED)
    done = models.PositiveIntegerField(default=0, help_text="Reports replayed so far.")
    total = models.PositiveIntegerField(default=0)
    answer = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        what = self.source or gettext("everything")
        span = {"since": f"{self.since:%Y-%m-%d %H:%M}", "until": f"{self.until:%Y-%m-%d %H:%M}"}
        return gettext("%(what)s from %(since)s to %(until)s UTC") % {"what": what, **span}
