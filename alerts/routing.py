"""Which policy and priority a report gets: ordered routes, the source's own policy, and the catch-all.

The table is kept in memory for at most a second; saving a source, a route or a policy in this process drops it at once.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from alerts import policies
from alerts.enums import DEFAULT_PRIORITY, Priority, Severity
from alerts.errors import ConfigurationError
from alerts.models import EscalationPolicy, PolicySnapshot, Route, Source
from alerts.plan import Plan
from sentinel_site.lib import matchers

KEEP_SECONDS = 1.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a report goes. ``route`` is the id of the route that chose the policy, None for the source's own."""

    snapshot: PolicySnapshot
    plan: Plan
    priority: int
    route: int | None


@dataclass(frozen=True, slots=True)
class _Rule:
    route: int
    source: int | None
    matchers: tuple[matchers.Matcher, ...]
    policy: int | None
    priority: int | None
    continues: bool
    catch_all: bool


@dataclass(frozen=True)
class Table:
    """Everything intake needs to know, read at one time."""

    sources: Mapping[str, Source]
    rules: tuple[_Rule, ...]
    snapshots: Mapping[int, PolicySnapshot]

    def choose(self, source: Source, labels: Mapping[str, str], severity: str) -> Choice:
        """The policy and priority for a report of ``source``.

        ``labels`` are the report's own plus source, type, severity and subject. Raises ConfigurationError when
        there is no catch-all, which bootstrap makes and nobody can delete.
        """
        policy, route, priority = source.policy_id, None, None
        for rule in self.rules:
            if rule.catch_all and policy is not None:
                break
            if rule.source not in (None, source.pk) or not matchers.all_hold(rule.matchers, labels):
                continue
            policy, route = (rule.policy, rule.route) if rule.policy is not None else (policy, route)
            priority = rule.priority or priority
            if not rule.continues and rule.policy is not None:
                break
        if policy is None:
            raise ConfigurationError("There is no catch-all route. Run `manage.py bootstrap` to make it again.")
        snapshot = self.snapshots[policy]
        return Choice(snapshot, policies.plan_of(snapshot), priority or DEFAULT_PRIORITY[Severity(severity)], route)


_lock = threading.Lock()
_kept: tuple[float, Table] | None = None


def table() -> Table:
    """The routing table, at most a second old."""
    global _kept
    kept = _kept
    if kept is not None and time.monotonic() - kept[0] < KEEP_SECONDS:
        return kept[1]
    with _lock:
        _kept = (time.monotonic(), _load())
        return _kept[1]


def forget() -> None:
    """Read the table again at its next use."""
    global _kept
    _kept = None


def labels_of(*, source: str, type: str, severity: str, subject: str, labels: Mapping[str, str]) -> dict[str, str]:
    """What route matchers see: the report's labels, with source, type, severity and subject put over them."""
    return {**labels, "source": source, "type": type, "severity": severity, "subject": subject}


def priority_of(severity: str) -> Priority:
    """The priority a severity gets when no route says otherwise."""
    return DEFAULT_PRIORITY[Severity(severity)]


def _load() -> Table:
    routes = Route.objects.filter(enabled=True)
    known = EscalationPolicy.objects.prefetch_related(*policies.PREFETCH)
    return Table(
        sources={source.slug: source for source in Source.objects.filter(enabled=True)},
        rules=tuple(rule for route in routes if (rule := _rule(route)) is not None),
        snapshots=policies.freeze(known),
    )


def _rule(route: Route) -> _Rule | None:
    """The route made ready. One that cannot be read is left out and logged: it must not stop every report."""
    try:
        conditions = matchers.parse_all(route.matchers)
    except matchers.MatcherError as error:
        logger.error("route %s is left out: %s", route.pk, error)
        return None
    return _Rule(route.pk, route.source_id, conditions, route.policy_id, route.priority, route.continues, route.catch_all)
