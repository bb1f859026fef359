"""When a backup is expected, and which expected run a report is about: pure, exact over midnight, month ends and clock changes.

A *cycle* is one expected run. It opens a while before its time, is overdue after its grace, and lasts until the next one
opens: whatever is reported in between is about it. A report has exactly one cycle, or none before the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from statistics import median
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from backups.enums import Frequency
from notifications import walltime
from sentinel_site.lib import cron

EARLY: Final = timedelta(minutes=60)
"""What is reported no longer than this before a run's time is about that run; half the way back to the run before, if that is less."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEKDAYS: Final = frozenset(range(7))
LONGEST_MONTH: Final = 31
ENOUGH: Final = 4
"""So many reports are a habit."""
OFF: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Expectation:
    """When a backup is expected, in the words of a clock on the wall in ``zone``.

    ``weekdays`` (0: Monday) are those on which an hourly, daily or weekly one runs; empty: every day, and Monday for a weekly one.
    ``day_of_month`` beyond the end of a month means its last day. ``once_on`` belongs to ONCE, ``cron`` to CRON, whose expression
    says everything else.
    """

    frequency: Frequency
    zone: ZoneInfo
    at: time = time()
    grace: timedelta = timedelta(minutes=60)
    weekdays: frozenset[int] = frozenset()
    day_of_month: int = 1
    once_on: date | None = None
    cron: str = ""


class Cycle(NamedTuple):
    """One expected run, in UTC: it is overdue after ``deadline_at`` if nothing was reported since ``opens_at``."""

    opens_at: datetime
    expected_at: datetime
    deadline_at: datetime


def following(expectation: Expectation, at: datetime) -> Iterator[Cycle]:
    """The cycles expected after the instant ``at``, in their order, without end as long as there are any."""
    last = _last(expectation, at + timedelta(microseconds=1))
    for expected_at in _times(expectation, at):
        yield _cycle(expectation, last, expected_at)
        last = expected_at


def between(expectation: Expectation, since: datetime, until: datetime) -> list[Cycle]:
    """The cycles expected in ``since`` ≤ time < ``until``."""
    found = following(expectation, since - timedelta(microseconds=1))
    return list(takewhile(lambda cycle: cycle.expected_at < until, found))


def of(expectation: Expectation, at: datetime) -> Cycle | None:
    """The cycle that something reported at ``at`` is about: the last one that was open by then. None before the first."""
    upcoming = next(following(expectation, at), None)
    if upcoming is not None and upcoming.opens_at <= at:
        return upcoming
    expected_at = _last(expectation, at + timedelta(microseconds=1))
    if expected_at is None:
        return None
    return _cycle(expectation, _last(expectation, expected_at), expected_at)


def overdue(expectation: Expectation, at: datetime) -> Cycle | None:
    """The newest cycle whose deadline has passed at ``at``; None when there is none."""
    expected_at = _last(expectation, at - expectation.grace)
    return None if expected_at is None else _cycle(expectation, _last(expectation, expected_at), expected_at)


def always_off(delays: list[timedelta]) -> timedelta | None:
    """The whole hours by which reports always come off their time, or None: a zone that was set wrongly looks like this."""
    if len(delays) < ENOUGH:
        return None
    hours = round(median(delay / HOUR for delay in delays))
    shift = hours * HOUR
    return shift if hours and all(abs(delay - shift) <= OFF for delay in delays) else None


def _cycle(expectation: Expectation, previous: datetime | None, expected_at: datetime) -> Cycle:
    early = EARLY if previous is None else min(EARLY, (expected_at - previous) / 2)
    return Cycle(expected_at - early, expected_at, expected_at + expectation.grace)


def _times(expectation: Expectation, at: datetime) -> Iterator[datetime]:
    """The expected instants after ``at``, increasing."""
    if expectation.frequency == Frequency.CRON:
        found = cron.after(expectation.cron, at, expectation.zone)
        while found is not None:
            yield found
            found = cron.after(expectation.cron, found, expectation.zone)
    elif expectation.frequency == Frequency.HOURLY:
        yield from (each for each in _hours(expectation, at) if each > at)
    else:
        yield from (each for each in _days(expectation, at, forward=True) if each > at)


def _last(expectation: Expectation, at: datetime) -> datetime | None:
    """The last expected instant before ``at``."""
    if expectation.frequency == Frequency.CRON:
        return cron.before(expectation.cron, at, expectation.zone)
    if expectation.frequency == Frequency.HOURLY:
        return next((each for each in _hours(expectation, at, step=-1) if each < at), None)
    return next((each for each in _days(expectation, at, forward=False) if each < at), None)


def _hours(expectation: Expectation, at: datetime, *, step: int = 1) -> Iterator[datetime]:
    """Each instant at which clocks show the minute of the hour, from around ``at`` on; an hour is an hour when the clocks change."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - step * 2 * HOUR
    seen: set[datetime] = set()
    while True:
        shown = walltime.shown(hour, expectation.zone)
        found = hour + timedelta(minutes=(expectation.at.minute - shown.minute) % 60)
        if found not in seen and _runs_on(expectation, walltime.shown(found, expectation.zone).date()):
            seen = {found}
            yield found
        hour += step * HOUR


def _days(expectation: Expectation, at: datetime, *, forward: bool) -> Iterator[datetime]:
    """The expected instant of each day that has one, from around ``at`` on; a time that the clocks show twice is its first."""
    day = walltime.shown(at, expectation.zone).date() - (DAY if forward else -DAY)
    if expectation.frequency == Frequency.ONCE:
        yield from [walltime.first(datetime.combine(expectation.once_on, expectation.at), expectation.zone)] if expectation.once_on else []
        return
    while date(1990, 1, 1) <= day <= date(2200, 1, 1):
        if _runs_on(expectation, day):
            yield walltime.first(datetime.combine(day, expectation.at), expectation.zone)
        day += DAY if forward else -DAY


def _runs_on(expectation: Expectation, day: date) -> bool:
    if expectation.frequency == Frequency.MONTHLY:
        return day.day == expectation.day_of_month or (day.day < expectation.day_of_month and (day + DAY).day == 1)
    if expectation.frequency == Frequency.WEEKLY:
        return day.weekday() in (expectation.weekdays or {0})
    return day.weekday() in (expectation.weekdays or WEEKDAYS)
