"""Time cut into the steps of a chart by somebody's clock, and each step into the roll-ups that hold it. Pure.

Roll-ups begin at fixed instants of UTC. What a step has beside whole days comes from quarters of an hour, so that days of every zone, with
odd offsets and on the days when clocks change, add up exactly.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

QUARTER, SIX_HOURS, DAY, MONTH = 900, 21_600, 86_400, 2_592_000
LEVELS: Final = (QUARTER, SIX_HOURS, DAY, MONTH)
"""Lengths of roll-ups in seconds; each is made of the one before."""
MOST_STEPS: Final = 160
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Step(StrEnum):
    """How wide the steps of a chart are."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Piece(NamedTuple):
    """Roll-ups of one length that begin within a stretch, for the step with this number."""

    step: int
    seconds: int
    since: datetime
    until: datetime


def fitting(since: datetime, until: datetime) -> Step:
    """The step that makes a chart of this stretch readable."""
    days = (until - since) / timedelta(days=1)
    if days <= 4:
        return Step.HOUR
    return Step.DAY if days <= 100 else Step.WEEK if days <= 800 else Step.MONTH


def bounds(since: datetime, until: datetime, step: Step, zone: ZoneInfo, *, most: int = MOST_STEPS) -> list[datetime]:
    """Where the steps begin, and the end of the last one: by the clock of ``zone``, cut to the stretch, in UTC.

    The stretch is widened to whole quarters of an hour. Raises ValueError for more than ``most`` steps.
    """
    first, last = floor(since, QUARTER), ceiling(until, QUARTER)
    found = [first]
    for instant in _marks(first, step, zone):
        if instant >= last:
            break
        if instant > first:
            found.append(instant)
        if len(found) > most:
            raise ValueError(f"makes more than {most} steps: ask for a shorter stretch or a wider step ({', '.join(Step)})")
    return [*found, last]


def pieces(edges: list[datetime], clean: Mapping[int, Collection[datetime]]) -> list[Piece]:
    """The fewest roll-ups that make the steps between ``edges``. ``clean``: the longer ones that there are, by their length."""
    return [
        Piece(number, *part) for number in range(len(edges) - 1) for part in _cut(edges[number], edges[number + 1], len(LEVELS) - 1, clean)
    ]  # fmt: skip


def floor(at: datetime, seconds: int) -> datetime:
    """The begin of the roll-up of this length that ``at`` lies in."""
    return EPOCH + (at - EPOCH) // timedelta(seconds=seconds) * timedelta(seconds=seconds)


def ceiling(at: datetime, seconds: int) -> datetime:
    """The first begin of a roll-up of this length that is not before ``at``."""
    below = floor(at, seconds)
    return below if below == at else below + timedelta(seconds=seconds)


def nearest_midnight(at: datetime) -> datetime:
    """The midnight of UTC that is nearest; at noon the one before."""
    return ceiling(at - timedelta(seconds=DAY // 2), DAY)


def _marks(since: datetime, step: Step, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which steps begin, from one not after ``since`` on."""
    if step == Step.HOUR:
        at = since.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        while True:
            yield at
            at += timedelta(hours=1)
    day = since.astimezone(zone).date()
    while True:
        day = _first(day, step)
        yield ceiling(datetime.combine(day, time(), zone).astimezone(UTC), QUARTER)
        day += timedelta(days={Step.DAY: 1, Step.WEEK: 7, Step.MONTH: 31}[step])


def _first(day: date, step: Step) -> date:
    """The first day of the step that ``day`` lies in."""
    if step == Step.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == Step.MONTH else day


def _cut(
    since: datetime, until: datetime, level: int, clean: Mapping[int, Collection[datetime]]
) -> Iterator[tuple[int, datetime, datetime]]:  # fmt: skip
    if since >= until:
        return
    seconds = LEVELS[level]
    low, high = ceiling(since, seconds), floor(until, seconds)
    if level == 0 or low >= high:
        yield from [(seconds, since, until)] if level == 0 else _cut(since, until, level - 1, clean)
        return
    yield from _cut(since, low, level - 1, clean)
    at, length, there = low, timedelta(seconds=seconds), clean.get(seconds, ())
    while at < high:
        begun, whole = at, at in there
        while at < high and (at in there) == whole:
            at += length
        if whole:
            yield seconds, begun, at
        else:
            yield from _cut(begun, at, level - 1, clean)
    yield from _cut(high, until, level - 1, clean)
