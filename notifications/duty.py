"""Schedules as stored, read into the values of oncall.py, and who is on call in them.

A schedule that cannot be worked out never stops what asks about several: it is logged, and counts as one with nobody on call.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_noop

from notifications import oncall, public_holidays
from notifications.enums import HolidayRule, RotationKind
from notifications.models import OnCallOverride, OnCallSchedule, Rotation, RotationMember

AROUND: Final = timedelta(days=366)
"""How far around a range overrides are read, so that the shifts at its edges are known whole."""
logger = logging.getLogger(__name__)


class OnDuty(NamedTuple):
    """Who is on call in the schedule called ``schedule``: a recipient's id. None: nobody, for the reason ``why``."""

    schedule: str
    recipient: str | None
    why: str = ""


def schedules() -> QuerySet[OnCallSchedule]:
    """Schedules with their layers and members, without their overrides: three statements."""
    members = Prefetch("members", RotationMember.objects.order_by("position", "id"))
    return OnCallSchedule.objects.prefetch_related(Prefetch("rotations", Rotation.objects.prefetch_related(members)))


def read(rows: Sequence[OnCallSchedule], *, since: datetime, until: datetime, around: timedelta = AROUND) -> dict[str, oncall.Schedule]:
    """Each of ``rows`` (from ``schedules()``) as a value, by its id, with the overrides in and ``around`` the range: one statement."""
    near = OnCallOverride.objects.filter(schedule__in=rows, starts_at__lt=until + around, ends_at__gt=since - around)
    overrides: dict[str, list[oncall.Override]] = {str(row.pk): [] for row in rows}
    for each in near.order_by("created_at", "id"):
        overrides[str(each.schedule_id)].append(oncall.Override(each.starts_at, each.ends_at, str(each.recipient_id)))
    return {str(row.pk): value(row, overrides[str(row.pk)]) for row in rows}


def value(row: OnCallSchedule, overrides: Iterable[oncall.Override] = ()) -> oncall.Schedule:
    """``row`` (with its rotations and members) as a value."""
    return oncall.Schedule(zone(row.time_zone), tuple(_layer(rotation) for rotation in row.rotations.all()), tuple(overrides))


def on_call(ids: Iterable[str], *, at: datetime) -> dict[str, OnDuty]:
    """Who is on call at ``at`` in each schedule of ``ids``: four statements, none when there are no ids."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = {pk: OnDuty("an on-call schedule", None, gettext_noop("was deleted")) for pk in wanted}
    rows = list(schedules().filter(pk__in=wanted))
    values = read(rows, since=at, until=at + oncall.INSTANT, around=timedelta())
    for row in rows:
        found[str(row.pk)] = _on_duty(row, values[str(row.pk)], at=at)
    return found


def shifts(rows: Sequence[OnCallSchedule], *, since: datetime, until: datetime) -> dict[str, list[oncall.Shift]]:
    """The shifts of each of ``rows`` (from ``schedules()``) that touch the range, by its id: one statement."""
    values = read(rows, since=since, until=until)
    return {str(row.pk): _shifts(row, values[str(row.pk)], since, until) for row in rows}


def _shifts(row: OnCallSchedule, schedule: oncall.Schedule, since: datetime, until: datetime) -> list[oncall.Shift]:
    try:
        return oncall.shifts_between(schedule, since, until)
    except Exception:  # as above: it has nobody on call, and the others are still looked at
        logger.exception("the shifts of the schedule %s cannot be worked out", row)
        return []


def zone(name: str) -> ZoneInfo:
    """The time zone called ``name``; UTC, with a line in the log, when there is none any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        logger.error("there is no time zone %r; its schedule is read in UTC", name)
        return ZoneInfo("UTC")


def _on_duty(row: OnCallSchedule, schedule: oncall.Schedule, *, at: datetime) -> OnDuty:
    try:
        shift = oncall.who_is_on_call(schedule, at)
    except Exception:  # whatever is wrong with one schedule, the others and the groups of the step are still told
        logger.exception("nobody can say who is on call in the schedule %s", row)
        return OnDuty(row.name, None, gettext_noop("cannot be worked out; see the log"))
    return OnDuty(row.name, shift.recipient) if shift else OnDuty(row.name, None, gettext_noop("has nobody on call"))


def _layer(row: Rotation) -> oncall.Layer:
    return oncall.Layer(
        name=row.name, kind=RotationKind(row.kind), starts_on=row.starts_on, length=max(1, row.length),
        members=tuple(str(member.recipient_id) for member in row.members.all()),
        handoff_time=row.handoff_time, handoff_weekday=row.handoff_weekday,
        hours_from=row.hours_from, hours_until=row.hours_until, weekdays=frozenset(row.weekdays),
        holiday_rule=HolidayRule(row.holiday_rule), holidays=public_holidays.of(row.holiday_country),
    )  # fmt: skip
