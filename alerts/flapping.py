"""Alerts that come and go again and again: told once that they flap, then held back until they are calm.

A dedup key flaps when it was raised as often as its source says within its window, each time after the last one was resolved. The alert
with which that begins is told, and says so; only then are it and the ones after it held back, never where lives depend and never a P1.
What is calm again is told by calming.py. A repeat of an open alert is no new time, and neither is what expired: nobody had answered.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from alerts.enums import Priority
from alerts.models import Alert, Flapping, Source
from alerts.subjects import Found, Subject
from sentinel_site.lib import prepared, rows

# `IN (…) AND = 'RESOLVED'` says the same as the second alone; the first is the condition of the partial index alert_history.
_PAST: Final = """
SELECT asked.id, source.flap_opens, source.flap_calm_opens, source.flap_window_seconds, flap.id, flap.opens, flap.began_at, ARRAY(
    SELECT past.created_at FROM alerts_alert AS past WHERE past.source_id = source.id AND past.dedup_key = asked.key
    AND past.status IN ('RESOLVED', 'EXPIRED') AND past.status = 'RESOLVED' AND past.resolution <> 'test' AND past.id <> asked.id
    ORDER BY past.id DESC LIMIT greatest(source.flap_opens, source.flap_calm_opens + 1))
FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS asked (id, source, key) JOIN alerts_source AS source ON source.id = asked.source
LEFT JOIN alerts_flapping AS flap ON flap.source_id = source.id AND flap.dedup_key = asked.key AND flap.ended_at IS NULL
"""
_KEEP_STILL: Final = "SELECT id FROM alerts_flapping WHERE id = ANY(%s::uuid[]) AND ended_at IS NULL FOR SHARE SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class Limits:
    """So many times within the window is flapping, until there are at most ``calm`` within it."""

    opens: int
    calm: int
    window: timedelta


class Past(NamedTuple):
    """The last times a key was raised, oldest first, and the flapping that is on record."""

    opens: Sequence[datetime]
    flapping: UUID | None = None
    counted: int = 0
    began_at: datetime | None = None


def limits_of(source: Source) -> Limits | None:
    """The source's own; None: nothing of it flaps."""
    return None if source.life_safety else _limits(source.flap_opens, source.flap_calm_opens, source.flap_window_seconds)


def _limits(opens: int, calm: int, seconds: int) -> Limits | None:
    return Limits(opens, calm, timedelta(seconds=seconds)) if opens >= 2 else None


def calm_at(opens: Sequence[datetime], limits: Limits) -> datetime | None:
    """From when on at most ``calm`` of ``opens`` lie within the window; None: they never were more."""
    return opens[-limits.calm - 1] + limits.window if len(opens) > limits.calm else None


def begins(opens: Sequence[datetime], limits: Limits, *, at: datetime) -> bool:
    """Whether the last of ``opens`` made it flap, and it does so still."""
    calm = calm_at(opens, limits)
    return len(opens) >= limits.opens and opens[-1] - opens[-limits.opens] < limits.window and calm is not None and calm > at


def find(subjects: Sequence[Subject], *, at: datetime) -> Mapping[UUID, list[Found]]:
    """Which of ``subjects`` belong to something that flaps and was told of, by the alert's id."""
    found = {}
    for alert, limits, past in _asked([subject.alert for subject in subjects]):
        until = calm_at(past.opens, limits)
        if past.flapping is not None and until is not None and until > at:
            times = max(past.counted, len(past.opens))
            text = f"flapping: raised {times} times within {_minutes(past.opens[-1] - min(past.began_at or at, past.opens[0]))} minutes"
            found[alert.pk] = [Found({"kind": "flapping", "id": str(past.flapping), "reason": text, "until": until.isoformat()}, until)]
    return found


def keep_still(ids: Collection[str]) -> set[str]:
    """Those of ``ids`` that run, and that nobody ends before this transaction does. Nobody is waited for."""
    return {str(pk) for (pk,) in prepared.run(_KEEP_STILL, [list(ids)])}


def announced(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, dict[str, Any]]:
    """Those of ``alerts``, which are about to be told, that are to say that they flap: what their messages say of it."""
    first = [alert for alert in alerts if alert.step == 0 and alert.round == 1]
    return {
        alert.pk: {"opens": len(past.opens), "minutes": _minutes(past.opens[-1] - past.opens[0]), "calm": False}
        for alert, limits, past in _asked(first)
        if past.flapping is None and begins(past.opens, limits, at=at)
    }


def begin(alerts: Sequence[Alert], *, at: datetime) -> None:
    """Put on record that these flap: somebody was told so. The caller holds them, and what `announced` said of them."""
    made = [
        Flapping(source=alert.source, dedup_key=alert.dedup_key, alert_id=alert.pk, title=alert.title, began_at=past.opens[0],
                 opens=len(past.opens), calm_at=calm_at(past.opens, limits) or at)
        for alert, limits, past in _asked(alerts)
    ]  # fmt: skip
    rows.insert(made, ignore_conflicts=True)


def times(source: Source, dedup_key: str) -> list[datetime]:
    """The last times the key of ``source`` was raised and resolved again, oldest first."""
    ((*_, opens),) = prepared.run(_PAST, [[UUID(int=0)], [source.pk], [dedup_key]])
    return sorted(opens)


def forget(*, before: datetime, limit: int) -> int:
    """Delete what ended before ``before``, ``limit`` at the most. Returns how many."""
    old = list(Flapping.objects.filter(ended_at__lt=before).order_by("pk").values_list("pk", flat=True)[:limit])
    Flapping.objects.filter(pk__in=old).delete()
    return len(old)


def _asked(alerts: Sequence[Alert]) -> list[tuple[Alert, Limits, Past]]:
    """What is known of those that may flap. Nothing is asked of an alert that is the first of its key, and of a P1.

    The limits come from the row, not from the routing table: what somebody just changed counts at once.
    """
    may = [alert for alert in alerts if alert.previous_id and alert.priority != Priority.P1 and not alert.life_safety]
    if not may:
        return []
    asked = [[alert.pk for alert in may], [alert.source_id for alert in may], [alert.dedup_key for alert in may]]
    past = {pk: row for pk, *row in prepared.run(_PAST, asked)}
    found = []
    for alert in may:
        *numbers, flapping, counted, began_at, opens = past[alert.pk]
        if limits := _limits(*numbers):
            found.append((alert, limits, Past([*sorted(opens), alert.created_at], flapping, counted or 0, began_at)))
    return found


def _minutes(span: timedelta) -> int:
    return max(1, round(span.total_seconds() / 60))
