"""Which policy and priority a report gets: ordered routes, the source's own policy, and the catch-all.

The table is kept in memory for at most a second; saving a source, a route or a policy in this process drops it at once.
"""

import logging
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.utils.translation import gettext as _

from alerts import policies, standing
from alerts.enums import DEFAULT_PRIORITY, Priority, Severity
from alerts.errors import ConfigurationError
from alerts.models import EscalationPolicy, EventCounter, PolicySnapshot, PolicyStep, Route, Silence, Source
from alerts.plan import Plan
from alerts.standing import Standing
from notifications import duty
from notifications.hours import Hours, Timetable
from sentinel_site.lib import matchers

REREAD_SECONDS = 30.0
VERSION_ROW = 2
"""The row of EventCounter that counts changes of routes, sources, policies and silences; row 1 numbers events."""
_RAISE_VERSION = """
INSERT INTO alerts_eventcounter (id, value) VALUES (%s, 1) ON CONFLICT (id) DO UPDATE SET value = alerts_eventcounter.value + 1
"""
MAX_SILENCES = 2000
"""The ones that end last; who sets more than these sees the verdict 'accepted' on what they hold back all the same."""
MAX_CHOSEN = 10_000
NO_HOURS: Final[frozenset[Hours]] = frozenset()
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a report goes. ``route`` is the id of the route that chose the policy, None for the source's own."""

    snapshot: PolicySnapshot
    plan: Plan
    priority: int
    route: int | None


class Other(Enum):
    """What keeps a route from matching, besides a matcher: it is another source's, or it does not count at this hour."""

    SOURCE = "source"
    HOURS = "hours"


Miss = matchers.Matcher | Other


@dataclass(frozen=True, slots=True)
class Rule:
    """A route as it is asked. ``hours`` None: at any time."""

    route: int
    source: int | None
    matchers: tuple[matchers.Matcher, ...]
    policy: int | None
    priority: int | None
    continues: bool
    catch_all: bool
    hours: Hours | None = None

    def miss(self, source: Source, labels: Mapping[str, str], open_hours: Collection[Hours]) -> Miss | None:
        """What keeps it from matching; None when it matches. ``open_hours``: the hours of all rules that contain the instant."""
        if self.source not in (None, source.pk):
            return Other.SOURCE
        if self.hours is not None and self.hours not in open_hours:
            return Other.HOURS
        return next((matcher for matcher in self.matchers if not matcher.holds(labels)), None)


@dataclass(frozen=True)
class Table:
    """Everything intake needs to know, read at one time."""

    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    snapshots: Mapping[int, PolicySnapshot]
    silences: matchers.Index[Standing]
    asked: tuple[str, ...]
    """The labels that any rule asks about: reports that agree in them, in source and in severity go the same way."""
    chosen: dict[tuple[Any, ...], Choice] = field(default_factory=dict)

    @cached_property
    def source_by_id(self) -> Mapping[int, Source]:
        """The sources, by id."""
        return {source.pk: source for source in self.sources.values()}

    @cached_property
    def snapshot_by_id(self) -> Mapping[int, PolicySnapshot]:
        """The snapshots of today's policies, by their own id."""
        return {snapshot.pk: snapshot for snapshot in self.snapshots.values()}

    def is_silenced(self, source: Source, labels: Mapping[str, str], *, priority: int, at: datetime) -> bool:
        """Whether a silence covers a report with these ``labels`` at ``at``; never where lives depend."""
        if source.life_safety:
            return False
        return any(silence.until(priority, at=at) for silence in self.silences.find(labels))

    @cached_property
    def timetable(self) -> Timetable:
        """The hours in which rules count: which of them are open is worked out again only when one opens or closes."""
        return Timetable(rule.hours for rule in self.rules if rule.hours is not None)

    @cached_property
    def timed(self) -> bool:
        """Whether any rule counts at some hours only."""
        return any(rule.hours is not None for rule in self.rules)

    def choose(self, source: Source, labels: Mapping[str, str], severity: str, *, at: datetime) -> Choice:
        """The policy and priority for a report of ``source`` that comes at ``at``.

        ``labels`` are the report's own plus source, type, severity and subject. Raises ConfigurationError when
        there is no catch-all, which bootstrap makes and nobody can delete.
        """
        open_hours = self.timetable.open_at(at) if self.timed else NO_HOURS
        key = (source.id, severity, open_hours, *(labels.get(name, "") for name in self.asked))
        known = self.chosen.get(key)
        if known is None:
            if len(self.chosen) >= MAX_CHOSEN:
                self.chosen.clear()
            known = self.chosen[key] = self._choose(source, labels, severity, open_hours)
        return known

    @cached_property
    def places(self) -> matchers.Index[int]:
        """The places of the rules, by their matchers: hundreds of expressions are asked at once."""
        return matchers.Index((rule.matchers, place) for place, rule in enumerate(self.rules))

    def ask(
        self, source: Source, labels: Mapping[str, str], open_hours: Collection[Hours], *, among: Sequence[Rule] | None = None
    ) -> Iterator[tuple[Rule, Miss | None]]:
        """The rules that are asked about such a report, in their order, up to the one that decides; each with what keeps it from
        matching. ``among``: only these, of which none was left out that could match."""
        has_policy = source.policy_id is not None
        for rule in self.rules if among is None else among:
            if rule.catch_all and has_policy:
                return
            miss = rule.miss(source, labels, open_hours)
            yield rule, miss
            if miss is None and rule.policy is not None:
                has_policy = True
                if not rule.continues:
                    return

    def _choose(self, source: Source, labels: Mapping[str, str], severity: str, open_hours: Collection[Hours]) -> Choice:
        policy, route, priority = source.policy_id, None, None
        fitting = [self.rules[place] for place in sorted(self.places.find(labels))]
        for rule, miss in self.ask(source, labels, open_hours, among=fitting):
            if miss is None:
                policy, route = (rule.policy, rule.route) if rule.policy is not None else (policy, route)
                priority = rule.priority or priority
        if policy is None:
            raise ConfigurationError("There is no catch-all route. Run `manage.py bootstrap` to make it again.")
        snapshot = self.snapshots[policy]
        return Choice(snapshot, policies.plan_of(snapshot), priority or DEFAULT_PRIORITY[Severity(severity)], route)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table, the version it was read at, when it was read, and when its version was last asked for (monotonic seconds)."""

    table: Table
    version: int | None
    read: float
    asked: float


_lock = threading.Lock()
_kept: _Kept | None = None


def table() -> Table:
    """The routing table, at most a second old.

    Each second only its version is asked for, a counter that every change raises; it is read again when that differs,
    and every 30 seconds for changes made past the models.
    """
    global _kept
    kept, now = _kept, time.monotonic()
    if kept is not None and now - kept.asked < settings.ROUTES_KEPT_SECONDS:
        return kept.table
    with _lock:
        version = EventCounter.objects.filter(pk=VERSION_ROW).values_list("value", flat=True).first()
        kept = _kept
        if kept is not None and kept.version == version and now - kept.read < REREAD_SECONDS:
            _kept = replace(kept, asked=now)
        else:
            table, stored = _load()
            kept = _Kept(table, version, now, now)
            # A snapshot that this transaction stored is nobody else's before it commits, and nobody's when it does not: other
            # threads would raise alerts that refer to no row.
            if not (stored and connection.in_atomic_block):
                _kept = kept
        return kept.table


def forget() -> None:
    """Read the table again at its next use in this process."""
    global _kept
    _kept = None


def changed(**_signal: object) -> None:
    """Have every process read the table again within a second. Called whenever a row it is read from is saved or deleted."""
    with connection.cursor() as cursor:
        cursor.execute(_RAISE_VERSION, [VERSION_ROW])
    forget()


for _model in (Source, Route, EscalationPolicy, PolicyStep, Silence):
    post_save.connect(changed, sender=_model, dispatch_uid=f"routing.changed.{_model.__name__}.saved")
    post_delete.connect(changed, sender=_model, dispatch_uid=f"routing.changed.{_model.__name__}.deleted")
for _relation in (
    PolicyStep.groups, PolicyStep.recipients, PolicyStep.schedules, EscalationPolicy.last_resort_groups,
    EscalationPolicy.last_resort_recipients, EscalationPolicy.last_resort_schedules,
):  # fmt: skip
    m2m_changed.connect(changed, sender=_relation.through, dispatch_uid=f"routing.changed.{_relation.through.__name__}")


def labels_of(*, source: str, type: str, severity: str, subject: str, labels: Mapping[str, str]) -> dict[str, str]:
    """What route matchers see: the report's labels, with source, type, severity and subject put over them."""
    return {**labels, "source": source, "type": type, "severity": severity, "subject": subject}


def why_not(miss: Miss, labels: Mapping[str, str]) -> str:
    """What kept a route from matching, in the reader's language."""
    if isinstance(miss, matchers.Matcher):
        actual = labels.get(miss.name, "")
        said = _("%(label)s is “%(actual)s”, and not %(wanted)s") if actual else _("%(label)s is missing, and not %(wanted)s")
        return said % {"label": miss.name, "actual": actual, "wanted": f"{miss.operator} “{miss.value}”"}
    return _("it is another source's") if miss is Other.SOURCE else _("it does not count at this hour")


def priority_of(severity: str) -> Priority:
    """The priority a severity gets when no route says otherwise."""
    return DEFAULT_PRIORITY[Severity(severity)]


def supposed(routes: Sequence[Route], sources: Sequence[Source], silences: matchers.Index[Standing]) -> Table:
    """Today's table with these rows in the place of what is stored of them, or added when they are new, and these silences. Stores nothing.

    Policies are those that are stored; a route to one that is not stored raises KeyError when it is chosen.
    """
    today = table()
    given = {route.pk: route for route in routes if not route._state.adding}
    stored = [given.pop(route.pk, route) for route in Route.objects.all()]
    listed = [*stored, *given.values(), *(route for route in routes if route._state.adding)]
    listed.sort(key=lambda route: (route.catch_all, route.position, route.pk or MAX_CHOSEN))
    rules = tuple(rule for route in listed if route.enabled and (rule := _rule(route)) is not None)
    known = {**today.sources, **{source.slug: source for source in sources}}
    enabled = {slug: source for slug, source in known.items() if source.enabled}
    return replace(today, sources=enabled, rules=rules, asked=_asked(rules), silences=silences, chosen={})


def _asked(rules: Sequence[Rule]) -> tuple[str, ...]:
    return tuple(sorted({matcher.name for rule in rules for matcher in rule.matchers}))


def _load() -> tuple[Table, bool]:
    """The table as it is now, and whether a snapshot was stored for it."""
    routes = Route.objects.filter(enabled=True)
    silences = Silence.objects.order_by("-ends_at")[:MAX_SILENCES]
    known = EscalationPolicy.objects.prefetch_related(*policies.PREFETCH)
    rules = tuple(rule for route in routes if (rule := _rule(route)) is not None)
    frozen = policies.freeze(known)
    table = Table(
        sources={source.slug: source for source in Source.objects.filter(enabled=True)},
        rules=rules,
        asked=_asked(rules),
        snapshots=frozen.snapshots,
        silences=standing.index_of(silences),
    )
    return table, frozen.stored


def _rule(route: Route) -> Rule | None:
    conditions = _conditions(route.matchers, f"route {route.pk}")
    if conditions is None:
        return None
    return Rule(
        route.pk, route.source_id, conditions, route.policy_id, route.priority, route.continues, route.catch_all, hours_of(route)
    )  # fmt: skip


def hours_of(route: Route) -> Hours | None:
    """When ``route`` counts; None: always."""
    hours = Hours(duty.zone(route.time_zone), route.hours_from, route.hours_until, frozenset(route.weekdays))
    return None if hours.always else hours


def _conditions(texts: list[str], owner: str) -> tuple[matchers.Matcher, ...] | None:
    """The matchers of a row. One that cannot be read is left out and logged: it must not stop every report."""
    try:
        return matchers.parse_all(texts)
    except matchers.MatcherError as error:
        logger.error("%s is left out: %s", owner, error)
        return None
