"""Alerts that come and go again and again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alerts.models.source import Source
from sentinel_site.lib.ids import uuid7


class Flapping(models.Model):
    """One dedup key of a source flaps: it was told once, and its further alerts are held back until it is calm."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, verbose_name=_("source"), on_delete=models.CASCADE, related_name="+", db_index=False)
    dedup_key = models.CharField(_("dedup key"), max_length=300)
    # No relation: an alert may be forgotten before this is.
    alert_id = models.UUIDField(_("alert id"), help_text=_("The alert that told that it flaps."))
    title = models.CharField(_("title"), max_length=300)
    began_at = models.DateTimeField(_("began at"))
    opens = models.PositiveIntegerField(_("opens"), help_text=_("How often it was raised so far, from the first that counted on."))
    calm_at = models.DateTimeField(_("calm at"), help_text=_("When it counts as calm, if it is not raised again."))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("flapping")
        ordering = ["-id"]
        verbose_name_plural = _("flapping alerts")
        constraints = [models.UniqueConstraint(fields=["source", "dedup_key"], condition=Q(ended_at=None), name="flapping_once")]
        indexes = [models.Index(fields=["calm_at"], name="flapping_calm", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return self.title
