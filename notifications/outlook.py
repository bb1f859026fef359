"""What a page says of one schedule: who is on call now, who comes next, and its month."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from notifications import duty, oncall, roster
from notifications.models import OnCallSchedule, Recipient
from notifications.walltime import shown

AHEAD: Final = timedelta(days=62)
NEXT: Final = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A hand-off: the wall time in the schedule's zone, and the names; empty: nobody."""

    at: datetime
    off: str
    on: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """Wall times are those of the schedule's zone. ``now`` empty: nobody is on call. ``until`` None: nothing is planned."""

    now: str
    until: datetime | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """One month in weeks, and the people in it with the colours they have."""

    first_day: date
    before: date
    after: date
    weeks: list[list[roster.Day]]
    people: list[tuple[str, int]]


def of(schedule: OnCallSchedule, *, at: datetime) -> Outlook:
    """The outlook of ``schedule`` (from duty.schedules()) at ``at``: two statements."""
    value = duty.read([schedule], since=at, until=at + AHEAD)[str(schedule.pk)]
    shift, handoffs = oncall.who_is_on_call(value, at), oncall.handoffs_between(value, at, at + AHEAD)[:NEXT]
    ids = {each for handoff in handoffs for each in (handoff.off, handoff.on)} | {shift.recipient if shift else None}
    names = _names({pk for pk in ids if pk})
    until = shift.ends_at if shift else handoffs[0].at if handoffs else None
    changes = tuple(Change(shown(each.at, value.zone), names.get(each.off or "", ""), names.get(each.on or "", "")) for each in handoffs)
    return Outlook(names.get(shift.recipient, "?") if shift else "", until and shown(until, value.zone), changes)


def month(schedule: OnCallSchedule, first_day: date, *, at: datetime) -> Month:
    """The month of ``first_day``; people keep their colours: members of the layers first, in their order."""
    since = datetime.combine(first_day, datetime.min.time(), at.tzinfo)
    value = duty.read([schedule], since=since, until=since + timedelta(days=31))[str(schedule.pk)]
    ids = dict.fromkeys([member for layer in value.layers for member in layer.members] + [each.recipient for each in value.overrides])
    found = _names(set(ids))
    names = {pk: found.get(pk, "?") for pk in ids}
    weeks = roster.month(value, first_day, names, at=at)
    seen = {piece.recipient: piece.colour for week in weeks for day in week for piece in day.pieces}
    before, after = roster.neighbours(first_day)
    return Month(first_day, before, after, weeks, [(names[pk], seen[pk]) for pk in names if pk in seen])


def _names(ids: set[str]) -> dict[str, str]:
    return {str(pk): person.name for pk, person in Recipient.objects.in_bulk([UUID(each) for each in ids]).items()}
