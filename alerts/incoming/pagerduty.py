"""PagerDuty's Events API v2, read: pure. Anything that can be pointed at another address than PagerDuty's reports by it.

Lenient where PagerDuty is strict: a summary is cut, a severity it does not know is the source's own, a key may have any length.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from alerts.folding import NewReport
from alerts.incoming import contract
from alerts.incoming.contract import Action, FormatError, Incoming

ACTIONS: Final = {"trigger": Action.TRIGGER, "acknowledge": Action.ACKNOWLEDGE, "resolve": Action.RESOLVE}
SHORT: Final = 200
"""Custom details up to so many characters, in one line, are labels; longer ones stand in the description."""


class InvalidEvent(FormatError):
    """The event lacks something it cannot do without. ``errors`` says what, each in words of its own."""

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def routing_key(value: Any) -> str:
    """The key the event carries: an API key of Sentinel."""
    found = value.get("routing_key") if isinstance(value, dict) else None
    return found.strip() if isinstance(found, str) else ""


def read(value: Any, source: str, *, at: datetime) -> list[Incoming]:
    """The one event in ``value``; its report has the dedup key that is answered. Raises InvalidEvent."""
    action, key = _checked(value)
    if action != Action.TRIGGER:
        by = contract.text(value.get("client"))
        report = NewReport(source, title=action.value, dedup_key=contract.key(key), raw=contract.raw(value))
        return [Incoming(action, report, note=f"by {contract.cut(by, 100)}" if by else "")]
    return [Incoming(action, contract.bounded(_report(value, source, key or str(uuid.uuid4())), at=at))]


def read_change(value: Any, source: str) -> list[Incoming]:
    """A change event: context, about which nobody is told. Raises InvalidEvent."""
    payload = value.get("payload") if isinstance(value, dict) else None
    if not isinstance(payload, dict) or not contract.text(payload.get("summary")).strip():
        raise InvalidEvent("'payload.summary' is missing or blank")
    report = NewReport(source, title=contract.cut(contract.text(payload["summary"]).strip(), contract.MAX_TITLE), raw=contract.raw(value))
    return [Incoming(Action.IGNORE, report, why="a change event: context only, nobody is told")]


def _checked(value: Any) -> tuple[Action, str]:
    if not isinstance(value, dict):
        raise InvalidEvent("The event must be a JSON object")
    word = value.get("event_action")
    action = ACTIONS.get(word.strip().lower()) if isinstance(word, str) else None
    if action is None:
        raise InvalidEvent("'event_action' must be trigger, acknowledge or resolve")
    key = contract.text(value.get("dedup_key") or value.get("incident_key")).strip()
    if action != Action.TRIGGER and not key:
        raise InvalidEvent(f"'dedup_key' is required to {action}")
    payload = value.get("payload")
    if action == Action.TRIGGER and not (isinstance(payload, dict) and contract.text(payload.get("summary")).strip()):
        raise InvalidEvent("'payload.summary' is missing or blank")
    return action, key


def _report(value: Mapping[str, Any], source: str, key: str) -> NewReport:
    payload = value["payload"]
    details = payload.get("custom_details")
    details = details if isinstance(details, dict) else {"details": details}
    said = {name: contract.text(each) for name, each in details.items()}
    short = {name: each for name, each in said.items() if len(each) <= SHORT and "\n" not in each.strip()}
    own = {name: payload.get(name) for name in ("component", "group", "class")} | {"client": value.get("client")}
    return NewReport(
        source,
        title=contract.text(payload["summary"]),
        type=contract.text(payload.get("class")),
        severity=contract.severity(payload.get("severity")),
        subject=contract.text(payload.get("source")),
        description="\n\n".join(f"{name}:\n{each.strip()}" for name, each in said.items() if each and name not in short),
        dedup_key=key,
        labels=contract.labels(short | {name: each for name, each in own.items() if each}),
        links=_links(value),
        occurred_at=contract.instant(payload.get("timestamp")),
        raw=contract.raw(value),
    )


def _links(value: Mapping[str, Any]) -> list[dict[str, str]]:
    links = [(contract.text(each.get("text")) or "Link", each.get("href")) for each in contract.objects(value.get("links"))]
    images = [
        (contract.text(each.get("alt")) or "Image", each.get("href") or each.get("src")) for each in contract.objects(value.get("images"))
    ]
    client = (f"Open in {contract.text(value.get('client')) or 'its sender'}", value.get("client_url"))
    return contract.links([*links, *images, client])
