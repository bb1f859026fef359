"""Technicians' notes: keeping them, an alert for each kind of trouble that one complains of, and its end.

A later note about the same device or place that says it was repaired ends what earlier ones found. An alert that people resolve ends its
finding (receivers.py); resolving or archiving here resolves the alert. The alert comes first everywhere: locks are taken in that order.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic_core import to_json

from alerts import lifecycle, raising, tongues
from alerts.enums import Resolution
from alerts.errors import IllegalTransition
from alerts.models import Alert
from alerts.record import By, actor
from devices import notes, rule_texts
from devices.enums import FindingStatus, NoteKind
from devices.models import NoteFinding, TechnicianNote
from devices.notes import Found

SOURCE: Final = "notes"
TITLES: Final = {
    NoteKind.COVER: gettext_noop("Cover"), NoteKind.SUPPLY: gettext_noop("Power supply"), NoteKind.TANK: gettext_noop("Tank"),
    NoteKind.ENVIRONMENT: gettext_noop("Environment"),
}  # fmt: skip
MAX_TEXT: Final = 10_000
FUTURE: Final = timedelta(minutes=5)
ADMIN: Final = "admin/devices/techniciannote"


def keep(note: TechnicianNote, *, by: By, at: datetime) -> list[NoteFinding]:
    """Store a new ``note`` and raise its alerts; what it calls repaired ends. Returns its findings. One transaction.

    Raises ValidationError for a note without text, or from the future, and DatabaseError.
    """
    note.full_clean(exclude=["author"])
    if len(note.text) > MAX_TEXT:
        raise ValidationError({"text": f"is longer than {MAX_TEXT} letters; write several notes"})
    if note.written_at > at + FUTURE:
        raise ValidationError({"written_at": "lies in the future; set the clock of the device it was written on"})
    found = notes.scan(note.text)
    with transaction.atomic():
        note.save()
        complaints = [each for each in found if not each.repaired]
        findings = [NoteFinding.objects.create(note=note, kind=each.kind, words=each.words) for each in complaints]
        for each in found:
            if each.repaired:
                _repaired(note, each, by=by, at=at)
        for finding, each in zip(findings, complaints, strict=True):
            finding.alert_id = raising.raise_by([SOURCE], _report(note, each, by=by), at=at)
            finding.save(update_fields=["alert"])
    return findings


def resolve(finding: NoteFinding, *, by: By, at: datetime, note: str = "") -> None:
    """It is over: the finding and its alert are resolved. One that is resolved or archived stays as it is."""
    if finding.status == FindingStatus.OPEN:
        _close([finding], FindingStatus.RESOLVED, by=by, at=at, note=note)


def archive(note: TechnicianNote, *, by: By, at: datetime) -> None:
    """Put ``note`` away: what is open of it is archived, and its alerts are resolved. Once more changes nothing."""
    with transaction.atomic():
        if TechnicianNote.objects.filter(pk=note.pk, archived_at=None).update(archived_at=at):
            _close(open_of(note), FindingStatus.ARCHIVED, by=by, at=at, note=tongues.note(lambda: _("The note was archived.")))
    note.refresh_from_db()


def alert_closed(alert: Alert) -> None:
    """Somebody resolved the alert by another way. One that merely expired leaves its finding open."""
    if alert.resolution:
        NoteFinding.objects.filter(alert_id=alert.pk, status=FindingStatus.OPEN).update(status=FindingStatus.RESOLVED)


def open_of(note: TechnicianNote) -> QuerySet[NoteFinding]:
    """What is still open of ``note``."""
    return note.findings.filter(status=FindingStatus.OPEN).select_related("alert")


def place_of(note: TechnicianNote) -> str:
    """Where it is about, in words."""
    return note.place or (note.device.place or note.device.name if note.device else "")


def _repaired(note: TechnicianNote, said: Found, *, by: By, at: datetime) -> None:
    earlier = NoteFinding.objects.filter(status=FindingStatus.OPEN, kind=said.kind, note__written_at__lte=note.written_at)
    listed = earlier.exclude(note=note).select_related("note__device", "alert").order_by("pk")
    same = [finding for finding in listed if _is_same(finding.note, note)]
    _close(same, FindingStatus.RESOLVED, by=by, at=at, note=tongues.note(lambda: _("A later note says: %(words)s") % {"words": said.words}))


def _is_same(one: TechnicianNote, other: TechnicianNote) -> bool:
    """Whether both are about the same device, or where one names none, about the same place."""
    if one.device_id and other.device_id:
        return one.device_id == other.device_id
    places = [" ".join(notes.fold(place_of(each)).split()) for each in (one, other)]
    return bool(places[0]) and places[0] == places[1]


def _close(findings: Iterable[NoteFinding], to: FindingStatus, *, by: By, at: datetime, note: str) -> None:
    """Resolve the alerts, then write what became of the findings. Each is a transaction, unless the caller holds one."""
    for finding in findings:
        with transaction.atomic():
            if finding.alert is not None and finding.alert.is_open:
                _resolve(finding.alert, by=by, at=at, note=note)
            NoteFinding.objects.filter(pk=finding.pk).update(status=to)
            finding.status = to


def _resolve(alert: Alert, *, by: By, at: datetime, note: str) -> None:
    try:
        lifecycle.resolve(alert, by=by, at=at, resolution=Resolution.HANDLED, note=note)
    except IllegalTransition:
        return  # it expired meanwhile


def _report(note: TechnicianNote, said: Found, *, by: By) -> dict[str, Any]:
    place = place_of(note)
    who = actor(by).name
    labels = {"kind": said.kind.value, "place": place, "device": note.device.slug if note.device else ""}
    raw = {"note": str(note.pk), "kind": said.kind, "words": said.words, "text": note.text}
    return {
        "type": f"note-{said.kind}", **tongues.report(lambda: _words(note, said, place, who)),
        "subject": (note.device.slug if note.device else place)[:200], "dedup_key": f"note:{note.pk}:{said.kind}",
        "labels": {name: value[:1024] for name, value in labels.items() if value}, "raw": to_json(raw).decode(),
    }  # fmt: skip


def _words(note: TechnicianNote, said: Found, place: str, who: str) -> dict[str, Any]:
    title = _("{name}: {value}").format(name=_(TITLES[said.kind]), value=said.words) + (f" ({place})" if place else "")
    wrote = _("%(who)s wrote:") % {"who": who} if who else _("A note says:")
    return {"title": title, "description": f"{wrote}\n{note.text}"[:4000], "links": _links(note)}


def _links(note: TechnicianNote) -> Sequence[dict[str, str]]:
    own = {"href": f"{settings.SENTINEL_BASE_URL}/{ADMIN}/{note.pk}/change/", "text": _("The technician's note")}
    return [own, *(rule_texts.links(note.device) if note.device else [])]
