"""Kinds of alerts that keep to the same hours, as maintenance does. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.noise.kinds import Kind, Raised

DAY_MINUTES: Final = 24 * 60
SHARE: Final = 0.85
LONGEST: Final = 180
"""Minutes between the first and the last to begin; what takes longer is no habit of an hour."""
MARGIN: Final = 5
LASTS_LONGEST: Final = 300
FEW: Final = 8
FEW_DAYS: Final = 5
WEEKS: Final = timedelta(days=21)
"""A habit of certain weekdays shows itself in no less."""
WEEKLY: Final = 3


@dataclass(frozen=True, slots=True)
class Habit:
    """They come in these minutes, and are over by then. ``weekdays`` empty: every day. ``share``: how many of them do."""

    begins: time
    minutes: int
    weekdays: tuple[int, ...]
    share: float


def habit(kind: Kind, *, zone: ZoneInfo) -> Habit | None:
    """When the alerts of ``kind`` come, if nearly all keep to the same hours; None if not."""
    if len(kind.alerts) < FEW:
        return None
    came = [(each, _minute(each.at, zone)) for each in kind.alerts]
    first, last = _narrowest(sorted(minute for _, minute in came))
    if last - first > LONGEST:
        return None
    begins = max(0, (first - MARGIN) // MARGIN * MARGIN)
    inside = [each for each, minute in came if (minute - first) % DAY_MINUTES <= last - first]
    days = {_day(each.at, begins, zone) for each in inside}
    weekdays = _weekdays(days)
    if len(days) < FEW_DAYS and not weekdays:
        return None
    lasts = _lasts(inside, begins, last, zone)
    if lasts is None:
        return None
    moment = begins % DAY_MINUTES
    covered = sum((minute - begins) % DAY_MINUTES < lasts for _, minute in came)
    return Habit(time(moment // 60, moment % 60), lasts, weekdays, covered / len(came))


def _minute(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def _narrowest(minutes: list[int]) -> tuple[int, int]:
    """The shortest stretch of the clock that holds SHARE of ``minutes`` (sorted); its end may lie beyond midnight."""
    wanted = -int(-len(minutes) * SHARE // 1)
    circle = [*minutes, *(minute + DAY_MINUTES for minute in minutes)]
    return min(((circle[n], circle[n + wanted - 1]) for n in range(len(minutes))), key=lambda pair: (pair[1] - pair[0], pair[0]))


def _day(at: datetime, begins: int, zone: ZoneInfo) -> date:
    """The day on which the stretch began that ``at`` lies in."""
    return (at.astimezone(zone) - timedelta(minutes=begins)).date()


def _weekdays(days: set[date]) -> tuple[int, ...]:
    """The weekdays they keep to, when it is three of them at the most and three weeks at least; else none: every day."""
    counted = Counter(day.weekday() for day in days)
    long_enough = bool(days) and max(days) - min(days) >= WEEKS - timedelta(days=7)
    return tuple(sorted(counted)) if len(counted) <= WEEKLY and long_enough and min(counted.values()) >= WEEKLY else ()


def _lasts(inside: list[Raised], begins: int, last: int, zone: ZoneInfo) -> int | None:
    """Minutes until nearly all of them were over by themselves; None when they are not, or not soon enough."""
    spans = sorted(
        (_minute(each.at, zone) - begins) % DAY_MINUTES + (each.was.closed_at - each.at).total_seconds() / 60
        for each in inside
        if each.was.closed_at
    )  # fmt: skip
    if len(spans) < SHARE * len(inside):
        return None
    needed = max(spans[int((len(spans) - 1) * 0.95)], last - begins) + MARGIN
    rounded = -int(-needed // MARGIN) * MARGIN
    return rounded if rounded <= LASTS_LONGEST else None
