"""REST of technicians' notes: write, read, archive, and resolve what was found in them. Mounted under /api/v1/notes by the composition."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field, StringConstraints

from devices import note_shapes, noting
from devices.enums import FindingStatus, NoteKind
from devices.models import NoteFinding
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW, ADD, CHANGE = "devices.view_techniciannote", "devices.add_techniciannote", "devices.change_techniciannote"
RESOLVE = "devices.change_notefinding"


class NoteForm(BaseModel):
    """A note about a device (by its slug), or about a place. ``written_at`` is now when it is left out."""

    model_config = STRICT

    text: Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True)]
    device: Annotated[str, StringConstraints(max_length=60)] | None = None
    place: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    written_at: Moment | None = None


class Remark(BaseModel):
    """Why it is over."""

    model_config = STRICT

    note: Annotated[str, StringConstraints(max_length=1000)] = ""


class NoteFindingShape(BaseModel):
    """One kind of trouble that a note complains of, with its alert."""

    id: int
    kind: NoteKind
    words: str
    status: FindingStatus
    alert: UUID | None


class NoteShape(BaseModel):
    """A note, and what was found in it."""

    id: UUID
    device: str | None
    place: str
    text: str
    author: str | None
    written_at: str
    archived_at: str | None
    findings: list[NoteFindingShape]


class NotePage(BaseModel):
    """A page of notes."""

    items: list[NoteShape]
    next: str | None


class Filters(BaseModel):
    """Which notes."""

    device: Annotated[str, Field(max_length=60, description="The slug of a device.")] = ""
    open: Annotated[bool, Field(description="Only notes with a finding that is still open.")] = False


@router.get("", response=NotePage)
def list_notes(request: HttpRequest, filters: Query[Filters], page_: Query[Page]) -> HttpResponse:
    """Notes, the newest first."""
    require(request, VIEW)
    found = note_shapes.find(device=filters.device, only_open=filters.open)
    return json_answer(page(found, page_, note_shapes.describe, order=("-id",)))


@router.post("", response={201: NoteShape})
def write_note(request: HttpRequest, body: NoteForm) -> HttpResponse:
    """Write a note. It is scanned at once: each kind of trouble in it raises an alert, and what it calls repaired ends."""
    by = require(request, ADD)
    at = timezone.now()
    note = note_shapes.new(text=body.text, device=body.device, place=body.place, written_at=body.written_at or at, by=by)
    noting.keep(note, by=by, at=at)
    return _answer(note.pk, status=201)


@router.get("/{uuid:note_id}", response=NoteShape)
def read_note(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """One note."""
    require(request, VIEW)
    return _answer(note_id)


@router.post("/{uuid:note_id}/archive", response=NoteShape)
def archive_note(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Put a note away: what is open of it is archived, and its alerts are resolved."""
    by = require(request, CHANGE)
    noting.archive(note_shapes.rows().get(pk=note_id), by=by, at=timezone.now())
    return _answer(note_id)


@router.post("/findings/{int:finding_id}/resolve", response=NoteShape)
def resolve_finding(request: HttpRequest, finding_id: Annotated[int, Field(ge=0, lt=2**63)], body: Remark) -> HttpResponse:
    """It is over: the finding and its alert are resolved. Answers with the note."""
    by = require(request, RESOLVE)
    finding = NoteFinding.objects.select_related("alert").get(pk=finding_id)
    noting.resolve(finding, by=by, at=timezone.now(), note=body.note)
    return _answer(finding.note_id)


def _answer(note_id: Any, *, status: int = 200) -> HttpResponse:
    return json_answer(note_shapes.describe(note_shapes.rows().get(pk=note_id)), status=status)
