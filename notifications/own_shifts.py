"""A person's own shifts, and handing them over: an override in the name of whoever takes it, or two when they swap.

Anybody may give away what is theirs, to somebody who takes turns in the same schedule. Whoever may make overrides may give it to everybody.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pydantic import BaseModel

from notifications import book, dispatch, duty, oncall
from notifications.enums import Reason, Urgency
from notifications.message import Message, Order
from notifications.models import OnCallOverride, OnCallSchedule, Recipient
from notifications.schedule_config import Instant, OverrideForm, describe_override, describe_shift, save_override
from notifications.walltime import shown
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.problems import Problem, invalid

DAYS, MOST_DAYS = 30, 92
OVERRIDE: Final = "notifications.add_oncalloverride"
TELL_WITHIN: Final = timedelta(hours=12)
PRIORITY: Final = 3
MOST_TAKERS: Final = 200
SHORTEST: Final = timedelta(minutes=15)
MOST_AHEAD: Final = 300
"""So many overrides of one schedule may lie ahead before nobody hands anything over any more: each is read whenever somebody is called."""


class Span(BaseModel):
    """A shift, or a part of one."""

    model_config = STRICT

    starts_at: Instant
    ends_at: Instant


class HandOverForm(Span):
    """Which of your shifts, or which part of it, ``recipient`` takes; ``in_exchange``: which of theirs you take for it."""

    recipient: UUID
    in_exchange: Span | None = None


class Held(NamedTuple):
    """A shift in a schedule."""

    schedule: OnCallSchedule
    shift: oncall.Shift


def of_user(user: User) -> Recipient:
    """The recipient who ``user`` is. Raises a 409 Problem when they are none."""
    found = Recipient.objects.filter(user=user).first()
    if found is None:
        raise Problem(409, _("You are no recipient yet, so you have no shifts. Ask an administrator to make you one."))
    return found


def upcoming(person: Recipient, *, at: datetime, days: int = DAYS) -> list[Held]:
    """The shifts of ``person`` that are running at ``at`` or begin within ``days``, the first one first."""
    rows = list(duty.schedules())
    found = duty.shifts(rows, since=at, until=at + timedelta(days=days)) if rows else {}
    held = [Held(row, shift) for row in rows for shift in found[str(row.pk)] if shift.recipient == str(person.pk)]
    return sorted(held, key=lambda each: (each.shift.starts_at, each.schedule.name))


def takers(schedule: OnCallSchedule, giver: Recipient, by: User) -> QuerySet[Recipient]:
    """To whom ``by`` may give the shifts of ``giver`` in ``schedule``, by name."""
    others = Recipient.objects.filter(active=True).exclude(pk=giver.pk).order_by("name", "id")
    if by.has_perm(OVERRIDE):
        return others
    members = OnCallSchedule.objects.filter(pk=schedule.pk).values("rotations__members__recipient")
    return others.filter(pk__in=members)


def hand_over(schedule: OnCallSchedule, form: HandOverForm, *, by: User, at: datetime) -> list[OnCallOverride]:
    """Give a shift of ``by`` away, and take another for it if they swap. Both are told at once. Returns the overrides.

    Two who hand over in one schedule wait for each other. Raises a Problem: 409 when the shift is not theirs (any more), 422 for
    somebody who cannot take it, or for somebody unreachable who would swap.
    """
    giver = of_user(by)
    taker = takers(schedule, giver, by).filter(pk=form.recipient).first()
    if taker is None:
        raise invalid([(("body", "recipient"), _("takes no turns in this schedule; choose somebody who does, or ask whoever plans it"))])
    if not _reached(taker):
        raise invalid([(("body", "recipient"), _("cannot be reached by any contact method now, so an alert would reach nobody"))])
    if form.in_exchange is not None and not _reached(giver):
        said = _("would be yours, and no contact method reaches you now, so an alert would reach nobody")
        raise invalid([(("body", "in_exchange"), said)])
    with transaction.atomic():
        OnCallSchedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
        if OnCallOverride.objects.filter(schedule=schedule, ends_at__gt=at).count() >= MOST_AHEAD:
            said = _("%(schedule)s has %(n)s overrides ahead already. Ask whoever plans it to change its layers.")
            raise Problem(409, said % {"schedule": schedule.name, "n": MOST_AHEAD})
        moves = [_move(schedule, form, giver, taker, at=at)]
        if form.in_exchange is not None:
            moves.append(_move(schedule, form.in_exchange, taker, giver, at=at))
        made = [_override(schedule, to, span) for span, _giver, to in moves]
        _tell(schedule, moves, made, at=at)
    return made


def listed(by: User, *, at: datetime, days: int) -> dict[str, Any]:
    """The shifts of ``by`` as REST answers them; none for who is no recipient."""
    person = Recipient.objects.filter(user=by).first()
    return describe(upcoming(person, at=at, days=days), by, person) if person else {"items": [], "takers": {}}


def describe(held: Iterable[Held], by: User, giver: Recipient) -> dict[str, Any]:
    """As REST answers it: the shifts, and for each schedule who may take them."""
    found = list(held)
    schedules = {str(each.schedule.pk): each.schedule for each in found}
    named = [(each, {"schedule": str(each.schedule.pk), "schedule_name": each.schedule.name}) for each in found]
    return {
        "items": [describe_shift(each.shift) | names for each, names in named],
        "takers": {pk: _named(takers(schedule, giver, by)[:MOST_TAKERS]) for pk, schedule in schedules.items()},
    }


def _reached(person: Recipient) -> bool:
    """Whether a message can be sent to ``person`` now."""
    return person.active and any(book.can_send(method) for method in person.contact_methods.defer("address", "secret"))


def _named(people: Iterable[Recipient]) -> list[dict[str, str]]:
    return [{"id": str(person.pk), "name": person.name} for person in people]


def describe_made(made: Sequence[OnCallOverride]) -> dict[str, Any]:
    """The overrides that a hand-over made."""
    return {"overrides": [describe_override(each) for each in made]}


_Move = tuple[Span, Recipient, Recipient]
"""When, from whom, to whom."""


def _move(schedule: OnCallSchedule, span: Span, giver: Recipient, taker: Recipient, *, at: datetime) -> _Move:
    """``span``, what is left of it at ``at``, when all of it is the giver's. Raises a Problem."""
    starts_at = max(span.starts_at, at)
    if span.ends_at <= starts_at:
        raise invalid([(("body", "ends_at"), _("must be after starts_at, and not be over already"))])
    if span.ends_at - starts_at > timedelta(days=MOST_DAYS):
        raise invalid([(("body", "ends_at"), _("is more than %(n)s days after starts_at") % {"n": MOST_DAYS})])
    row = duty.schedules().get(pk=schedule.pk)
    found = duty.shifts([row], since=starts_at, until=span.ends_at)[str(row.pk)]
    own = [shift for shift in found if shift.recipient == str(giver.pk) and shift.starts_at <= starts_at and span.ends_at <= shift.ends_at]
    if not own:
        said = _("%(person)s is not on call in %(schedule)s for all of that time (any more). Look at the shifts again.")
        raise Problem(409, said % {"person": giver.name, "schedule": schedule.name})
    if span.ends_at - starts_at < SHORTEST and (starts_at, span.ends_at) != (max(own[0].starts_at, at), own[0].ends_at):
        said = _("must be %(n)s minutes after starts_at or later, or all that is left")
        raise invalid([(("body", "ends_at"), said % {"n": SHORTEST.seconds // 60})])
    return Span(starts_at=starts_at, ends_at=span.ends_at), giver, taker


def _override(schedule: OnCallSchedule, taker: Recipient, span: Span) -> OnCallOverride:
    override = OnCallOverride(schedule=schedule)
    save_override(override, OverrideForm(starts_at=span.starts_at, ends_at=span.ends_at, recipient=taker.pk))
    return override


def _tell(schedule: OnCallSchedule, moves: Sequence[_Move], made: Sequence[OnCallOverride], *, at: datetime) -> None:
    """Tell whoever is on call now and did not know, in their own time."""
    orders = []
    for (span, giver, taker), override in zip(moves, made, strict=True):
        zone = duty.zone(taker.time_zone)
        since, until = (f"{shown(instant, zone):%Y-%m-%d %H:%M}" for instant in (span.starts_at, span.ends_at))
        told = {"schedule": schedule.name, "comes": True, "given": True, "other": giver.name, "since": since, "until": until}
        message = Message(
            reason=Reason.HANDOFF, urgency=Urgency.NORMAL, priority=PRIORITY, context={"handoff": told}, label=schedule.name,
            expires_at=at + TELL_WITHIN,
        )  # fmt: skip
        orders.append(Order(f"schedule:{schedule.pk}", f"given:{override.pk}", message, recipients=frozenset({str(taker.pk)})))
    dispatch.tell(orders, at=at)
