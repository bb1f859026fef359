"""Alerts that come and go again and again."""

from django.db import models
from django.db.models import Q

from alerts.models.source import Source
from sentinel_site.lib.ids import uuid7


class Flapping(models.Model):
    """One dedup key of a source flaps: it was told once, and its further alerts are held back until it is calm."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+", db_index=False)
    dedup_key = models.CharField(max_length=300)
    # No relation: an alert may be forgotten before this is.
    alert_id = models.UUIDField(help_text="The alert that told that it flaps.")
    title = models.CharField(max_length=300)
    began_at = models.DateTimeField()
    opens = models.PositiveIntegerField(help_text="How often it was raised so far, from the first that counted on.")
    calm_at = models.DateTimeField(help_text="When it counts as calm, if it is not raised again.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "flapping alerts"
        constraints = [models.UniqueConstraint(fields=["source", "dedup_key"], condition=Q(ended_at=None), name="flapping_once")]
        indexes = [models.Index(fields=["calm_at"], name="flapping_calm", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return self.title
