"""Which alerts another open alert holds back, and which wait a few seconds for one that may come.

What explains what is decided in causes.py. One query a rule finds what may explain all alerts that are due together, by the labels
in which they must agree: not each due alert times each open one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from alerts import causes, routing
from alerts.causes import Cause, Node, Rule
from alerts.enums import OPEN, Priority
from alerts.models import Alert, Inhibition
from alerts.subjects import Found, Subject
from sentinel_site.lib import matchers

LOOK_AGAIN: Final = timedelta(seconds=60)
"""An inhibited alert is asked about when its cause ends (lifecycle.py), and so often in any case."""
PAGE: Final = 500
COLUMNS: Final = {"source": "source__slug", "type": "type", "severity": "severity", "subject": "subject"}


def find(subjects: Sequence[Subject], *, at: datetime) -> Mapping[UUID, list[Found]]:
    """Why each of ``subjects`` is held back at ``at``, by the alert's id: by what explains it, or to see whether that comes."""
    rules = [rule for row in Inhibition.objects.filter(enabled=True).order_by("pk") if (rule := rule_of(row)) is not None]
    nodes = [Node(each.alert.pk, each.alert.priority, each.labels, number=each.alert.number) for each in subjects]
    held = causes.explain(nodes, rules, _sources)
    found = {
        subject.alert.pk: [_inhibited(cause, at=at) for cause in held.get(subject.alert.pk, ())] or waiting(subject, rules, at=at)
        for subject in subjects
    }
    return {pk: reasons for pk, reasons in found.items() if reasons}


def waiting(subject: Subject, rules: Sequence[Rule], *, at: datetime) -> list[Found]:
    """The short hold before an alert is told for the first time: what explains it is often reported a moment later. Never a P1."""
    alert = subject.alert
    if alert.priority == Priority.P1 or alert.step or alert.round > 1:
        return []
    waits = [rule for rule in rules if alert.created_at + rule.wait > at and matchers.all_hold(rule.target, subject.labels)]
    if not waits:
        return []
    longest = max(waits, key=lambda rule: rule.wait)
    until = alert.created_at + longest.wait
    text = f"waiting {longest.wait.seconds} seconds for an alert that may explain it ({longest.name})"
    return [Found({"kind": "wait", "id": str(longest.id), "reason": text, "until": until.isoformat()}, until)]


def _inhibited(cause: Cause, *, at: datetime) -> Found:
    reason: dict[str, Any] = {
        "kind": "inhibition", "id": str(cause.rule.id), "reason": cause.rule.name, "until": None,
        "alert": str(cause.alert.pk), "number": cause.alert.number, "because": [str(pk) for pk in cause.because],
    }  # fmt: skip
    return Found(reason, at + LOOK_AGAIN)


def rule_of(row: Inhibition) -> Rule | None:
    """The rule as it is asked; None when it cannot be read."""
    source, target = _read(tuple(row.source_matchers)), _read(tuple(row.target_matchers))
    if source is None or target is None:
        return None
    return Rule(row.pk, row.name, source, target, tuple(row.equal), timedelta(seconds=row.wait_seconds))


@lru_cache(maxsize=1000)
def _read(texts: tuple[str, ...]) -> tuple[matchers.Matcher, ...] | None:
    try:
        return matchers.parse_all(texts) or None  # no matcher at all would hold everything back
    except matchers.MatcherError:  # written past the form: what cannot be read holds nothing back
        return None


def _sources(rule: Rule, values: Collection[tuple[str, ...]], *, page: int = PAGE) -> Iterator[Node]:
    """See causes.Lookup. The database says what it can of the matchers and of the labels that must agree, page by page."""
    rows = _narrowed(rule, values).order_by("priority", "pk").values_list(
        "pk", "priority", "life_safety", "number", "source__slug", "type", "severity", "subject", "labels"
    )  # fmt: skip
    read = list(rows[:page])
    while read:
        for pk, priority, life_safety, number, source, kind, severity, subject, labels in read:
            seen = routing.labels_of(source=source, type=kind, severity=severity, subject=subject, labels=labels)
            yield Node(pk, priority, seen, life_safety, number)
        last, level = pk, priority
        read = list(rows.filter(Q(priority=level, pk__gt=last) | Q(priority__gt=level))[:page]) if len(read) == page else []


def _narrowed(rule: Rule, values: Collection[tuple[str, ...]]) -> "QuerySet[Alert]":
    found = Alert.objects.filter(status__in=OPEN)
    for matcher in rule.source:
        if matcher.operator == "=" and matcher.value:
            found = found.filter(Q(**{COLUMNS[matcher.name]: matcher.value}) if matcher.name in COLUMNS else _labelled(matcher))
    for place, name in enumerate(rule.equal):
        if not name.isdecimal():  # which PostgreSQL would take for the place in a list
            label = Coalesce(KeyTextTransform(name, "labels"), Value(""), output_field=TextField())
            column = F(COLUMNS[name]) if name in COLUMNS else label
            found = found.alias(**{f"equal_{place}": column}).filter(**{f"equal_{place}__in": {each[place] for each in values}})
    return found


def _labelled(matcher: matchers.Matcher) -> Q:
    return Q(labels__contains={matcher.name: matcher.value})
