"""What clocks on the wall show, and which instants that means: pure, exact over both changes of the clocks.

A wall time that occurs twice has a first and a last occurrence. One that the clocks skip is taken as the instant of the jump.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def shown(at: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in ``zone`` show at the instant ``at``, as a naive datetime."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def first(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which clocks in ``zone`` first show the naive ``wall``. It never decreases when ``wall`` grows."""
    steady = _steady(wall.date(), zone)
    if steady is not None:
        return (wall - steady).replace(tzinfo=UTC)
    before, after = _offsets(wall, zone)
    if after > before:
        return _jump(wall, zone, before, after)
    return (wall - before).replace(tzinfo=UTC)


def last(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which clocks in ``zone`` show the naive ``wall`` for the last time."""
    steady = _steady(wall.date(), zone)
    if steady is not None:
        return (wall - steady).replace(tzinfo=UTC)
    before, after = _offsets(wall, zone)
    if after > before:
        return _jump(wall, zone, before, after)
    return (wall - after).replace(tzinfo=UTC)


@lru_cache(maxsize=16_384)
def _steady(day: date, zone: ZoneInfo) -> timedelta | None:
    """The offset from UTC that holds all through ``day``; None when the clocks change on it, or may."""
    midnight = datetime.combine(day, time())
    found = {*_offsets(midnight, zone), *_offsets(midnight + timedelta(days=1), zone)}
    return found.pop() if len(found) == 1 else None


def _offsets(wall: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """The offsets from UTC before and after a change of the clocks at ``wall``; the same twice where there is none."""
    before, after = wall.replace(tzinfo=zone).utcoffset(), wall.replace(tzinfo=zone, fold=1).utcoffset()
    return before or timedelta(), after or timedelta()


def _jump(wall: datetime, zone: ZoneInfo, before: timedelta, after: timedelta) -> datetime:
    """The instant at which the clocks jump over ``wall``. Zones change at whole seconds."""
    low, high = ((wall - offset).replace(tzinfo=UTC, microsecond=0) for offset in (after, before))
    high += timedelta(seconds=1)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
