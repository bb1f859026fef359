"""By which slots a job is due, and when next: pure. What a slot is when the clocks change is said in sentinel_site/lib/cron.py."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from jobs.enums import CatchUp
from sentinel_site.lib import cron

MOST: Final = 100
"""So many missed slots are caught up at the most, the newest ones: nobody wants a year of runs."""
LOOKS_BACK: Final = (timedelta(hours=2), *(timedelta(days=days) for days in (2, 32, 400, 3000)))
"""In which stretches the past is searched: the nearest first, since expressions may come each minute or each leap year."""
PATIENCE: Final = timedelta(seconds=60)
"""A slot that is seen so late was not missed: looks are never exactly on time."""


def next_slot(expression: str, zone: str, *, at: datetime) -> datetime | None:
    """The first slot after ``at``; None without a schedule, or when none comes any more. Raises CronError, or ZoneInfoNotFoundError."""
    return cron.after(expression, at, ZoneInfo(zone)) if expression else None


def last_slot(expression: str, zone: str, *, at: datetime) -> datetime | None:
    """The newest slot at or before ``at``; None without a schedule, or when there was none for years."""
    return next(iter(_newest(expression, zone, datetime.min.replace(tzinfo=UTC) + LOOKS_BACK[-1] * 2, at, 1)), None)


def is_slot(expression: str, zone: str, moment: datetime) -> bool:
    """Whether ``moment`` is a slot of the schedule."""
    return bool(expression) and next(cron.between(expression, moment, moment, ZoneInfo(zone)), None) is not None


def due(
    expression: str, zone: str, *, since: datetime, at: datetime, catch_up: CatchUp, grace: timedelta = PATIENCE
) -> tuple[datetime, ...]:  # fmt: skip
    """The slots from ``since`` to ``at`` for which a run is to be made now, oldest first.

    Caught up once: the newest one. Each: all of them, the newest MOST at the most. Not at all: the newest one, unless it is later than
    ``grace`` (at least PATIENCE).
    """
    slots = _newest(expression, zone, since, at, MOST if catch_up == CatchUp.ALL else 1)
    if catch_up == CatchUp.NONE and slots and at - slots[0] > max(grace, PATIENCE):
        return ()
    return tuple(slots)


def _newest(expression: str, zone: str, since: datetime, at: datetime, count: int) -> list[datetime]:
    """The newest ``count`` slots from ``since`` to ``at``, in order."""
    found: list[datetime] = []
    if not expression:
        return found
    for stretch in LOOKS_BACK:
        begin = max(since, at - stretch)
        found = list(cron.between(expression, begin, at, ZoneInfo(zone)))[-count:]
        if len(found) == count or begin == since:
            break
    return found
