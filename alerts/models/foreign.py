"""What another monitoring system says of its own alerts, beside the alerts that people handle."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alerts.models.source import Source
from sentinel_site.lib.ids import uuid7


class ForeignAlert(models.Model):
    """One activity that Prometheus, or whatever speaks like it, reports again and again until it is over. Written by foreign.py alone.

    The alert people handle has the same source and the dedup key ``am:<label_hash>``. A report that only says “still firing” changes
    this row and nothing else.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, verbose_name=_("source"), on_delete=models.CASCADE, related_name="+", db_index=False)
    label_hash = models.CharField(_("label hash"), max_length=16, help_text=_("Alertmanager's name for the label set."))
    labels = models.JSONField(_("labels"), default=dict)
    annotations = models.JSONField(_("annotations"), default=dict)
    generator_url = models.CharField(_("generator url"), max_length=2000, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), help_text=_("When it counts as over if it is not reported again."))
    timed_out = models.BooleanField(_("timed out"), default=True, help_text=_("The end is Sentinel's: the report named none."))
    ended_at = models.DateTimeField(_("ended at"), null=True, help_text=_("It is over since."))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("foreign alert")
        verbose_name_plural = _("foreign alerts")
        constraints = [models.UniqueConstraint(fields=["source", "label_hash"], name="foreign_once")]
        # BRIN: every re-send moves this instant, and a row's other indexes need not be written where none but this one changes.
        indexes = [
            BrinIndex(
                fields=["ends_at"], name="foreign_firing", condition=Q(ended_at__isnull=True), pages_per_range=4, autosummarize=True,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.labels.get('alertname', '')} {self.label_hash}"
