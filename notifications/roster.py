"""A month of a schedule, laid out in days for a page: pure."""

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifications.oncall import DAY, Schedule, Shift, shifts_between
from notifications.walltime import first, shown

COLOURS = 10
LISTED = 5
"""How many shifts a day names; the bar shows the rest."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A shift's part of one day. ``at``: when it begins there, empty when it goes on from the day before; shares in percent."""

    recipient: str
    name: str
    colour: int
    layer: str
    at: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the month's weeks."""

    day: date
    inside: bool
    today: bool
    pieces: tuple[Piece, ...]
    gap: bool

    @property
    def listed(self) -> tuple[Piece, ...]:
        """The pieces that are named."""
        return self.pieces[:LISTED]

    @property
    def more(self) -> int:
        """How many are not."""
        return max(0, len(self.pieces) - LISTED)


def month(schedule: Schedule, first_day: date, names: dict[str, str], *, at: datetime) -> list[list[Day]]:
    """The weeks (Monday first) that hold the month of ``first_day``. ``names``: by recipient, in the order of their colours."""
    weeks = Calendar().monthdatescalendar(first_day.year, first_day.month)
    zone = schedule.zone
    since, until = _midnight(weeks[0][0], zone), _midnight(weeks[-1][-1] + DAY, zone)
    shifts = shifts_between(schedule, since, until)
    colours = {recipient: number % COLOURS for number, recipient in enumerate(names)}
    today = shown(at, zone).date()
    return [
        [_day(day, shifts, zone, names, colours, inside=day.month == first_day.month, today=day == today) for day in week] for week in weeks
    ]


def neighbours(first_day: date) -> tuple[date, date]:
    """The first days of the months before and after."""
    return (first_day - DAY).replace(day=1), (first_day + timedelta(days=31)).replace(day=1)


def _day(
    day: date, shifts: Sequence[Shift], zone: ZoneInfo, names: dict[str, str], colours: dict[str, int], *, inside: bool, today: bool
) -> Day:
    start, end = _midnight(day, zone), _midnight(day + DAY, zone)
    pieces, covered = [], timedelta()
    for shift in shifts:
        begin, until = max(shift.starts_at, start), min(shift.ends_at, end)
        if begin < until:
            covered += until - begin
            pieces.append(Piece(
                shift.recipient, names.get(shift.recipient, "?"), colours.get(shift.recipient, 0), shift.layer or "override",
                f"{shown(begin, zone):%H:%M}" if shift.starts_at >= start else "",
                round(100 * ((begin - start) / (end - start)), 2), round(100 * ((until - begin) / (end - start)), 2),
            ))  # fmt: skip
    return Day(day, inside, today, tuple(pieces), gap=covered < end - start)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return first(datetime.combine(day, time()), zone)
