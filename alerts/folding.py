"""Bringing the reports of one batch together: which alert each is about, where that alert would go, and what it would say.

Values in, values out: nothing is read or written. It runs for every report of a flood, so what is the same for many of
them (the route, the key's escapes) is found once or not at all.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from alerts import routing
from alerts.errors import InvalidReport, UnknownSource
from alerts.models import Source

MAX_KEY: Final = 300
FUTURE_TOLERANCE: Final = timedelta(minutes=5)


class NewReport(NamedTuple):
    """A report that was read and bounded by its edge. ``raw`` is the JSON text to keep (no NUL, no NaN), ``by_id`` the user who sent it.

    ``title`` and ``description`` are in the site's language, or the sender's; ``translations`` has them in others, by language.
    """

    source: str
    title: str
    type: str = "generic"
    severity: str | None = None
    subject: str = ""
    description: str = ""
    dedup_key: str | None = None
    labels: Mapping[str, str] = MappingProxyType({})
    links: Sequence[Mapping[str, str]] = ()
    runbook_url: str = ""
    translations: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    occurred_at: datetime | None = None
    raw: str = "{}"
    by_id: int | None = None


@dataclass(slots=True)
class Fold:
    """The reports of one batch that are the same alert, by their ``places`` in it. The worst severity decides what the alert says."""

    report: NewReport
    source: Source
    key: str
    severity: str
    choice: routing.Choice
    first_at: datetime
    last_at: datetime
    silenced: bool
    places: list[int]


def fold(reports: Sequence[NewReport], table: routing.Table, *, at: datetime) -> tuple[list[Fold], dict[int, InvalidReport]]:
    """The alerts that ``reports`` are about, and by their places the reports that cannot be accepted."""
    folds: dict[tuple[int, str], Fold] = {}
    refused: dict[int, InvalidReport] = {}
    latest = at + FUTURE_TOLERANCE
    for place, report in enumerate(reports):
        source = table.sources.get(report.source)
        seen_at = report.occurred_at or at
        if source is None:
            refused[place] = UnknownSource(report.source)
            continue
        if seen_at > latest:
            refused[place] = InvalidReport([("occurred_at", f"{seen_at.isoformat()} lies in the future; set the sender's clock")])
            continue
        severity = report.severity or source.severity
        labels = _labels(report, severity)
        choice = table.choose(source, labels, severity, at=at)
        key = dedup_key(report, source, severity)
        known = folds.get((source.id, key))
        if known is None:
            silenced = table.is_silenced(source, labels, priority=choice.priority, at=at)
            folds[source.id, key] = Fold(report, source, key, severity, choice, seen_at, seen_at, silenced, [place])
        else:
            _join(known, place, report, severity, choice, seen_at)
    return list(folds.values()), refused


def dedup_key(report: NewReport, source: Source, severity: str) -> str:
    """The reporter's own key, or one built from the source's attributes, joined so that no two lists can look alike."""
    return report.dedup_key or _joined(attribute_values(report, source.dedup_attributes, severity))


def group_key(report: NewReport, source: Source, severity: str) -> str:
    """The group the alert may join; empty when the source does not group or people's lives are at stake."""
    if source.life_safety or not source.group_attributes or source.group_max < 2:
        return ""
    return _joined(attribute_values(report, source.group_attributes, severity))


def attribute_values(report: NewReport, attributes: Iterable[str], severity: str) -> list[str]:
    """``name=value`` for each attribute: source, type, severity, subject or label.<name>."""
    own = {"source": report.source, "type": report.type, "severity": severity, "subject": report.subject}
    return [f"{name}={own[name] if name in own else report.labels.get(name.removeprefix('label.'), '')}" for name in attributes]


def _joined(values: list[str]) -> str:
    joined = "|".join(values)
    if "\\" in joined or joined.count("|") >= len(values) > 0:  # a value holds one of them: tell it from the joints
        joined = "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)
    if len(joined) <= MAX_KEY:
        return joined
    return f"{joined[: MAX_KEY - 66]}~{hashlib.sha256(joined.encode()).hexdigest()}"


def _labels(report: NewReport, severity: str) -> dict[str, str]:
    return routing.labels_of(source=report.source, type=report.type, severity=severity, subject=report.subject, labels=report.labels)


def _join(fold: Fold, place: int, report: NewReport, severity: str, choice: routing.Choice, seen_at: datetime) -> None:
    fold.places.append(place)
    fold.first_at, fold.last_at = min(fold.first_at, seen_at), max(fold.last_at, seen_at)
    if choice.priority < fold.choice.priority:
        fold.report, fold.severity, fold.choice = report, severity, choice
