"""The hours in which a rule looks: pure, exact over both changes of the clocks.

A window is the stretch between two instants: from the first time the clocks of the place show its start, to the last time they
show its end. So an hour that comes twice belongs to it as a whole, and one that the clocks skip shortens it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifications import walltime

_DAY = timedelta(days=1)


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
        return self.starts in (None, self.ends) and not self.weekdays

    def contain(self, at: datetime) -> bool:
        """Whether the instant ``at`` lies within."""
        return self.always or any(since <= at < until for since, until in self._near(at))

    def _near(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The windows that may hold ``at``: those that begin on its day, or on the day before."""
        today = walltime.shown(at, self.zone).date()
        for day in (today, today - _DAY):
            if not self.weekdays or day.weekday() in self.weekdays:
                yield self._on(day)

    def _on(self, day: date) -> tuple[datetime, datetime]:
        starts, ends = self.starts or time(), self.ends or time()
        until = datetime.combine(day if ends > starts else day + _DAY, ends)
        since = walltime.first(datetime.combine(day, starts), self.zone)
        # A whole day ends where the next one begins, also where midnight comes twice.
        return since, walltime.first(until, self.zone) if starts == ends else walltime.last(until, self.zone)
