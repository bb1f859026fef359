"""Whose nights it takes: on which of them a telephone rang, and how often. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from alerts.noise.rows import Quarter

BEGINS, ENDS = 22, 7
"""Hours by the reader's own clock; the second one is the next morning's."""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Somebody, and by which clock they sleep."""

    name: str
    zone: ZoneInfo


def night_of(at: datetime, zone: ZoneInfo) -> date | None:
    """The day on which the night began that ``at`` lies in by the clock of ``zone``; None by day."""
    local = at.astimezone(zone)
    if local.hour >= BEGINS:
        return local.date()
    return local.date() - DAY if local.hour < ENDS else None


def load(rings: Iterable[Quarter], people: Mapping[UUID, Sleeper], *, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """For each of ``people`` whom anything woke: how many nights, how many messages, and the worst night. The most woken first.

    ``by_night`` has the messages of every night of the period, the oldest first.
    """
    woken: dict[UUID, Counter[date]] = {}
    for ring in rings:
        if (sleeper := people.get(ring.person)) and (night := night_of(ring.at, sleeper.zone)):
            woken.setdefault(ring.person, Counter())[night] += ring.messages
    found = [_described(pk, people[pk], nights, since=since, until=until) for pk, nights in woken.items()]
    return sorted(found, key=lambda each: (-each["nights"], -each["messages"], each["name"]))


def _described(pk: UUID, sleeper: Sleeper, nights: Counter[date], *, since: datetime, until: datetime) -> dict[str, Any]:
    begun, ended = since.astimezone(sleeper.zone), until.astimezone(sleeper.zone)
    first = begun.date() - DAY if begun.hour < ENDS else begun.date()
    last = ended.date() if ended.hour >= BEGINS else ended.date() - DAY
    every = [first + number * DAY for number in range((last - first).days + 1)]
    worst = max(nights, key=lambda night: (nights[night], night))
    return {
        "recipient": str(pk), "name": sleeper.name, "nights": len(nights), "of": len(every), "messages": nights.total(),
        "most": nights[worst], "most_on": worst.isoformat(), "first": first.isoformat(), "by_night": [nights[night] for night in every],
    }  # fmt: skip
