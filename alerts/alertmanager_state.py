"""What is open, in the words of Alertmanager's API v2: alerts and groups with their silences."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from pydantic_core import from_json

from alerts import alertmanager, routing, silencing
from alerts.alertmanager import KEY_PREFIX
from alerts.enums import OPEN, Priority
from alerts.standing import Standing
from sentinel_site.lib import matchers
from sentinel_site.lib.matchers import Index, Matcher

MAX_ALERTS: Final = 20_000
WHO: Final = "Sentinel"
# Ten thousand alerts are asked for again and again: nothing becomes a model's row, and instants are written by PostgreSQL, as
# sentinel_site/lib/instants.py writes them.
_INSTANT: Final = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
_OPEN: Final = f"""
SELECT source.slug, policy.name, alert.life_safety, alert.priority, alert.suppressed_by, alert.type, alert.severity, alert.subject,
    alert.title, alert.description, alert.labels, known.label_hash, known.labels, known.annotations, coalesce(known.generator_url, ''),
    {_INSTANT.format("coalesce(known.starts_at, alert.created_at)")},
    {_INSTANT.format("coalesce(known.ends_at, greatest(alert.deadline_at, %(at)s + %(resolve_timeout)s))")},
    {_INSTANT.format("coalesce(known.updated_at, alert.last_seen_at)")}
FROM alerts_alert AS alert JOIN alerts_source AS source ON source.id = alert.source_id
JOIN alerts_policysnapshot AS policy ON policy.id = alert.policy_id
LEFT JOIN alerts_foreignalert AS known ON known.source_id = alert.source_id AND starts_with(alert.dedup_key, '{KEY_PREFIX}')
    AND known.label_hash = substr(alert.dedup_key, {len(KEY_PREFIX) + 1}) AND known.ended_at IS NULL AND known.ends_at > %(at)s
WHERE alert.status = ANY(%(open)s) ORDER BY alert.id DESC LIMIT {MAX_ALERTS}
"""  # noqa: S608 (our own text)
_UNHANDLED: Final = f"""
SELECT source.slug, '{WHO}', false, {Priority.P5:d}, '[]', '', '', '', '', '', known.labels, known.label_hash, known.labels,
    known.annotations, known.generator_url, {_INSTANT.format("known.starts_at")}, {_INSTANT.format("known.ends_at")},
    {_INSTANT.format("known.updated_at")}
FROM alerts_foreignalert AS known JOIN alerts_source AS source ON source.id = known.source_id
WHERE known.ended_at IS NULL AND known.ends_at > %(at)s AND NOT EXISTS (
    SELECT FROM alerts_alert AS alert WHERE alert.source_id = known.source_id AND alert.status = ANY(%(open)s)
    AND alert.dedup_key = '{KEY_PREFIX}' || known.label_hash)
ORDER BY known.id DESC LIMIT {MAX_ALERTS}
"""  # noqa: S608 (our own text)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a query: by state, by labels, and by the receiver, which is the name of the policy."""

    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    filters: tuple[Matcher, ...] = ()
    receiver: Matcher | None = None


class _Row(NamedTuple):
    """What is shown of an open alert, or of what fires without one. JSON is text; ``labels`` and what follows are another system's own."""

    source: str
    receiver: str
    life_safety: bool
    priority: int
    suppressed_by: str
    type: str
    severity: str
    subject: str
    title: str
    description: str
    own_labels: str
    label_hash: str | None
    labels: str | None
    annotations: str | None
    generator_url: str
    starts_at: str
    ends_at: str
    updated_at: str

    def matched(self) -> dict[str, str]:
        """What silences see of it."""
        own = from_json(self.own_labels)
        if not self.type:
            return {**own, "source": self.source}
        return routing.labels_of(source=self.source, type=self.type, severity=self.severity, subject=self.subject, labels=own)


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
    found = (_shape(row, silences, at=at) for row in _rows(at=at))
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


def _rows(*, at: datetime) -> list[_Row]:
    values: dict[str, Any] = {"open": [status.value for status in OPEN], "at": at, "resolve_timeout": alertmanager.RESOLVE_TIMEOUT}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        found = [_Row(*row) for row in cursor.fetchall()]
        cursor.execute(_UNHANDLED, values)
        return found + [_Row(*row) for row in cursor.fetchall()]


def _shape(row: _Row, silences: Index[Standing], *, at: datetime) -> dict[str, Any]:
    ours = row.matched() if silences or row.labels is None else {}
    if row.labels is None or row.annotations is None:
        labels = {"alertname": row.type, **{name: value for name, value in ours.items() if value}}
        notes = {"summary": row.title, **({"description": row.description} if row.description else {})}
    else:
        labels, notes = from_json(row.labels), from_json(row.annotations)
    silenced = [] if row.life_safety else [each.id for each in silences.find(ours) if each.until(row.priority, at=at)]
    held = [] if row.suppressed_by == "[]" else from_json(row.suppressed_by)
    inhibited = [reason["id"] for reason in held if reason["kind"] == "inhibition"]
    return {
        "labels": labels, "annotations": notes, "startsAt": row.starts_at, "endsAt": row.ends_at, "updatedAt": row.updated_at,
        "generatorURL": row.generator_url, "fingerprint": row.label_hash or alertmanager.label_hash(labels),
        "receivers": [{"name": row.receiver}],
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
