"""What is open, in the words of Alertmanager's API v2: alerts and groups with their silences."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from pydantic_core import from_json, to_json

from alerts import alertmanager, routing, silencing
from alerts.alertmanager import KEY_PREFIX
from alerts.enums import OPEN, Priority
from alerts.standing import Standing
from sentinel_site.lib import matchers
from sentinel_site.lib.matchers import Index, Matcher

MAX_ALERTS: Final = 20_000
WHO: Final = "Sentinel"
_ACTIVE: Final = '{"state":"active","silencedBy":[],"inhibitedBy":[],"mutedBy":[]}'


# Ten thousand alerts are asked for again and again. PostgreSQL writes their JSON; it is read here only where something asks for what
# stands in it. Instants are as sentinel_site/lib/instants.py writes them.
def _rest(*, notes: str, starts_at: str, ends_at: str, updated_at: str, url: str, receiver: str) -> str:
    """SQL for the JSON text of an alert that follows its labels. ``notes`` is JSON text, the others are values."""
    starts, ends, updated = (
        f"""to_char({each} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""" for each in (starts_at, ends_at, updated_at)
    )
    times = f"""',"startsAt":"' || {starts} || '","endsAt":"' || {ends} || '","updatedAt":"' || {updated}"""
    return f"""',"annotations":' || {notes} || {times} || '","generatorURL":' || to_json({url})::text
        || ',"receivers":[{{"name":' || to_json({receiver})::text || '}}]'"""


_OWN_NOTES: Final = "json_strip_nulls(json_build_object('summary', alert.title, 'description', nullif(alert.description, '')))::text"
_OPEN_REST: Final = _rest(
    notes=f"coalesce(known.annotations::text, {_OWN_NOTES})",
    starts_at="coalesce(known.starts_at, alert.created_at)",
    ends_at="coalesce(known.ends_at, greatest(alert.deadline_at, %(at)s + %(resolve_timeout)s))",
    updated_at="coalesce(known.updated_at, alert.last_seen_at)",
    url="coalesce(known.generator_url, '')",
    receiver="policy.name",
)
_UNHANDLED_REST: Final = _rest(
    notes="known.annotations::text", starts_at="known.starts_at", ends_at="known.ends_at", updated_at="known.updated_at",
    url="known.generator_url", receiver=f"'{WHO}'::text",
)  # fmt: skip
_OPEN: Final = f"""
SELECT known.label_hash, policy.name, known.labels::text, {_OPEN_REST}, alert.suppressed_by::text, alert.life_safety, alert.priority,
    CASE WHEN known.id IS NULL OR %(silences)s
        THEN json_build_array(source.slug, alert.type, alert.severity, alert.subject, alert.labels)::text END
FROM (SELECT id FROM alerts_alert WHERE status = ANY(%(open)s) ORDER BY id DESC LIMIT {MAX_ALERTS}) AS newest
JOIN alerts_alert AS alert ON alert.id = newest.id JOIN alerts_source AS source ON source.id = alert.source_id
JOIN alerts_policysnapshot AS policy ON policy.id = alert.policy_id
LEFT JOIN alerts_foreignalert AS known ON known.source_id = alert.source_id AND starts_with(alert.dedup_key, '{KEY_PREFIX}')
    AND known.label_hash = substr(alert.dedup_key, {len(KEY_PREFIX) + 1}) AND known.ended_at IS NULL AND known.ends_at > %(at)s
"""  # noqa: S608 (our own text)
_UNHANDLED: Final = f"""
SELECT known.label_hash, '{WHO}', known.labels::text, {_UNHANDLED_REST}, '[]', false, {Priority.P5:d},
    CASE WHEN %(silences)s THEN json_build_array(source.slug, '', '', '', known.labels)::text END
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

    def state(self, silenced: Collection[str], inhibited: Collection[str]) -> bool:
        """Whether what is held back by these is asked for."""
        if not silenced and not inhibited:
            return self.active
        return (self.silenced or not silenced) and (self.inhibited or not inhibited)


class Shown(NamedTuple):
    """One alert as it is answered: ``text`` is its JSON, ``labels`` that of its labels."""

    label_hash: str
    receiver: str
    labels: str
    text: str


class _Row(NamedTuple):
    """What is known of an open alert, or of what fires without one.

    JSON is text. ``label_hash`` and ``labels`` are another system's own; None: Sentinel's alert. ``rest``: what follows the labels.
    ``about``: what silences ask for; None: nobody asks.
    """

    label_hash: str | None
    receiver: str
    labels: str | None
    rest: str
    held: str
    life_safety: bool
    priority: int
    about: str | None

    def matched(self) -> dict[str, str]:
        """What silences see of it."""
        source, kind, severity, subject, own = from_json(self.about or "")
        if not kind:
            return {**own, "source": source}
        return routing.labels_of(source=source, type=kind, severity=severity, subject=subject, labels=own)


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


def alerts(wanted: Wanted, *, at: datetime) -> list[Shown]:
    """Everything that is open or still fires, by hash: also what other sources of Sentinel raised."""
    silences = silencing.in_force(at=at)
    found = (_shown(row, silences, wanted, at=at) for row in _rows(silences, at=at))
    return sorted(shown for shown in found if shown)


def groups(wanted: Wanted, *, at: datetime) -> list[str]:
    """The same alerts by receiver and name, each group as JSON."""
    found: dict[tuple[str, str], list[str]] = {}
    for shown in alerts(wanted, at=at):
        found.setdefault((shown.receiver, from_json(shown.labels).get("alertname", "")), []).append(shown.text)
    return [_group(receiver, name, members) for (receiver, name), members in sorted(found.items())]


def _group(receiver: str, name: str, members: Iterable[str]) -> str:
    head = to_json({"labels": {"alertname": name} if name else {}, "receiver": {"name": receiver}}).decode()
    return f'{head[:-1]},"alerts":[{",".join(members)}]}}'


def _rows(silences: Index[Standing], *, at: datetime) -> list[_Row]:
    values: dict[str, Any] = {
        "open": [status.value for status in OPEN], "at": at, "resolve_timeout": alertmanager.RESOLVE_TIMEOUT, "silences": bool(silences)
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        found = [_Row(*row) for row in cursor.fetchall()]
        cursor.execute(_UNHANDLED, values)
        return found + [_Row(*row) for row in cursor.fetchall()]


def _shown(row: _Row, silences: Index[Standing], wanted: Wanted, *, at: datetime) -> Shown | None:
    """None: it was not asked for."""
    ours = row.matched() if row.about is not None else {}
    silenced = [] if row.life_safety else [each.id for each in silences.find(ours) if each.until(row.priority, at=at)]
    held = [] if row.held == "[]" else from_json(row.held)
    inhibited = [reason["id"] for reason in held if reason["kind"] == "inhibition"]
    if not wanted.state(silenced, inhibited):
        return None
    if wanted.receiver is not None and not wanted.receiver.holds({"receiver": row.receiver}):
        return None
    label_hash, labels = row.label_hash, row.labels
    if label_hash is None or labels is None:
        own = {name: value for name, value in ours.items() if value}
        own = {"alertname": own.get("type", ""), **own}
        label_hash, labels = alertmanager.label_hash(own), to_json(own).decode()
    if wanted.filters and not matchers.all_hold(wanted.filters, from_json(labels)):
        return None
    text = f'{{"labels":{labels}{row.rest},"fingerprint":"{label_hash}","status":{_status(silenced, inhibited)}}}'
    return Shown(label_hash, row.receiver, labels, text)


def _status(silenced: Sequence[str], inhibited: Sequence[str]) -> str:
    if not silenced and not inhibited:
        return _ACTIVE
    return to_json({"state": "suppressed", "silencedBy": silenced, "inhibitedBy": inhibited, "mutedBy": []}).decode()


def _yes(text: str, name: str) -> bool:
    found = re.fullmatch(r"(?i)(true|1|t|)|(false|0|f)", text)
    if found is None:
        raise QueryError(f"{name} must be true or false")
    return found.group(2) is None
