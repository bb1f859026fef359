"""Technicians' notes as REST shows and takes them."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet

from devices.enums import FindingStatus
from devices.models import Device, NoteFinding, TechnicianNote
from sentinel_site.lib.crud import unknown
from sentinel_site.lib.instants import instant


def rows() -> QuerySet[TechnicianNote]:
    """Notes with what describing them needs."""
    findings = Prefetch("findings", NoteFinding.objects.order_by("pk"))
    return TechnicianNote.objects.select_related("device", "author").defer("device__password").prefetch_related(findings)


def find(*, device: str, only_open: bool) -> QuerySet[TechnicianNote]:
    """The notes about a device (its slug; "": all), or only those with something open."""
    found = rows().filter(device__slug=device) if device else rows()
    return found.filter(pk__in=NoteFinding.objects.filter(status=FindingStatus.OPEN).values("note")) if only_open else found


def new(*, text: str, device: str | None, place: str, written_at: datetime, by: User) -> TechnicianNote:
    """A note that is not stored yet. Raises a 422 Problem for an unknown device."""
    about = Device.objects.defer("password").filter(slug=device).first() if device is not None else None
    if about is None and device is not None:
        raise unknown(["device"], f"no device is called {device!r}; see /api/v1/devices")
    return TechnicianNote(text=text, device=about, place=place, written_at=written_at, author=by)


def describe(note: TechnicianNote) -> dict[str, Any]:
    """A note (of `rows`) as api.md shows it."""
    return {
        "id": str(note.pk), "device": note.device.slug if note.device else None, "place": note.place, "text": note.text,
        "author": note.author.get_username() if note.author else None, "written_at": instant(note.written_at),
        "archived_at": instant(note.archived_at), "findings": [_finding(each) for each in note.findings.all()],
    }  # fmt: skip


def _finding(finding: NoteFinding) -> dict[str, Any]:
    alert = str(finding.alert_id) if finding.alert_id else None
    return {"id": finding.pk, "kind": finding.kind, "words": finding.words, "status": finding.status, "alert": alert}
