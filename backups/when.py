"""When an expected backup job runs, and which of its runs a report is about: from the job's row, pure."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from backups import expectations
from backups.enums import Frequency
from backups.expectations import Cycle, Expectation
from backups.held import Expected
from sentinel_site.lib.ages import precise


def expectation(job: Expected) -> Expectation:
    """When ``job`` is expected. A job that is pinged at any time (``period_seconds``) has none; see `following` and `about`.

    Raises ZoneInfoNotFoundError for a zone that was never validated.
    """
    return _expectation(
        job.backup_frequency, job.timezone, job.expected_hour_utc, job.expected_minute_utc, job.grace_minutes, tuple(job.weekdays),
        job.day_of_month, job.once_on, job.cron,
    )  # fmt: skip


def about(job: Expected, at: datetime) -> Cycle | None:
    """The run that something which ended at ``at`` is about; None before the first. A job pinged at any time: that instant itself."""
    return Spans().about(job, at)


def following(job: Expected, at: datetime) -> Cycle | None:
    """The first run expected after ``at``; None when there is none any more. A job pinged at any time: a period after ``at``."""
    return Spans().following(job, at)


def upcoming(job: Expected, at: datetime, *, count: int = 5) -> list[Cycle]:
    """The next ``count`` runs expected after ``at``; for a job pinged at any time the one that is due."""
    if job.period_seconds is not None:
        return [Cycle(at, job.next_expected_at, job.overdue_at)] if job.next_expected_at and job.overdue_at else []
    return list(islice(expectations.following(expectation(job), at), count))


def grace(job: Expected) -> str:
    """How long after its time a run is missing, in words."""
    return precise(job.grace_minutes * 60)


def delays(reports: Iterable[tuple[datetime, datetime | None]]) -> list[timedelta]:
    """How long after its expected time each run was reported, from pairs of both; without those that were not."""
    return [reported_at - expected_at for expected_at, reported_at in reports if reported_at is not None]


class _Span(NamedTuple):
    """What is reported in ``since`` ≤ time < ``until`` is about this run."""

    since: datetime
    until: datetime
    cycle: Cycle


class Spans:
    """`about` and `following` for many jobs, of which many are expected at the same times: each run is worked out once."""

    def __init__(self) -> None:
        # By identity: equal expectations are one object as long as the cache below holds it, and we hold it too.
        self._spans: dict[int, list[_Span]] = {}
        self._following: dict[tuple[int, datetime], Cycle | None] = {}
        self._held: list[Expectation] = []

    def about(self, job: Expected, at: datetime) -> Cycle | None:
        """See `about`."""
        if job.period_seconds is not None:
            return Cycle(at, at, at)
        expected = expectation(job)
        for span in self._spans.get(id(expected), ()):
            if span.since <= at < span.until:
                return span.cycle
        found = expectations.of(expected, at)
        if found is not None:
            after = self._after(expected, found.expected_at)
            until = after.opens_at if after else datetime.max.replace(tzinfo=at.tzinfo)
            self._spans.setdefault(id(expected), []).append(_Span(found.opens_at, until, found))
        return found

    def following(self, job: Expected, at: datetime) -> Cycle | None:
        """See `following`."""
        if job.period_seconds is not None:
            due_at = at + timedelta(seconds=job.period_seconds)
            return Cycle(at, due_at, due_at + timedelta(minutes=job.grace_minutes))
        return self._after(expectation(job), at)

    def _after(self, expected: Expectation, at: datetime) -> Cycle | None:
        key = (id(expected), at)
        if key not in self._following:
            self._held.append(expected)
            self._following[key] = next(expectations.following(expected, at), None)
        return self._following[key]


@lru_cache(maxsize=4096)
def _expectation(
    frequency: str, zone: str, hour: int, minute: int, grace: int, weekdays: tuple[int, ...], day: int, once_on: date | None, cron: str
) -> Expectation:  # fmt: skip
    return Expectation(
        Frequency(frequency), ZoneInfo(zone), time(hour, minute), timedelta(minutes=grace), frozenset(weekdays), day, once_on, cron
    )
