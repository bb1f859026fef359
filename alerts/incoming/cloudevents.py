"""CloudEvents 1.0 over HTTP, read: pure. Structured, binary and batch; an event is taken once, by its source and id.

What happened stands in the type: ``….resolved`` ends what ``….fired`` raised. What the data may say besides: title, severity, dedup_key, …
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from alerts.folding import NewReport
from alerts.incoming import contract
from alerts.incoming.contract import Action, FormatError, Incoming

STRUCTURED, BATCH, PREFIX = "application/cloudevents+json", "application/cloudevents-batch+json", "application/cloudevents"
REQUIRED: Final = ("specversion", "id", "source", "type")
KNOWN: Final = frozenset({*REQUIRED, "time", "subject", "datacontenttype", "dataschema", "data", "data_base64"})
ENDS: Final = {
    **dict.fromkeys(("resolved", "closed", "recovered", "cleared", "ok", "up"), Action.RESOLVE),
    **dict.fromkeys(("acked", "acknowledged"), Action.ACKNOWLEDGE),
    **dict.fromkeys(("fired", "firing", "raised", "opened", "triggered", "alert", "down"), Action.TRIGGER),
    "test": Action.TEST,
}
"""What the last word of a type, or ``data.action`` or ``data.status``, asks for. Any other type raises an alert."""
OWN, OWN_WORDS = "org.sentinel.alert.", ("fired", "repeated", "acked", "resolved")
"""Events of another Sentinel, relayed; all others of them are about people and messages there."""
ACTIONS: Final = ENDS | {each.value: each for each in Action}
Event = dict[str, Any]


class UnknownFormatError(FormatError):
    """Events in a form that is not JSON."""


def events(headers: Mapping[str, str], body: bytes) -> list[Any]:
    """The events of a request, as JSON objects with their attributes and ``data``. Raises FormatError."""
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type in (STRUCTURED, BATCH) or (not media_type.startswith(PREFIX) and not _is_binary(headers)):
        value = contract.read_json(body)
        found = value if isinstance(value, list) else [value]
        if len(found) > contract.MAX_ITEMS:
            raise FormatError(f"The batch has {len(found)} events; send at most {contract.MAX_ITEMS} at once.")
        return found
    if media_type.startswith(PREFIX):
        raise UnknownFormatError(f"Send events as {STRUCTURED}, as {BATCH}, or with ce- headers.")
    attributes = {name[3:].lower(): _header(text) for name, text in headers.items() if name.lower().startswith("ce-")}
    return [contract.cleaned(attributes | {"datacontenttype": media_type, "data": _data(body, media_type)})]


def read_all(events: Sequence[Any], source: str, *, at: datetime) -> tuple[list[Incoming], list[str]]:
    """What the good events say, and what is wrong with the others."""
    items: list[Incoming] = []
    wrong: list[str] = []
    for place, event in enumerate(events):
        try:
            items += read(event if isinstance(event, dict) else {}, source, at=at)
        except FormatError as error:
            wrong.append(f"event {place}: {error}")
    return items, wrong


def read(event: Event, source: str, *, at: datetime) -> list[Incoming]:
    """What one event says. Raises FormatError when an attribute is missing that every event has."""
    event = _with_data(event)
    missing = [name for name in REQUIRED if not isinstance(event.get(name), str) or not event[name]]
    if missing:
        raise FormatError(f"An event needs {', '.join(REQUIRED)}; this one lacks {', '.join(missing)}.")
    if not event["specversion"].startswith("1."):
        raise FormatError(f"This takes CloudEvents 1.0, not {event['specversion'][:20]}.")
    data = event.get("data")
    said = data if isinstance(data, dict) else {}
    said = said["alert"] if isinstance(said.get("alert"), dict) else said
    report = contract.bounded(_report(event, said, source), at=at)
    name = f"{len(event['source'])} {event['source']} {event['id']}"
    if event["type"].startswith(OWN) and event["type"].rpartition(".")[2] not in OWN_WORDS:
        return [Incoming(Action.IGNORE, report, event=name, why="another Sentinel only tells how far its alert got")]
    return [Incoming(_action(event["type"], said), report, event=name, note=contract.cut(contract.text(said.get("note")), 500))]


def _report(event: Event, said: Mapping[str, Any], source: str) -> NewReport:
    data, subject = event.get("data"), contract.text(said.get("subject")) or contract.text(event.get("subject"))
    described = contract.text(said.get("description")) or contract.text(said.get("message"))
    own = said.get("labels") if isinstance(said.get("labels"), dict) else {}
    extensions = {name: each for name, each in event.items() if name not in KNOWN}
    return NewReport(
        source,
        title=next((text for name in ("title", "summary", "name", "message") if (text := contract.text(said.get(name)).strip())), "")
        or f"{event['type']}: {subject or event['source']}",
        type=contract.text(said.get("type")) or _stem(event["type"]),
        severity=contract.severity(said.get("severity")) or contract.severity(event.get("severity")),
        subject=subject,
        description=described or (data if isinstance(data, str) else ""),
        dedup_key=contract.key(contract.text(said.get("dedup_key")) or "|".join((event["source"], _stem(event["type"]), subject))),
        labels=contract.labels({**extensions, **(own or {}), "ce_source": event["source"], "ce_type": event["type"]}),
        links=contract.links((contract.text(each.get("text")) or "Link", each.get("href")) for each in contract.objects(said.get("links"))),
        runbook_url=contract.text(said.get("runbook_url")),
        occurred_at=contract.instant(event.get("time")),
        raw=contract.raw(event),
    )


def _action(kind: str, said: Mapping[str, Any]) -> Action:
    for word in (said.get("action"), kind.rpartition(".")[2], said.get("status"), said.get("state")):
        found = ACTIONS.get(word.strip().lower()) if isinstance(word, str) else None
        if found is not None:
            return found
    return Action.TRIGGER


def _stem(kind: str) -> str:
    """The type without the word that says what happened, so that the end has the key of the beginning."""
    stem, _, last = kind.rpartition(".")
    return stem if stem and last.lower() in ENDS else kind


def _with_data(event: Event) -> Event:
    if not isinstance(event.get("data_base64"), str):
        return event
    try:
        body = base64.b64decode(event["data_base64"], validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("data_base64 is not base64.") from None
    kept = {name: each for name, each in event.items() if name != "data_base64"}
    return kept | {"data": _data(body, contract.text(event.get("datacontenttype")))}


def _data(body: bytes, media_type: str) -> Any:
    """JSON as it is, text as text; what is neither is left out."""
    if not body:
        return None
    try:
        return contract.read_json(body)
    except FormatError:
        if media_type.partition(";")[0].strip().lower().endswith("json"):
            raise FormatError(f"The data is not the {media_type[:60]} that it says it is.") from None
    try:
        return contract.cleaned(body.decode())
    except UnicodeDecodeError:
        return None


def _is_binary(headers: Mapping[str, str]) -> bool:
    return any(name.lower() == "ce-specversion" for name in headers)


def _header(text: str) -> str:
    """An attribute out of its header: percent-decoded UTF-8."""
    return unquote(text.strip().strip('"'), errors="replace")
