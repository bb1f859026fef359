"""Replaying the past: what reports that came would lead to today, or if something were changed. Changes nothing.

A replay is a course of events in the order of time. Each report is folded by `folding`, sent by the routing table, held back by
silences and inhibitions when its first step is due, and grouped, all by the engine's own code; it keeps no more than what is
open, so a month takes seconds. It supposes that alerts were answered and ended when they really were.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from alerts import causes, escalation, folding, grouping, inhibiting, routing, suppression
from alerts.causes import Cause, Node, Rule
from alerts.enums import AlertStatus, Verdict
from alerts.errors import InvalidReport
from alerts.folding import Fold
from alerts.models import Alert, AlertGroup
from alerts.past import WAIT, Past, Was
from alerts.subjects import Found, Subject, labels_of
from alerts.supposing import Setting
from sentinel_site.lib import matchers

RAISED: Final = frozenset({Verdict.ACCEPTED, Verdict.SUPPRESSED})
SOON: Final = timedelta(minutes=3)
"""Told so much earlier or later is no difference: steps wait for each other, and groups for more."""
ENDLESS: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Course:
    """What becomes of an alert in a replay. ``told_at``: when the first people are told; None: nobody is, before it ends.

    ``until``: when it ended; None: it is open. ``quiet_since``: since when nobody has to be told any more.
    """

    id: UUID
    at: datetime
    source: str
    key: tuple[int, str]
    severity: str
    priority: int
    choice: routing.Choice
    until: datetime | None
    quiet_since: datetime | None
    held: list[Found] = field(default_factory=list)
    grouped: bool = False
    told_at: datetime | None = None
    occurrences: int = 1
    alert: Alert | None = None
    """Only while it waits for its first step."""

    @property
    def policy(self) -> str:
        """The name of its policy."""
        return self.choice.plan.name

    def is_open(self, at: datetime) -> bool:
        """Whether it had not ended before ``at``."""
        return self.until is None or self.until > at


@dataclass(slots=True)
class Replayed:
    """One report, what became of it, and what would become of it. ``course`` is None for a report that would be refused."""

    id: UUID
    at: datetime
    source: str
    verdict: str
    was: Was | None
    would: str
    course: Course | None
    why: str = ""

    @property
    def raises(self) -> bool:
        """Whether it would raise an alert of its own."""
        return self.would in RAISED

    @property
    def differences(self) -> tuple[str, ...]:
        """In what it would be different: verdict, priority, policy, route, held, told. Repeats are compared by their verdict alone."""
        was, course = self.was, self.course
        if (self.verdict in RAISED) != self.raises or (self.verdict == Verdict.REJECTED) != (self.would == Verdict.REJECTED):
            return ("verdict",)
        if was is None or course is None or not self.raises:
            return ()
        unlike = {
            "priority": was.priority != course.priority,
            "policy": was.policy_id != course.choice.snapshot.pk,
            "route": was.route is not None and was.route != course.choice.route,
            "held": bool(was.held) != bool(course.held),
            "told": _unlike(was.told_at, course.told_at),
        }
        return tuple(name for name, differs in unlike.items() if differs)


def replay(past: Iterable[Past], setting: Setting, *, at: datetime | None = None) -> Iterator[Replayed]:
    """What each of ``past``, which comes in the order of time, would lead to. ``at``: as if each came at this instant; else when it came.

    What is yielded is complete when the iterator ends: an alert's course may be decided by a later report.
    """
    stage = _Stage(setting, at)
    for each in past:
        yield stage.take(each)
    stage.settle(ENDLESS)


class _Stage:
    """The alerts that are open in a replay, and the steps that are due."""

    def __init__(self, setting: Setting, now: datetime | None) -> None:
        self._setting, self._now = setting, now
        self._open: dict[tuple[int, str], Course] = {}
        self._due: list[tuple[datetime, int, Course]] = []
        self._groups: dict[str, AlertGroup] = {}
        self._causes = _Causes(setting.rules)
        self._number = 0

    def take(self, past: Past) -> Replayed:
        """One report; the steps due before it are taken first."""
        self.settle(past.at)
        replayed = Replayed(past.id, past.at, past.source, past.verdict, past.was, Verdict.REJECTED, None)
        if isinstance(past.report, InvalidReport):
            replayed.why = str(past.report)
            return replayed
        report = past.report._replace(occurred_at=None)
        folds, refused = folding.fold([report], self._setting.table, at=self._asked(past.at, came=past.at))
        if refused:
            replayed.why = str(refused[0])
            return replayed
        (fold,) = folds
        known = self._open.get((fold.source.pk, fold.key))
        if known is not None and known.is_open(past.at):
            replayed.would, replayed.course = Verdict.FOLDED, known
            self._repeat(known, fold, past)
            return replayed
        replayed.course = self._raise(fold, past)
        silenced = not fold.source.life_safety and self._silences(replayed.course, at=past.at)
        replayed.would = Verdict.SUPPRESSED if silenced else Verdict.ACCEPTED
        return replayed

    def settle(self, before: datetime) -> None:
        """Take every first step that is due before an instant."""
        while self._due and self._due[0][0] < before:
            at, _, course = heapq.heappop(self._due)
            if course.alert is not None:
                self._step(course, course.alert, at=at)

    def _raise(self, fold: Fold, past: Past) -> Course:
        plan, was = fold.choice.plan, past.was
        until = was.closed_at if was else plan.deadline(AlertStatus.PENDING, since=past.at)
        quiet_since = min(filter(None, (was.acknowledged_at, was.closed_at)), default=None) if was else until
        course = Course(
            past.id, past.at, past.source, (fold.source.pk, fold.key), fold.severity, fold.choice.priority, fold.choice, until, quiet_since
        )  # fmt: skip
        course.alert = unsaved(fold, past)
        self._open[course.key] = course
        self._causes.enter(course, course.alert)
        self._plan(course, escalation.first_step_at(plan, at=past.at))
        return course

    def _repeat(self, course: Course, fold: Fold, past: Past) -> None:
        """Count it; the more urgent word counts, and its policy begins again."""
        course.occurrences += 1
        if past.was is not None and course.until is not None:
            course.until = past.was.closed_at and max(course.until, past.was.closed_at)
        if fold.choice.priority >= course.priority:
            return
        course.priority, course.choice, course.severity = fold.choice.priority, fold.choice, fold.severity
        if course.alert is not None and course.told_at is None:
            course.alert.priority, course.alert.severity, course.alert.round = fold.choice.priority, fold.severity, 2
            self._plan(course, escalation.first_step_at(fold.choice.plan, at=past.at))

    def _step(self, course: Course, alert: Alert, *, at: datetime) -> None:
        """The first step: nobody is told what is over or held back; what may be told with others joins them."""
        if course.quiet_since is not None and course.quiet_since <= at:
            course.alert = None
            return
        found = [] if alert.life_safety else [*self._silences(course, at=at), *self._causes.find(alert, at=at)]
        if found:
            known = suppression.names(each.reason for each in course.held)
            course.held += [each for each in found if each.reason["kind"] != WAIT and suppression.names([each.reason])[0] not in known]
            self._plan(course, max(each.until for each in found))
            return
        waiting, _ = grouping.place([alert], self._groups, at=at) if grouping.may_join(alert) else ({}, [])
        course.grouped, course.told_at, course.alert = bool(waiting), waiting.get(alert.pk, at), None

    def _plan(self, course: Course, at: datetime) -> None:
        self._number += 1
        if at < ENDLESS:
            heapq.heappush(self._due, (at, self._number, course))

    def _asked(self, at: datetime, *, came: datetime) -> datetime:
        """The instant to ask about for something that happens at ``at`` to what came at ``came``."""
        return at if self._now is None else self._now + (at - came)

    def _silences(self, course: Course, *, at: datetime) -> list[Found]:
        if course.alert is None or course.alert.life_safety:
            return []
        asked = self._asked(at, came=course.at)
        found = self._setting.silenced(Subject(course.alert, labels_of(course.alert)), at=asked)
        return [Found(each.reason, at + (each.until - asked)) for each in found]


class _Causes:
    """The alerts that are open in a replay, where the inhibitions look for what explains others."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._places: dict[int, dict[tuple[str, ...], list[tuple[Course, Node]]]] = {rule.id: {} for rule in rules}
        self._courses: dict[UUID, Course] = {}
        self._at = ENDLESS

    def enter(self, course: Course, alert: Alert) -> None:
        """From now on it may explain others."""
        if self._rules:
            node = Node(alert.pk, alert.priority, labels_of(alert), alert.life_safety, alert.number)
            for rule in self._rules:
                if matchers.all_hold(rule.source, node.labels):
                    self._places[rule.id].setdefault(rule.values(node.labels), []).append((course, node))
                    self._courses[alert.pk] = course

    def find(self, alert: Alert, *, at: datetime) -> list[Found]:
        """What explains ``alert`` at ``at``, each until it may have changed; or the short wait for what may."""
        if not self._rules:
            return []
        self._at, node = at, Node(alert.pk, alert.priority, labels_of(alert), alert.life_safety, alert.number)
        found = causes.explain([node], self._rules, self._open)
        held = [Found(_reason(cause), self._ends(cause.because)) for cause in found.get(alert.pk, ())]
        return held or inhibiting.waiting(Subject(alert, node.labels), self._rules, at=at)

    def _open(self, rule: Rule, values: Collection[tuple[str, ...]]) -> list[Node]:
        """See causes.Lookup."""
        places, nodes = self._places[rule.id], []
        for place in values:
            places[place] = [each for each in places.get(place, ()) if each[0].is_open(self._at)]
            nodes += [node for _, node in places[place]]
        return sorted(nodes, key=lambda node: node.rank)

    def _ends(self, because: Sequence[UUID]) -> datetime:
        return min((self._courses[pk].until or ENDLESS for pk in because), default=ENDLESS)


def _reason(cause: Cause) -> dict[str, Any]:
    return {"kind": "inhibition", "id": str(cause.rule.id), "reason": cause.rule.name, "until": None, "number": cause.alert.number}


def unsaved(fold: Fold, past: Past) -> Alert:
    """The alert that a report would raise, as a value that is never stored."""
    report = fold.report
    alert = Alert(
        id=past.id, number=past.was.number if past.was else 0, source=fold.source, policy=fold.choice.snapshot, title=report.title,
        status=AlertStatus.PENDING, priority=fold.choice.priority, severity=fold.severity, type=report.type, subject=report.subject,
        labels=dict(report.labels), dedup_key=fold.key, life_safety=fold.source.life_safety, created_at=past.at, first_seen_at=past.at,
        last_seen_at=past.at, round_started_at=past.at, group_key=folding.group_key(report, fold.source, fold.severity),
    )  # fmt: skip
    alert._prefetched_objects_cache = {"opinions": []}  # type: ignore[attr-defined]
    return alert


def _unlike(was: datetime | None, would: datetime | None) -> bool:
    if was is None or would is None:
        return was is not would
    return abs(was - would) > SOON
