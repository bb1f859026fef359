"""What would happen: the way of a report that nobody sent, from its route to the last person called. Changes nothing.

It asks the engine's own code with a given clock: routing, suppression, the plan, the orders and the outbox's book. It
supposes that nobody answers, that every message arrives, and that routes, people and their addresses stay as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from alerts import describe, escalation, folding, grouping, messages, routing, suppression
from alerts.enums import OPEN, AlertStatus, Severity
from alerts.errors import UnknownSource
from alerts.models import Alert, Route, Source
from alerts.plan import Plan
from notifications import dispatch
from notifications.book import Call

REPEATS: Final = 2
"""How many repeats of the last step are shown."""
YEARS: Final = range(2000, 2101)
"""For which instants it can be asked."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """A report that is only supposed."""

    source: str
    type: str = "generic"
    severity: str | None = None
    subject: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One step: when it is taken, and what it means for everyone it names."""

    number: int
    label: str
    urgency: str
    at: datetime
    reason: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A route that was asked. ``why_not``: what kept it from matching; empty when it matched."""

    route: Route
    why_not: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would happen. ``hold``: what keeps people from being told; the turns then begin when it ends.

    ``asked``: the routes in the order in which they were asked, up to the one that decided.
    """

    at: datetime
    alert: Alert
    plan: Plan
    route: Route | None
    hold: suppression.Hold | None
    repeats: Alert | None
    """The open alert that the report would only repeat; the turns say what a new one would do."""
    turns: tuple[Turn, ...]
    expires_at: datetime | None
    asked: tuple[Asked, ...] = ()


def simulate(supposed: Supposed, *, at: datetime) -> Simulation:
    """What a report at ``at`` would lead to. Raises UnknownSource."""
    table = routing.table()
    source = table.sources.get(supposed.source)
    if source is None:
        raise UnknownSource(supposed.source)
    severity = Severity(supposed.severity or source.severity)
    report = folding.NewReport(
        source=source.slug, title="(a simulated report)", type=supposed.type, severity=severity, subject=supposed.subject,
        labels=dict(supposed.labels),
    )  # fmt: skip
    labels = routing.labels_of(
        source=source.slug, type=report.type, severity=severity, subject=report.subject, labels=report.labels
    )  # fmt: skip
    choice = table.choose(source, labels, severity, at=at)
    key = folding.dedup_key(report, source, severity)
    alert = Alert(
        number=0, source=source, policy=choice.snapshot, title=report.title, status=AlertStatus.PENDING, priority=choice.priority,
        dedup_key=key, life_safety=source.life_safety, group_key=folding.group_key(report, source, severity), created_at=at,
        first_seen_at=at, last_seen_at=at, round_started_at=at, type=report.type, severity=severity, subject=report.subject,
        labels=dict(report.labels),
    )  # fmt: skip
    alert._prefetched_objects_cache = {"opinions": []}  # type: ignore[attr-defined]
    first_at = escalation.first_step_at(choice.plan, at=at)
    hold = suppression.reasons([alert], at=first_at).get(alert.pk)
    start = at + (hold.until - first_at) if hold else at
    expires_at = choice.plan.deadline(AlertStatus.PENDING, since=start)
    turns = tuple(turns_of(alert, choice.plan, start=start, until=expires_at))
    repeats = Alert.objects.filter(source=source, dedup_key=key, status__in=OPEN).first()
    asked = _asked(table, source, labels, at=at)
    route = next((each.route for each in asked if each.route.pk == choice.route), None)
    return Simulation(at, alert, choice.plan, route, hold, repeats, turns, expires_at, asked)


def _asked(table: routing.Table, source: Source, labels: Mapping[str, str], *, at: datetime) -> tuple[Asked, ...]:
    found = list(table.ask(source, labels, table.timetable.open_at(at)))
    routes = Route.objects.in_bulk([rule.route for rule, _ in found])
    named = [(routes[rule.route], miss) for rule, miss in found if rule.route in routes]
    return tuple(Asked(route, "" if miss is None else routing.why_not(miss, labels)) for route, miss in named)


def describe_simulation(found: Simulation) -> dict[str, Any]:
    """``found`` as api.md answers it."""
    return {
        "at": describe.instant(found.at),
        "source": found.alert.source.slug,
        "severity": found.alert.severity,
        "priority": f"P{found.alert.priority}",
        "life_safety": found.alert.life_safety,
        "policy": found.plan.name,
        "route": None
        if found.route is None
        else {"id": found.route.pk, "position": found.route.position, "matchers": found.route.matchers},
        "routes_asked": [
            {"id": each.route.pk, "position": each.route.position, "name": str(each.route), "why_not": each.why_not} for each in found.asked
        ],
        "repeats": found.repeats and {"id": str(found.repeats.pk), "number": found.repeats.number},
        "grouped": grouping.may_join(found.alert),
        "suppressed_by": list(found.hold.reasons) if found.hold else [],
        "suppressed_until": describe.instant(found.hold.until) if found.hold else None,
        "steps": [describe_turn(turn) for turn in found.turns],
        "expires_at": describe.instant(found.expires_at),
        "reaches_somebody": any(call.ways for turn in found.turns for call in turn.calls),
    }


def turns_of(alert: Alert, plan: Plan, *, start: datetime, until: datetime | None) -> Iterator[Turn]:
    """The steps one after the other, as escalation takes them when nobody answers."""
    number, due_at = 0, plan.planned_at(0, start=start)
    alert.round_started_at = start
    while due_at is not None and (until is None or due_at < until) and number <= plan.last_resort_step + REPEATS:
        steps = plan.due(number, start=start, at=due_at)
        order = messages.step([alert], plan, steps, at=due_at)
        (calls,) = dispatch.plan([order], at=due_at)
        message = order.message
        yield Turn(steps[-1], message.label, message.urgency, due_at, message.reason, tuple(calls))
        sent = sum(len(call.ways) for call in calls)
        alert.told += sent
        number = steps[-1] + 1
        due_at = plan.next_at(number, start=start, at=due_at, sent=bool(sent), told=alert.told > 0)


def describe_turn(turn: Turn) -> dict[str, Any]:
    """A step as api.md answers it."""
    reached = [call for call in turn.calls if call.ways]
    return {
        "step": turn.number, "label": turn.label, "urgency": turn.urgency, "reason": turn.reason, "at": describe.instant(turn.at),
        "recipients": [
            {
                "name": call.name, "held_until": describe.instant(call.held_until),
                "methods": [
                    {"kind": way.method.kind, "label": way.method.label, "at": describe.instant(way.at)} for way in call.ways
                ],
            }
            for call in reached
        ],
        "unreachable": [{"name": call.name, "why": call.why} for call in turn.calls if not call.ways],
    }  # fmt: skip
