"""Proof that somebody can be called: the stretches of time in which a P1 would reach nobody.

A P1 may be raised at any instant. It reaches nobody when none of its policy's steps, nor the last resort, finds anyone who
can be told at the instant that step is taken. Who can be told is asked of the outbox's own book, who is on call of the
schedules; so it is a matter of intervals, exact to the second, and costs the same however short the turns are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from alerts import describe, policies, routing
from alerts.enums import Priority
from alerts.models import PolicySnapshot
from alerts.plan import Plan, Targets
from notifications import dispatch, duty, oncall
from notifications.book import Call
from notifications.enums import Reason, Urgency
from notifications.message import Message, Order

DAYS: Final = 14
GROUP: Final = "group:"


class Span(NamedTuple):
    """From ``since`` to ``until``, which it does not hold itself."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a P1 under ``policy`` would reach nobody, and the reasons."""

    policy: str
    span: Span
    why: tuple[str, ...]


def gaps(*, since: datetime, until: datetime) -> list[Gap]:
    """The gaps of every policy that a P1 may get, the earliest first. Changes nothing."""
    plans = [(snapshot.name, policies.plan_of(snapshot)) for snapshot in _in_use()]
    looked_at = Span(since, until + max((_longest(plan) for _, plan in plans), default=timedelta()))
    reach = _Reach.read([targets for _, plan in plans for _, targets in _moments(plan)], looked_at)
    found = []
    for name, plan in plans:
        silent = [Span(since, until)]
        for delay, targets in _moments(plan):
            nobody = [Span(gap.since - delay, gap.until - delay) for gap in reach.nobody(targets)]
            silent = _overlap(silent, nobody)
        found += [Gap(name, span, reach.reasons(plan)) for span in silent]
    return sorted(found, key=lambda gap: (gap.span.since, gap.policy))


def describe_gap(gap: Gap) -> dict[str, Any]:
    """``gap`` as api.md answers it. ``minutes`` counts begun ones."""
    seconds = (gap.span.until - gap.span.since).total_seconds()
    return {
        "starts_at": describe.instant(gap.span.since), "ends_at": describe.instant(gap.span.until), "minutes": int(-(-seconds // 60)),
        "policy": gap.policy, "why": list(gap.why),
    }  # fmt: skip


def _in_use() -> list[PolicySnapshot]:
    """The policies that a P1 may get: of sources, and of routes that do not make it something less."""
    table = routing.table()
    wanted = {source.policy_id for source in table.sources.values()}
    wanted |= {rule.policy for rule in table.rules if rule.priority in (None, Priority.P1)}
    return [snapshot for pk, snapshot in table.snapshots.items() if pk in wanted]


def _moments(plan: Plan) -> list[tuple[timedelta, Targets]]:
    """Each step of ``plan``, and its last resort: how long after the alert, and who is meant."""
    steps = [(step.delay, step.targets) for step in plan.steps]
    return [*steps, (plan.steps[-1].delay + plan.last_resort_after, plan.last_resort)]


def _longest(plan: Plan) -> timedelta:
    return max(delay for delay, _ in _moments(plan))


class _Reach:
    """Who of all those meant can be told, and when each schedule has such a one."""

    def __init__(
        self, span: Span, calls: Mapping[str, Sequence[Call]], shifts: Mapping[str, Sequence[oncall.Shift]], names: Mapping[str, str]
    ) -> None:
        self._span, self._calls, self._shifts, self._names = span, calls, shifts, names

    @classmethod
    def read(cls, meant: Sequence[Targets], span: Span) -> "_Reach":
        """Nine statements, however many policies, schedules and people there are."""
        rows = list(duty.schedules().filter(pk__in={pk for targets in meant for pk in targets.schedules}))
        shifts = duty.shifts(rows, since=span.since, until=span.until)
        on_call = {shift.recipient for each in shifts.values() for shift in each}
        asked = sorted(set().union(on_call, *(_named(targets) for targets in meant)))
        calls = dispatch.plan([_order(name) for name in asked], at=span.since)
        return cls(span, dict(zip(asked, calls, strict=True)), shifts, {str(row.pk): row.name for row in rows})

    def nobody(self, targets: Targets) -> list[Span]:
        """When nobody of ``targets`` can be told."""
        if any(self._reaches(name) for name in _named(targets)):
            return []
        shifts = [shift for pk in targets.schedules for shift in self._shifts.get(pk, [])]
        return rest(self._span, [Span(shift.starts_at, shift.ends_at) for shift in shifts if self._reaches(shift.recipient)])

    def reasons(self, plan: Plan) -> tuple[str, ...]:
        """Why those whom ``plan`` means cannot be told, in the reader's language."""
        found: list[str] = []
        for _delay, targets in _moments(plan):
            for name in sorted(_named(targets)):
                found += [f"{call.name} {call.reason}" for call in self._calls[name] if call.why] or [_missing(name)]
            names = [self._names.get(pk, pk) for pk in sorted(targets.schedules)]
            found += [_("the schedule %(schedule)s has nobody who can be told") % {"schedule": each} for each in names]
        return tuple(dict.fromkeys(found)) or (_("its steps name nobody"),)

    def _reaches(self, name: str) -> bool:
        return any(call.ways for call in self._calls[name])


def _missing(name: str) -> str:
    if name.startswith(GROUP):
        return _("the group %(group)s has nobody") % {"group": name.removeprefix(GROUP)}
    return _("a recipient was deleted")


def _named(targets: Targets) -> set[str]:
    """The people (ids) and groups (slugs, marked as such) of ``targets``."""
    return {*targets.recipients, *(GROUP + slug for slug in targets.groups)}


def _order(name: str) -> Order:
    """A P1 to one person or one group."""
    message = Message(reason=Reason.FIRST, urgency=Urgency.HIGH, priority=Priority.P1, context={})
    group = frozenset([name.removeprefix(GROUP)]) if name.startswith(GROUP) else frozenset[str]()
    return Order(thread="reachability", key=name, message=message, groups=group, recipients=frozenset() if group else frozenset([name]))


def rest(whole: Span, covered: Iterable[Span]) -> list[Span]:
    """What of ``whole`` is not covered."""
    rest, since = [], whole.since
    for span in sorted(covered):
        if span.since > since:
            rest.append(Span(since, span.since))
        since = max(since, span.until)
    return [*rest, Span(since, whole.until)] if since < whole.until else rest


def _overlap(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What is in both; each is sorted and without overlaps of its own."""
    found, left, right = [], 0, 0
    while left < len(some) and right < len(others):
        one, other = some[left], others[right]
        span = Span(max(one.since, other.since), min(one.until, other.until))
        if span.since < span.until:
            found.append(span)
        if one.until <= other.until:
            left += 1
        else:
            right += 1
    return found
