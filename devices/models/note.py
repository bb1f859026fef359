"""Technicians' notes, and what was found in them."""

from django.conf import settings
from django.db import models

from devices.enums import FindingStatus, NoteKind
from devices.models.device import Device
from sentinel_site.lib.ids import uuid7


class TechnicianNote(models.Model):
    """What a technician wrote about a device or a place: free text, scanned once for complaints."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(Device, null=True, blank=True, on_delete=models.SET_NULL, related_name="notes")
    place = models.CharField(max_length=200, blank=True)
    text = models.TextField(max_length=10_000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+")
    written_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:60]


class NoteFinding(models.Model):
    """One kind of trouble found in one note. It has one alert."""

    note = models.ForeignKey(TechnicianNote, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=12, choices=NoteKind.choices)
    words = models.CharField(max_length=200, help_text="The words it was found by.")
    status = models.CharField(max_length=10, choices=FindingStatus.choices, default=FindingStatus.OPEN)
    alert = models.ForeignKey("alerts.Alert", null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="+")

    class Meta:
        ordering = ["-note", "kind"]
        constraints = [models.UniqueConstraint(fields=["note", "kind"], name="one_finding_per_note_and_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"
