"""Which alerts another open alert holds back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from alerts.enums import OPEN
from alerts.models import Alert, Inhibition
from alerts.subjects import Found, Subject, labels_of
from sentinel_site.lib import matchers

LOOK_AGAIN: Final = timedelta(seconds=60)
"""How often an inhibited alert is asked whether its source is still open."""
COLUMNS: Final = ("source", "type", "severity", "subject")


def find(subjects: Sequence[Subject], *, at: datetime) -> Mapping[UUID, list[Found]]:
    """The rules by which another alert that is open holds each of ``subjects`` back at ``at``, by the alert's id."""
    rules = list(Inhibition.objects.filter(enabled=True))
    found = {
        subject.alert.pk: [Found(_reason(rule), at + LOOK_AGAIN) for rule in rules if _inhibits(rule, subject)] for subject in subjects
    }  # fmt: skip
    return {pk: reasons for pk, reasons in found.items() if reasons}


def _inhibits(rule: Inhibition, subject: Subject) -> bool:
    """Whether another open alert holds this one back. One that is a target of the rule itself holds nothing back."""
    if not _hold(rule.target_matchers, subject.labels):
        return False
    narrowed = _narrowed(rule.source_matchers)
    if narrowed is None:
        return False
    others = Alert.objects.filter(narrowed, status__in=OPEN).exclude(pk=subject.alert.pk).select_related("source")
    for other in others.iterator(chunk_size=500):
        theirs = labels_of(other)
        agree = all(theirs.get(name, "") == subject.labels.get(name, "") for name in rule.equal)
        if agree and _hold(rule.source_matchers, theirs) and not _hold(rule.target_matchers, theirs):
            return True
    return False


def _hold(texts: Sequence[str], labels: Mapping[str, str]) -> bool:
    try:
        return matchers.all_hold(matchers.parse_all(texts), labels)
    except matchers.MatcherError:  # written past the form: what cannot be read silences nothing
        return False


def _narrowed(texts: Sequence[str]) -> Q | None:
    """What the database can say of the matchers; the rest is asked in Python. None when they cannot be read."""
    narrowed = Q()
    try:
        conditions = matchers.parse_all(texts)
    except matchers.MatcherError:
        return None
    for matcher in conditions:
        if matcher.operator == "=" and matcher.value and matcher.name in COLUMNS:
            narrowed &= Q(**{"source__slug" if matcher.name == "source" else matcher.name: matcher.value})
    return narrowed


def _reason(rule: Inhibition) -> dict[str, Any]:
    return {"kind": "inhibition", "id": str(rule.pk), "reason": rule.name, "until": None}
