"""Who is on call, and when: pure functions of values, no clock and no database.

A schedule has layers; the later ones win, and overrides win over all. A layer is a rotation: its members take turns, and each
turn begins where the one before ends, so that a layer without limits leaves no gap and has no overlap, whatever the clocks do:
a hand-off at a wall time that occurs twice is at its first occurrence, one that the clocks skip is at the jump. A layer may be
limited to hours, weekdays and public holidays; outside of them the layers beneath it count. A limit begins at the first
occurrence of its wall time and ends at the last.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from notifications.enums import HolidayRule, RotationKind
from notifications.walltime import first, last, shown

DAY: Final = timedelta(days=1)
INSTANT: Final = timedelta(microseconds=1)
WORKING_DAYS: Final = 5
_STEP: Final = {RotationKind.HOURLY: timedelta(hours=1), RotationKind.DAILY: DAY, RotationKind.WEEKLY: 7 * DAY}


class Shift(NamedTuple):
    """One person on call without a break. ``layer`` is the name of the layer; None: an override."""

    starts_at: datetime
    ends_at: datetime
    recipient: str
    layer: str | None


class Override(NamedTuple):
    """Somebody who is on call whatever the layers say."""

    starts_at: datetime
    ends_at: datetime
    recipient: str


class Handoff(NamedTuple):
    """A change of person. ``off`` went off call, ``on`` came on; None: nobody."""

    at: datetime
    off: str | None
    on: str | None


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation of ``members`` (recipient ids, in their order), in force from ``starts_on`` at ``handoff_time``.

    A turn lasts ``length`` hours, days, weeks or working days. ``handoff_weekday`` (0: Monday) counts for weekly ones.
    Turns by working days change from Monday to Friday only: Friday's lasts over the weekend. With ``hours_from`` and
    ``hours_until`` a day's window may go over midnight; ``weekdays`` (empty: all) and ``holidays`` look at the day on which the
    window begins.
    """

    name: str
    kind: RotationKind
    starts_on: date
    members: tuple[str, ...]
    length: int = 1
    handoff_time: time = time(9)
    handoff_weekday: int = 0
    hours_from: time | None = None
    hours_until: time | None = None
    weekdays: frozenset[int] = frozenset()
    holiday_rule: HolidayRule = HolidayRule.ANY
    holidays: Container[date] = ()

    @property
    def limited(self) -> bool:
        """Whether it leaves gaps."""
        return self.hours_from is not None or bool(self.weekdays) or self.holiday_rule != HolidayRule.ANY

    def counts_on(self, day: date) -> bool:
        """Whether the window that begins on ``day`` is this layer's."""
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        return self.holiday_rule == HolidayRule.ANY or (day in self.holidays) == (self.holiday_rule == HolidayRule.ONLY)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers, the lowest first, in the wall time of ``zone``; of two overrides at one time the later in the list wins."""

    zone: ZoneInfo
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()


def who_is_on_call(schedule: Schedule, at: datetime) -> Shift | None:
    """The shift at the instant ``at``, from its beginning to its end; None when nobody is on call."""
    found = shifts_between(schedule, at, at + INSTANT)
    return found[0] if found else None


def shifts_between(schedule: Schedule, since: datetime, until: datetime) -> list[Shift]:
    """Every shift of which some part lies in ``since`` … ``until``, whole, in order. No two of them overlap."""
    if since >= until:
        return []
    layers = [layer for layer in schedule.layers if layer.members]
    near = [override for override in schedule.overrides if override.starts_at < until and override.ends_at > since]
    low, high = min([since, *(o.starts_at for o in near)]), max([until, *(o.ends_at for o in near)])
    for layer in layers:  # a turn is known whole only with what lies over it to its ends
        low, high = min(low, _turn_start(layer, schedule.zone, since)), max(high, _turn_end(layer, schedule.zone, until))
    found: list[Shift] = []
    for layer in layers:
        found = _overlay(found, _layer_shifts(layer, schedule.zone, low, high))
    found = _overlay(found, _override_shifts([o for o in schedule.overrides if o.starts_at < high and o.ends_at > low]))
    return [shift for shift in found if shift.starts_at < until and shift.ends_at > since]


def handoffs_between(schedule: Schedule, since: datetime, until: datetime) -> list[Handoff]:
    """Every change of person after ``since`` up to and at ``until``, in order. A new turn of the same person is none."""
    shifts = shifts_between(schedule, since, until + INSTANT)
    found: list[Handoff] = []
    before: Shift | None = None
    for shift in shifts:
        if before is None or before.ends_at < shift.starts_at:
            if before is not None:
                found.append(Handoff(before.ends_at, before.recipient, None))
            found.append(Handoff(shift.starts_at, None, shift.recipient))
        elif before.recipient != shift.recipient:
            found.append(Handoff(shift.starts_at, before.recipient, shift.recipient))
        before = shift
    if before is not None:
        found.append(Handoff(before.ends_at, before.recipient, None))
    return [each for each in found if since < each.at <= until]


def _layer_shifts(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> list[Shift]:
    """The layer's own shifts that touch ``since`` … ``until``."""
    turns = list(_turns(layer, zone, since, until))
    if not layer.limited or not turns:
        return turns
    windows = _windows(layer, zone, turns[0].starts_at, turns[-1].ends_at)
    found, number = [], 0
    for turn in turns:
        while number < len(windows) and windows[number][1] <= turn.starts_at:
            number += 1
        following = number
        while following < len(windows) and windows[following][0] < turn.ends_at:
            start, end = windows[following]
            found.append(Shift(max(start, turn.starts_at), min(end, turn.ends_at), turn.recipient, turn.layer))
            following += 1
    return found


def _turns(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Shift]:
    """The turns that touch ``since`` … ``until``, each beginning where the one before ends."""
    number = _number(layer, zone, since)
    begin = max(_begins(layer, zone), first(_wall(layer, number), zone))
    while begin < until:
        end = first(_wall(layer, number + 1), zone)
        if end > begin:  # the clocks may skip a whole short turn
            yield Shift(begin, end, layer.members[number % len(layer.members)], layer.name)
        begin, number = end, number + 1


def _begins(layer: Layer, zone: ZoneInfo) -> datetime:
    return first(datetime.combine(layer.starts_on, layer.handoff_time), zone)


def _turn_start(layer: Layer, zone: ZoneInfo, at: datetime) -> datetime:
    return first(_wall(layer, _number(layer, zone, at)), zone)


def _turn_end(layer: Layer, zone: ZoneInfo, at: datetime) -> datetime:
    return first(_wall(layer, _number(layer, zone, at) + 1), zone)


def _number(layer: Layer, zone: ZoneInfo, at: datetime) -> int:
    """The number of the turn at ``at``; 0 before there was any."""
    wall = shown(at, zone)
    anchor = _wall(layer, 0)
    if layer.kind == RotationKind.WEEKDAYS:
        monday, begun = _first_working_day(layer)
        week, day = divmod((wall - datetime.combine(monday, layer.handoff_time)) // DAY, 7)
        number = (week * WORKING_DAYS + min(day, WORKING_DAYS - 1) - begun) // layer.length
    else:
        number = (wall - anchor) // (_STEP[layer.kind] * layer.length)
    while first(_wall(layer, number), zone) > at:
        number -= 1
    while first(_wall(layer, number + 1), zone) <= at:
        number += 1
    return max(0, number)


def _wall(layer: Layer, number: int) -> datetime:
    """The wall time at which turn ``number`` begins; turn 0 is the one in which the layer comes into force."""
    if layer.kind == RotationKind.WEEKDAYS:
        monday, begun = _first_working_day(layer)
        week, day = divmod(begun + number * layer.length, WORKING_DAYS)
        return datetime.combine(monday + timedelta(weeks=week, days=day), layer.handoff_time)
    day_of_first = layer.starts_on
    if layer.kind == RotationKind.WEEKLY:
        day_of_first -= timedelta(days=(layer.starts_on.weekday() - layer.handoff_weekday) % 7)
    return datetime.combine(day_of_first, layer.handoff_time) + number * layer.length * _STEP[layer.kind]


def _first_working_day(layer: Layer) -> tuple[date, int]:
    """The Monday of the week in which the layer begins, and the working day (0: Monday) on which turn 0 began."""
    weekday = layer.starts_on.weekday()
    return layer.starts_on - timedelta(days=weekday), min(weekday, WORKING_DAYS - 1)


def _windows(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """When the layer counts between two instants; windows that touch are one."""
    opens, closes = layer.hours_from or time(), layer.hours_until or time()
    found: list[tuple[datetime, datetime]] = []
    day, final = shown(since, zone).date() - DAY, shown(until, zone).date()
    while day <= final:
        if layer.counts_on(day):
            start = first(datetime.combine(day, opens), zone)
            end = last(datetime.combine(day if closes > opens else day + DAY, closes), zone)
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            elif start < end:
                found.append((start, end))
        day += DAY
    return found


def _override_shifts(overrides: Sequence[Override]) -> list[Shift]:
    """Overrides as shifts that do not overlap: the later in the list wins."""
    shifts = [Shift(o.starts_at, o.ends_at, o.recipient, None) for o in overrides if o.starts_at < o.ends_at]
    by_start = sorted(shifts)
    if all(one.ends_at <= other.starts_at for one, other in pairwise(by_start)):
        return by_start
    found: list[Shift] = []
    for shift in shifts:
        found = _overlay(found, [shift])
    return found


def _overlay(beneath: list[Shift], above: list[Shift]) -> list[Shift]:
    """``above``, and of ``beneath`` what it leaves uncovered; each list, and the answer, in order and without overlaps."""
    if not beneath or not above:
        return beneath or above
    left: list[Shift] = []
    number = 0
    for shift in beneath:
        start, end, recipient, layer = shift
        while number < len(above) and above[number].ends_at <= start:
            number += 1
        following = number
        while following < len(above) and above[following].starts_at < end:
            if above[following].starts_at > start:
                left.append(Shift(start, above[following].starts_at, recipient, layer))
            start = above[following].ends_at
            following += 1
        if start < end:
            left.append(Shift(start, end, recipient, layer))
    return sorted(left + above)
