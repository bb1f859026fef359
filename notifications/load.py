"""How long each person was on call, and how much of it at night, worked out from the schedules as they are now.

Whoever is on call in several schedules at once is so once. A night is from 22 to 7 by the person's own clock, exact over both changes of
the clocks. Shifts are worked out in pieces of 30 days, which are remembered for as long as the schedule says the same.
"""

import logging
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from notifications import duty
from notifications.enums import RotationKind
from notifications.models import Recipient
from notifications.oncall import DAY, Layer, Schedule, shifts_between
from notifications.walltime import first, last, shown
from sentinel_site.lib.rolling.rollup import starts
from sentinel_site.lib.rolling.steps import MONTH

NIGHT_FROM, NIGHT_UNTIL = time(22), time(7)
MOST_TURNS: Final = 100_000
"""Of all schedules; some 10 µs each when they are worked out for the first time."""
PIECE: Final = timedelta(seconds=MONTH)
Pieces = Mapping[str, "array[float]"]
"""By recipient: begin and end of each time on call, one after the other, as seconds since 1970."""
Spell = tuple[float, float]
logger = logging.getLogger(__name__)


class Load(NamedTuple):
    """Seconds on call, and those of them at night."""

    seconds: float
    night_seconds: float


def on_call(since: datetime, until: datetime) -> dict[str, Load] | None:
    """The load of everybody who was on call at all between two instants, by recipient: five statements.

    None when that would take more than MOST_TURNS. A schedule that cannot be worked out counts as one with nobody on call.
    """
    rows = list(duty.schedules())
    values = list(duty.read(rows, since=since, until=until, around=PIECE).values()) if since < until else []
    if sum(map(_turns, values, [until - since] * len(values))) > MOST_TURNS:
        return None
    spells: dict[str, list[Spell]] = {}
    for row, value in zip(rows, values, strict=False):
        for person, found in _of(str(row), value, since, until):
            spells.setdefault(person, []).extend(zip(found[::2], found[1::2], strict=True))
    zones = {str(pk): name for pk, name in Recipient.objects.filter(pk__in=spells).values_list("pk", "time_zone")}
    nights = {name: list(_nights(duty.zone(name), since, until)) for name in set(zones.values())}
    ends = (since.timestamp(), until.timestamp())
    loads = {person: load(each, nights.get(zones.get(person, ""), ()), *ends) for person, each in spells.items()}
    return {person: found for person, found in loads.items() if found.seconds > 0}


def load(spells: Iterable[Spell], nights: Sequence[Spell], since: float, until: float) -> Load:
    """What ``spells`` make together between two instants; they may overlap, ``nights`` may not and are in order. Pure."""
    whole = dark = 0.0
    night, passed = 0, since
    for begin, end in sorted(spells):
        at, end = max(begin, passed), min(end, until)
        if at >= end:
            continue
        whole, passed = whole + end - at, end
        while night < len(nights) and nights[night][1] <= at:
            night += 1
        following = night
        while following < len(nights) and nights[following][0] < end:
            dark += min(end, nights[following][1]) - max(at, nights[following][0])
            following += 1
    return Load(whole, dark)


def _turns(value: Schedule, length: timedelta) -> float:
    """How many turns and windows there are to work out, about."""
    return len(value.overrides) + sum(_a_day(layer) for layer in value.layers) * (length / DAY)


def _a_day(layer: Layer) -> float:
    units = {RotationKind.HOURLY: 24.0, RotationKind.WEEKLY: 1 / 7}.get(layer.kind, 1.0)
    return units / layer.length + layer.limited


def _of(name: str, value: Schedule, since: datetime, until: datetime) -> list[tuple[str, "array[float]"]]:
    try:
        return [each for at in starts(since, until, MONTH) for each in _piece(_near(value, at), at).items()]
    except Exception:  # as in duty.py: it has nobody on call, and the others are still looked at
        logger.exception("the hours on call in the schedule %s cannot be worked out", name)
        return []


def _near(value: Schedule, at: datetime) -> Schedule:
    """The schedule with the overrides that touch the piece that begins at ``at``: others do not matter there."""
    return Schedule(value.zone, value.layers, tuple(each for each in value.overrides if each.starts_at < at + PIECE and each.ends_at > at))


@lru_cache(maxsize=4096)
def _piece(value: Schedule, at: datetime) -> Pieces:
    """Who is on call in the 30 days from ``at``, cut to them. Neighbouring turns of one person are one."""
    found: dict[str, array[float]] = {}
    for shift in shifts_between(value, at, at + PIECE):
        begin, end = max(shift.starts_at, at).timestamp(), min(shift.ends_at, at + PIECE).timestamp()
        times = found.setdefault(shift.recipient, array("d"))
        if times and times[-1] == begin:
            times[-1] = end
        else:
            times.extend((begin, end))
    return found


def _nights(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Spell]:
    day, final = shown(since, zone).date() - DAY, shown(until, zone).date()
    while day <= final:
        begin, end = first(datetime.combine(day, NIGHT_FROM), zone), last(datetime.combine(day + DAY, NIGHT_UNTIL), zone)
        yield begin.timestamp(), end.timestamp()
        day += DAY
