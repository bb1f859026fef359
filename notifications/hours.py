"""Hours of the day in which something counts: pure, exact over both changes of the clocks.

A window is the stretch between two instants: from the first time the clocks of the place show its start, to the last time they
show its end. So an hour that comes twice belongs to it as a whole, and one that the clocks skip shortens it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from notifications import walltime

_DAY: Final = timedelta(days=1)
_NEAR: Final = timedelta(hours=12)
"""So far from an instant every edge is one of the windows that begin on its day, the two days before, or the day after."""


@dataclass(frozen=True, slots=True)
class Hours:
    """From ``starts`` to ``ends`` of the clocks in ``zone`` (over midnight when ``ends`` is not later), on ``weekdays``.

    Without ``starts`` and ``ends``: whole days. ``weekdays``: 0 is Monday, empty means all; a window belongs to the day it begins on.
    """

    zone: ZoneInfo
    starts: time | None = None
    ends: time | None = None
    weekdays: frozenset[int] = frozenset()

    @property
    def always(self) -> bool:
        """Whether there is no moment outside of it."""
        return self.starts in (None, self.ends) and len(self.weekdays) in (0, 7)

    def contain(self, at: datetime) -> bool:
        """Whether the instant ``at`` lies within."""
        return self.always or any(since <= at < until for since, until in self._near(at, (0, -1)))

    def edges(self, at: datetime) -> tuple[datetime, datetime]:
        """From when until when ``contain`` answers what it answers for ``at``; it may do so for longer."""
        found = [edge for window in self._near(at, (-2, -1, 0, 1)) for edge in window]
        since = max((edge for edge in found if edge <= at), default=at - _NEAR)
        until = min((edge for edge in found if edge > at), default=at + _NEAR)
        return max(since, at - _NEAR), min(until, at + _NEAR)

    def _near(self, at: datetime, days: Iterable[int]) -> Iterator[tuple[datetime, datetime]]:
        """The windows that begin on the day of ``at``, moved by ``days``."""
        today = walltime.shown(at, self.zone).date()
        for day in (today + number * _DAY for number in days):
            if not self.weekdays or day.weekday() in self.weekdays:
                yield self._on(day)

    def _on(self, day: date) -> tuple[datetime, datetime]:
        starts, ends = self.starts or time(), self.ends or time()
        until = datetime.combine(day if ends > starts else day + _DAY, ends)
        since = walltime.first(datetime.combine(day, starts), self.zone)
        # A whole day ends where the next one begins, also where midnight comes twice.
        return since, walltime.first(until, self.zone) if starts == ends else walltime.last(until, self.zone)


class _Known(NamedTuple):
    """Which hours are open from ``since`` to ``until``."""

    since: datetime
    until: datetime
    open: frozenset[Hours]


class Timetable:
    """Several hours, asked again and again which of them are open: worked out only when one of them opens or closes.

    Any number of threads may ask for any instants.
    """

    def __init__(self, hours: Iterable[Hours]) -> None:
        self._hours = frozenset(hours)
        self._known: _Known | None = None

    def __bool__(self) -> bool:
        return bool(self._hours)

    def open_at(self, at: datetime) -> frozenset[Hours]:
        """The hours that contain ``at``; the same object for as long as nothing changes."""
        known = self._known
        if known is None or not known.since <= at < known.until:
            known = self._known = self._look(at)
        return known.open

    def _look(self, at: datetime) -> _Known:
        edges = [hours.edges(at) for hours in self._hours] or [(at, at)]
        found = frozenset(hours for hours in self._hours if hours.contain(at))
        return _Known(max(since for since, _ in edges), min(until for _, until in edges), found)
