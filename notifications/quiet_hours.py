"""When a person wants to be left in peace: pure functions of values, exact over both changes of the clocks.

Quiet hours begin and end at wall times of the person's zone and may run over midnight. In doubt the person can be
reached: a wall time that comes twice begins the quiet hours the second time and ends them the first time; one that
the clocks skip counts from the skip.
"""

from datetime import datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifications import walltime

_DAY: Final = timedelta(days=1)


def ends_at(quiet_from: time | None, quiet_until: time | None, zone_name: str, *, at: datetime) -> datetime | None:
    """When the quiet hours end in which ``at`` lies (UTC); None when it lies in none, or there are none.

    Two equal times are no quiet hours: nobody is silent for ever. An unknown zone counts as UTC.
    """
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return None
    zone = _zone(zone_name)
    today = at.astimezone(zone).date()
    for day in (today - _DAY, today):
        begin = walltime.last(datetime.combine(day, quiet_from), zone)
        end = walltime.first(datetime.combine(day if quiet_from < quiet_until else day + _DAY, quiet_until), zone)
        if begin <= at < end:
            return end
    return None


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
