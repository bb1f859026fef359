"""Technicians' notes, and what was found in them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devices.enums import FindingStatus, NoteKind
from devices.models.device import Device
from sentinel_site.lib.ids import uuid7


class TechnicianNote(models.Model):
    """What a technician wrote about a device or a place: free text, scanned once for complaints."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(
        Device,
        verbose_name=_("device"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="notes",
        help_text=_("What it is about; empty: a place, named below."),
    )
    place = models.CharField(_("place"), max_length=200, blank=True, help_text=_("Where, when no device is named. For example “Quay 3”."))
    text = models.TextField(
        _("text"),
        max_length=10_000,
        help_text=_("In your own words. Trouble that is found in it (a cover, a cable, a tank) becomes an alert."),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    written_at = models.DateTimeField(_("written at"))
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("technician note")
        verbose_name_plural = _("technician notes")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:60]


class NoteFinding(models.Model):
    """One kind of trouble found in one note. It has one alert."""

    note = models.ForeignKey(TechnicianNote, verbose_name=_("note"), on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(_("kind"), max_length=12, choices=NoteKind.choices)
    words = models.CharField(_("words"), max_length=200, help_text=_("The words it was found by."))
    status = models.CharField(_("status"), max_length=10, choices=FindingStatus.choices, default=FindingStatus.OPEN)
    alert = models.ForeignKey(
        "alerts.Alert", verbose_name=_("alert"), null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="+"
    )

    class Meta:
        verbose_name = _("note finding")
        verbose_name_plural = _("note findings")
        ordering = ["-note", "kind"]
        constraints = [models.UniqueConstraint(fields=["note", "kind"], name="one_finding_per_note_and_kind")]

    def __str__(self) -> str:
        return gettext("{name}: {value}").format(name=self.get_kind_display(), value=self.words)
