"""Silences and inhibitions: which alerts nobody is told about for now, why, and until when.

They keep people from being told and never hide. Alerts on which lives depend are exempt from all of it. Escalation
asks when a step is due, and again when the suppression ends: whatever is still true then is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q

from alerts import routing
from alerts.enums import OPEN
from alerts.models import Alert, Inhibition, Silence
from sentinel_site.lib import matchers, prepared

LOOK_AGAIN: Final = timedelta(seconds=60)
"""How often an inhibited alert is asked whether its source is still open."""
COLUMNS: Final = ("source", "type", "severity", "subject")

_ANY: Final = """
SELECT EXISTS (SELECT FROM alerts_silence WHERE starts_at <= %s AND ends_at > %s), EXISTS (SELECT FROM alerts_inhibition WHERE enabled)
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an alert is held back, as api.md's ``suppressed_by``, and when to ask again."""

    reasons: tuple[dict[str, Any], ...]
    until: datetime


def holds(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, Hold]:
    """The alerts of ``alerts`` that are held back at ``at``. Counts a hit for each reason that is new on its alert."""
    found = reasons(alerts, at=at)
    _count([reason for alert in alerts if alert.pk in found for reason in _fresh(alert, found[alert.pk])])
    return found


def reasons(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, Hold]:
    """The alerts of ``alerts`` that are held back at ``at``. Changes nothing."""
    candidates = [alert for alert in alerts if not alert.life_safety]
    if not candidates:
        return {}
    ((any_silence, any_inhibition),) = prepared.run(_ANY, [at, at])
    silences = list(Silence.objects.filter(starts_at__lte=at, ends_at__gt=at)) if any_silence else []
    inhibitions = list(Inhibition.objects.filter(enabled=True)) if any_inhibition else []
    found: dict[UUID, Hold] = {}
    for alert in candidates if silences or inhibitions else ():
        labels = labels_of(alert)
        by_silence = [(_silenced(silence), silence.ends_at) for silence in silences if _hold(silence.matchers, labels)]
        by_rule = [(_inhibited(rule), at + LOOK_AGAIN) for rule in inhibitions if _inhibits(rule, alert, labels)]
        why = [*by_silence, *by_rule]
        if why:
            found[alert.pk] = Hold(tuple(reason for reason, _ in why), max(until for _, until in why))
    return found


def labels_of(alert: Alert) -> dict[str, str]:
    """What matchers see of an alert."""
    return routing.labels_of(
        source=alert.source.slug, type=alert.type, severity=alert.severity, subject=alert.subject, labels=alert.labels
    )  # fmt: skip


def _hold(texts: Sequence[str], labels: Mapping[str, str]) -> bool:
    try:
        return matchers.all_hold(matchers.parse_all(texts), labels)
    except matchers.MatcherError:  # written past the form: what cannot be read silences nothing
        return False


def _inhibits(rule: Inhibition, alert: Alert, labels: Mapping[str, str]) -> bool:
    """Whether another open alert holds ``alert`` back. One that is a target of the rule itself holds nothing back."""
    if not _hold(rule.target_matchers, labels):
        return False
    narrowed = _narrowed(rule.source_matchers)
    if narrowed is None:
        return False
    others = Alert.objects.filter(narrowed, status__in=OPEN).exclude(pk=alert.pk).select_related("source")
    for other in others.iterator(chunk_size=500):
        theirs = labels_of(other)
        agree = all(theirs.get(name, "") == labels.get(name, "") for name in rule.equal)
        if agree and _hold(rule.source_matchers, theirs) and not _hold(rule.target_matchers, theirs):
            return True
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


def _silenced(silence: Silence) -> dict[str, Any]:
    return {"kind": "silence", "id": str(silence.pk), "reason": silence.reason, "until": silence.ends_at.isoformat()}


def _inhibited(rule: Inhibition) -> dict[str, Any]:
    return {"kind": "inhibition", "id": str(rule.pk), "reason": rule.name, "until": None}


def _fresh(alert: Alert, hold: Hold) -> list[dict[str, Any]]:
    known = {(reason["kind"], reason["id"]) for reason in alert.suppressed_by}
    return [reason for reason in hold.reasons if (reason["kind"], reason["id"]) not in known]


def _count(reasons: Sequence[Mapping[str, Any]]) -> None:
    for kind, model in (("silence", Silence), ("inhibition", Inhibition)):
        ids = [reason["id"] for reason in reasons if reason["kind"] == kind]
        for pk in sorted(set(ids)):
            model.objects.filter(pk=pk).update(hits=F("hits") + ids.count(pk))
