"""What is open, in the words of Alertmanager's API v2: alerts and groups with their silences."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from alerts import alertmanager, foreign, silencing, subjects
from alerts.enums import OPEN, Priority
from alerts.models import Alert, ForeignAlert
from alerts.standing import Standing
from sentinel_site.lib import matchers
from sentinel_site.lib.instants import instant
from sentinel_site.lib.matchers import Index, Matcher

MAX_ALERTS: Final = 20_000
WHO: Final = "Sentinel"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a query: by state, by labels, and by the receiver, which is the name of the policy."""

    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    filters: tuple[Matcher, ...] = ()
    receiver: Matcher | None = None


class QueryError(ValueError):
    """The query cannot be read; the text says why."""


def wanted(query: Mapping[str, Any], filters: Iterable[str]) -> Wanted:
    """The filters as they stand in a query string. Raises QueryError."""
    states = {name: _yes(query.get(name, ""), name) for name in ("active", "silenced", "inhibited", "unprocessed")}
    try:
        receiver = matchers.parse(f"receiver=~{text}") if (text := query.get("receiver", "")) else None
        return Wanted(states["active"], states["silenced"], states["inhibited"], matchers.parse_all(filters), receiver)
    except matchers.MatcherError as error:
        raise QueryError(str(error)) from None


def alerts(wanted: Wanted, *, at: datetime) -> list[dict[str, Any]]:
    """Everything that is open or still fires, by hash: also what other sources of Sentinel raised."""
    silences = silencing.in_force(at=at)
    firing = {(each.source_id, f"{alertmanager.KEY_PREFIX}{each.label_hash}"): each for each in foreign.firing(at=at, limit=MAX_ALERTS)}
    rows = Alert.objects.filter(status__in=OPEN).select_related("source", "policy").defer("policy__document").order_by("-id")[:MAX_ALERTS]
    found = [_described(alert, firing.pop((alert.source_id, alert.dedup_key), None), silences, at=at) for alert in rows]
    found += [_unhandled(each, silences, at=at) for each in firing.values()]
    return sorted((shown for shown in found if _fits(shown, wanted)), key=lambda shown: shown["fingerprint"])


def groups(wanted: Wanted, *, at: datetime) -> list[dict[str, Any]]:
    """The same alerts by receiver and name."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for shown in alerts(wanted, at=at):
        found.setdefault((shown["receivers"][0]["name"], shown["labels"].get("alertname", "")), []).append(shown)
    return [
        {"labels": {"alertname": name} if name else {}, "receiver": {"name": receiver}, "alerts": members}
        for (receiver, name), members in sorted(found.items())
    ]


def _described(alert: Alert, known: ForeignAlert | None, silences: Index[Standing], *, at: datetime) -> dict[str, Any]:
    ours = subjects.labels_of(alert)
    silenced = [] if alert.life_safety else _silencing(silences, ours, alert.priority, at=at)
    inhibited = [reason["id"] for reason in alert.suppressed_by if reason["kind"] == "inhibition"]
    if known is None:
        labels = {"alertname": alert.type, **{name: value for name, value in ours.items() if value}}
        notes = {"summary": alert.title, **({"description": alert.description} if alert.description else {})}
        ends_at = max(alert.deadline_at or at, at + alertmanager.RESOLVE_TIMEOUT)
        return _shape(labels, notes, alert.created_at, ends_at, alert.last_seen_at, "", alert.policy.name, silenced, inhibited)
    return _shape(
        known.labels, known.annotations, known.starts_at, known.ends_at, known.updated_at, known.generator_url, alert.policy.name, silenced,
        inhibited,
    )  # fmt: skip


def _unhandled(known: ForeignAlert, silences: Index[Standing], *, at: datetime) -> dict[str, Any]:
    """What still fires though somebody resolved its alert."""
    silenced = _silencing(silences, {**known.labels, "source": known.source.slug}, Priority.P5, at=at)
    return _shape(
        known.labels, known.annotations, known.starts_at, known.ends_at, known.updated_at, known.generator_url, WHO, silenced, []
    )  # fmt: skip


def _silencing(silences: Index[Standing], labels: Mapping[str, str], priority: int, *, at: datetime) -> list[str]:
    return [each.id for each in silences.find(labels) if each.until(priority, at=at)]


def _shape(
    labels: dict[str, str], notes: dict[str, str], starts_at: datetime, ends_at: datetime, updated_at: datetime, url: str,
    receiver: str, silenced: list[str], inhibited: list[str],
) -> dict[str, Any]:  # fmt: skip
    return {
        "labels": labels, "annotations": notes, "startsAt": instant(starts_at), "endsAt": instant(ends_at),
        "updatedAt": instant(updated_at), "generatorURL": url, "fingerprint": alertmanager.label_hash(labels),
        "receivers": [{"name": receiver}],
        "status": {
            "state": "suppressed" if silenced or inhibited else "active", "silencedBy": silenced, "inhibitedBy": inhibited, "mutedBy": [],
        },
    }  # fmt: skip


def _fits(shown: Mapping[str, Any], wanted: Wanted) -> bool:
    status = shown["status"]
    if status["state"] == "active" and not wanted.active:
        return False
    if (status["silencedBy"] and not wanted.silenced) or (status["inhibitedBy"] and not wanted.inhibited):
        return False
    if wanted.receiver is not None and not wanted.receiver.holds({"receiver": shown["receivers"][0]["name"]}):
        return False
    return matchers.all_hold(wanted.filters, shown["labels"])


def _yes(text: str, name: str) -> bool:
    found = re.fullmatch(r"(?i)(true|1|t|)|(false|0|f)", text)
    if found is None:
        raise QueryError(f"{name} must be true or false")
    return found.group(2) is None
