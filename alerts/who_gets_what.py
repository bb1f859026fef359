"""Who gets what: for every source and severity the route, the priority, the policy, and who is told first. Changes nothing.

It asks the engine's own code with a given clock. A report with labels may go another way; the routes that could take it are named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from alerts import describe, routing
from alerts.enums import Severity
from alerts.models import Route, Source
from alerts.plan import Plan, Targets
from notifications import dispatch
from notifications.book import Call
from notifications.enums import Reason
from notifications.message import Message, Order
from sentinel_site.lib.matchers import Matcher

KNOWN: Final = frozenset({"source", "severity"})
"""The labels that every report of a source has."""


class _First(NamedTuple):
    """A first step: the same for every report that gets this policy and priority."""

    snapshot: int
    priority: int
    life_safety: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What becomes of a report of one source in one severity. ``calls``: whom the first step names, with the ways or the reason for none.

    ``route`` None: the source's own policy. ``others``: routes that may take it instead, depending on its type, subject or labels.
    """

    severity: Severity
    priority: int
    policy: str
    route: Route | None
    others: tuple[Route, ...]
    after: timedelta
    calls: tuple[Call, ...]

    @property
    def reached(self) -> list[str]:
        """Who is told."""
        return [call.name for call in self.calls if call.ways]


@dataclass(frozen=True, slots=True)
class Row:
    """A source and its cells, the worst severity first."""

    source: Source
    cells: tuple[Cell, ...]


def overview(*, at: datetime) -> list[Row]:
    """Every source that may report, by its slug, as reports would be treated at ``at``. Raises ConfigurationError without a catch-all."""
    table = routing.table()
    routes = {route.pk: route for route in Route.objects.select_related("source", "policy")}
    sources = sorted(table.sources.values(), key=lambda source: source.slug)
    ways = [(source, [(severity, *_choose(table, source, severity, at=at)) for severity in Severity]) for source in sources]
    firsts = {_first(choice, source): choice.plan for source, cells in ways for _, choice, _ in cells}
    calls = _calls(firsts, at=at)
    return [Row(source, tuple(_cell(source, *way, calls, routes) for way in cells)) for source, cells in ways]


def describe_row(row: Row) -> dict[str, Any]:
    """``row`` as api.md answers it."""
    return {"source": row.source.slug, "life_safety": row.source.life_safety, "severities": [_described(cell) for cell in row.cells]}


def _choose(table: routing.Table, source: Source, severity: Severity, *, at: datetime) -> tuple[routing.Choice, list[int]]:
    """The way of a report without labels, and the routes asked before that such a report misses for its labels only."""
    labels = routing.labels_of(source=source.slug, type="", severity=severity, subject="", labels={})
    asked = table.ask(source, labels, table.timetable.open_at(at))
    others = [rule.route for rule, miss in asked if isinstance(miss, Matcher) and _fits(rule, labels)]
    return table.choose(source, labels, severity, at=at), others


def _fits(rule: routing.Rule, labels: Mapping[str, str]) -> bool:
    return all(matcher.holds(labels) for matcher in rule.matchers if matcher.name in KNOWN)


def _calls(firsts: Mapping[_First, Plan], *, at: datetime) -> dict[_First, tuple[Call, ...]]:
    """Whom the first step of each means: one look at the book for each delay that first steps have."""
    found: dict[_First, tuple[Call, ...]] = {}
    for delay in sorted({plan.steps[0].delay for plan in firsts.values()}):
        these = [(first, plan) for first, plan in firsts.items() if plan.steps[0].delay == delay]
        planned = dispatch.plan([_order(first, plan, at=at) for first, plan in these], at=at + delay)
        found |= {first: tuple(calls) for (first, _), calls in zip(these, planned, strict=True)}
    return found


def _order(first: _First, plan: Plan, *, at: datetime) -> Order:
    """The first step, with those that are due with it."""
    steps = [plan.steps[number] for number in plan.due(0, start=at, at=at + plan.steps[0].delay)]
    targets = Targets()
    for step in steps:
        targets |= step.targets
    message = Message(reason=Reason.FIRST, urgency=steps[-1].urgency, priority=first.priority, life_safety=first.life_safety, context={})
    kinds = frozenset().union(*(step.kinds for step in steps)) if all(step.kinds for step in steps) else frozenset[str]()
    return Order(
        thread="who-gets-what", key=f"{first.snapshot}:{first.priority}:{first.life_safety}", message=message, kinds=kinds,
        groups=targets.groups, recipients=targets.recipients, schedules=targets.schedules,
    )  # fmt: skip


def _first(choice: routing.Choice, source: Source) -> _First:
    return _First(choice.snapshot.pk, choice.priority, source.life_safety)


def _cell(
    source: Source, severity: Severity, choice: routing.Choice, others: Sequence[int],
    calls: Mapping[_First, tuple[Call, ...]], routes: Mapping[int, Route],
) -> Cell:  # fmt: skip
    named = tuple(routes[pk] for pk in others if pk in routes)
    route = routes.get(choice.route) if choice.route is not None else None
    return Cell(severity, choice.priority, choice.plan.name, route, named, choice.plan.steps[0].delay, calls[_first(choice, source)])


def _described(cell: Cell) -> dict[str, Any]:
    return {
        "severity": cell.severity.value, "priority": f"P{cell.priority}", "policy": cell.policy,
        "route": _route(cell.route), "may_also_match": [_route(route) for route in cell.others],
        "first_after_seconds": int(cell.after.total_seconds()), "first": list(_people(cell)),
    }  # fmt: skip


def _people(cell: Cell) -> Iterator[dict[str, Any]]:
    for call in cell.calls:
        kinds = [way.method.kind for way in call.ways]
        yield {"name": call.name, "methods": kinds, "held_until": describe.instant(call.held_until), "why_not": call.why}


def _route(route: Route | None) -> dict[str, Any] | None:
    return None if route is None else {"id": route.pk, "position": route.position, "name": str(route)}
