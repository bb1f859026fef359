"""Taking reports in: fold repeats, store the rest, start their escalation. One short transaction for any number of them.

Nothing else stands between a report and its commit: no AI, no file, no queue, no Redis.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.utils import IntegrityError, OperationalError
from pydantic_core import to_json

from alerts import escalation, record, routing
from alerts.enums import EventKind, LogKind, Severity, Verdict
from alerts.errors import InvalidReport, UnknownSource
from alerts.models import Report, Source
from alerts.signals import alerts_raised
from sentinel_site.lib import ids, wake

MAX_BATCH: Final = 1000
MAX_KEY: Final = 300
FUTURE_TOLERANCE: Final = timedelta(minutes=5)
REFUSAL_WINDOW: Final = timedelta(minutes=15)
OWN_SOURCE: Final = "sentinel"
"""The source of Sentinel's own technical alerts; bootstrap makes it."""
logger = logging.getLogger(__name__)

_UPSERT = """
WITH input AS (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS i (
        id uuid, source_id bigint, dedup_key text, type text, title text, description text, subject text, severity text, priority int,
        labels jsonb, links jsonb, runbook_url text, life_safety bool, policy_id bigint, group_key text, first_at timestamptz,
        last_at timestamptz, count int, next_step_at timestamptz, deadline_at timestamptz)
), held AS (
    SELECT alert.id, input.count, input.last_at, input.source_id, input.dedup_key
    FROM alerts_alert alert JOIN input USING (source_id, dedup_key)
    WHERE alert.status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED')
    ORDER BY input.source_id, input.dedup_key
    FOR NO KEY UPDATE OF alert
), folded AS (
    UPDATE alerts_alert alert
    SET occurrences = alert.occurrences + held.count, last_seen_at = greatest(alert.last_seen_at, held.last_at)
    FROM held WHERE alert.id = held.id
    RETURNING alert.id, alert.source_id, alert.dedup_key, alert.priority
), raised AS (
    INSERT INTO alerts_alert (
        id, number, status, priority, severity, source_id, type, title, description, subject, labels, links, runbook_url, dedup_key,
        life_safety, occurrences, created_at, first_seen_at, last_seen_at, previous_id, policy_id, round, step, round_started_at, told,
        next_step_at, deadline_at, unanswered, suppressed_by, group_key, acknowledged_by, promise, resolution, image)
    SELECT input.id, nextval('alerts_alert_number'), 'PENDING', input.priority, input.severity, input.source_id, input.type, input.title,
        input.description, input.subject, input.labels, input.links, input.runbook_url, input.dedup_key, input.life_safety, input.count,
        %(at)s, input.first_at, input.last_at,
        (SELECT last.id FROM alerts_alert last WHERE last.source_id = input.source_id AND last.dedup_key = input.dedup_key
         ORDER BY last.id DESC LIMIT 1),
        input.policy_id, 1, 0, %(at)s, 0, input.next_step_at, input.deadline_at, false, '[]', input.group_key, '', '', '', ''
    FROM input
    WHERE NOT EXISTS (SELECT 1 FROM folded WHERE folded.source_id = input.source_id AND folded.dedup_key = input.dedup_key)
    ORDER BY input.source_id, input.dedup_key
    ON CONFLICT (source_id, dedup_key) WHERE status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED')
    DO UPDATE SET occurrences = alerts_alert.occurrences + excluded.occurrences,
        last_seen_at = greatest(alerts_alert.last_seen_at, excluded.last_seen_at)
    RETURNING id, source_id, dedup_key, priority, xmax = 0 AS created
)
SELECT source_id, dedup_key, id, priority, false FROM folded
UNION ALL SELECT source_id, dedup_key, id, priority, created FROM raised
"""

_STORE = """
INSERT INTO alerts_report (id, source_id, source_slug, received_at, verdict, reason, alert_id, reported_by_id, raw)
SELECT id, source, slug, %(at)s, verdict, '', alert, coalesce(by_id, %(by)s), raw
FROM json_to_recordset(%(rows)s::json) AS report (id uuid, source bigint, slug text, verdict text, alert uuid, by_id int, raw jsonb)
"""


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report that was read and bounded by its edge. ``raw`` is the JSON text to keep (no NUL, no NaN), ``by_id`` the user who sent it."""

    source: str
    title: str
    type: str = "generic"
    severity: str | None = None
    subject: str = ""
    description: str = ""
    dedup_key: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[Mapping[str, str]] = ()
    runbook_url: str = ""
    occurred_at: datetime | None = None
    raw: str = "{}"
    by_id: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one report: its alert, and whether it is a new one."""

    alert_id: UUID
    created: bool


@dataclass(slots=True)
class _Fold:
    """The reports of one batch that are the same alert. The worst severity decides what the alert says."""

    report: NewReport
    source: Source
    key: str
    severity: Severity
    choice: routing.Choice
    first_at: datetime
    last_at: datetime
    silenced: bool
    count: int = 1


Outcome = Accepted | InvalidReport


def accept(reports: Sequence[NewReport], *, at: datetime, by_id: int | None = None) -> list[Outcome]:
    """Store ``reports`` and raise or repeat their alerts; answers in the same order.

    Good reports are stored whatever the others are: a report that cannot be accepted answers with an InvalidReport
    (not raised). ``by_id`` is the user who reported, for reports that do not say it themselves. Committed on return,
    unless the caller holds a transaction.
    Raises DatabaseError when nothing could be stored.
    """
    for last_try in (False, False, True):
        table = routing.table()
        outcomes: list[Outcome | None] = [None] * len(reports)
        folds = _fold(reports, table, outcomes, at=at)
        try:
            with transaction.atomic():
                return _store(reports, folds, outcomes, at=at, by_id=by_id)
        except (IntegrityError, OperationalError):
            # A deadlock, or a source or snapshot deleted since the table was read: read it again, once more.
            if last_try or connection.in_atomic_block:
                raise
            logger.warning("intake tries a batch of %d again", len(reports), exc_info=True)
            routing.forget()
    raise DatabaseError("unreachable")


def refuse(*, slug: str, subject: str, errors: Sequence[tuple[str, str]], raw: str, at: datetime, by_id: int | None) -> None:
    """Keep a report that cannot be accepted, and tell people: a device that is refused cannot call for help.

    The technical alert comes at most once per source and subject in 15 minutes, and only for a known source.
    """
    source = routing.table().sources.get(slug)
    reason = "; ".join(f"{place}: {text}" for place, text in errors)[:500]
    Report.objects.create(source=source, source_slug=slug[:60], received_at=at, verdict=Verdict.REJECTED, reason=reason,
                          reported_by_id=by_id, raw=json.loads(raw))  # fmt: skip
    if source is None or slug == OWN_SOURCE:
        return
    window = int(at.timestamp() // REFUSAL_WINDOW.total_seconds())
    accept(
        [NewReport(
            source=OWN_SOURCE, type="report-refused", subject=slug,
            severity=Severity.CRITICAL if source.life_safety else Severity.MEDIUM,
            title=f"A report from {source.name} was refused" + (f" ({subject[:80]})" if subject else ""),
            description=f"Sentinel could not accept it, so nobody was told what it says. {reason}",
            dedup_key=f"refused:{slug}:{subject[:100]}:{window}", labels={"refused_source": slug},
        )], at=at,
    )  # fmt: skip


def dedup_key(report: NewReport, source: Source, severity: str) -> str:
    """The reporter's own key, or one built from the source's attributes, joined so that no two lists can look alike."""
    if report.dedup_key:
        return report.dedup_key
    return _joined(attribute_values(report, source.dedup_attributes, severity))


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
    joined = "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)
    if len(joined) <= MAX_KEY:
        return joined
    return f"{joined[: MAX_KEY - 66]}~{hashlib.sha256(joined.encode()).hexdigest()}"


def _fold(
    reports: Sequence[NewReport], table: routing.Table, outcomes: list[Outcome | None], *, at: datetime
) -> dict[tuple[int, str], tuple[_Fold, list[int]]]:
    """Bring reports of the same alert together; what cannot be accepted gets its outcome now."""
    folds: dict[tuple[int, str], tuple[_Fold, list[int]]] = {}
    for index, report in enumerate(reports):
        source = table.sources.get(report.source)
        if source is None:
            outcomes[index] = UnknownSource(report.source)
            continue
        if report.occurred_at is not None and report.occurred_at > at + FUTURE_TOLERANCE:
            outcomes[index] = InvalidReport(
                [("occurred_at", f"{report.occurred_at.isoformat()} lies in the future; set the sender's clock")]
            )
            continue
        severity = Severity(report.severity or source.severity)
        key = dedup_key(report, source, severity)
        known = folds.get((source.pk, key))
        if known is None:
            labels = _labels(report, severity)
            seen_at = report.occurred_at or at
            fold = _Fold(
                report,
                source,
                key,
                severity,
                table.choose(source, labels, severity),
                seen_at,
                seen_at,
                table.is_silenced(source, labels, at=at),
            )
            folds[source.pk, key] = (fold, [index])
        else:
            _join(known[0], report, severity, table, at=at)
            known[1].append(index)
    return folds


def _labels(report: NewReport, severity: str) -> dict[str, str]:
    return routing.labels_of(source=report.source, type=report.type, severity=severity, subject=report.subject, labels=report.labels)


def _join(fold: _Fold, report: NewReport, severity: Severity, table: routing.Table, *, at: datetime) -> None:
    seen_at = report.occurred_at or at
    fold.count += 1
    fold.first_at, fold.last_at = min(fold.first_at, seen_at), max(fold.last_at, seen_at)
    labels = _labels(report, severity)
    choice = table.choose(fold.source, labels, severity)
    if choice.priority < fold.choice.priority:
        fold.report, fold.severity, fold.choice = report, severity, choice


def _store(
    reports: Sequence[NewReport], folds: dict[tuple[int, str], tuple[_Fold, list[int]]], outcomes: list[Outcome | None],
    *, at: datetime, by_id: int | None,
) -> list[Outcome]:  # fmt: skip
    created: list[UUID] = []
    events: list[tuple[EventKind, UUID]] = []
    if folds:
        for source_id, key, alert_id, priority, is_new in _upsert([fold for fold, _ in folds.values()], at=at):
            fold, indexes = folds[source_id, key]
            for place, index in enumerate(indexes):
                outcomes[index] = Accepted(alert_id, is_new and place == 0)
            events.append((EventKind.RAISED if is_new else EventKind.REPEATED, alert_id))
            if is_new:
                created.append(alert_id)
            elif fold.choice.priority < priority:
                escalation.raise_priority(alert_id, fold.choice.snapshot, priority=fold.choice.priority, severity=fold.severity, at=at)
        _keep(reports, folds, outcomes, at=at, by_id=by_id)
        details = {outcome.alert_id: index for index, outcome in enumerate(outcomes) if isinstance(outcome, Accepted) and outcome.created}
        record.write_plain(created, LogKind.RAISED, [_raised_detail(reports[details[alert]]) for alert in created], at=at)
        if created:
            alerts_raised.send(sender=Source, alerts=created, at=at)
        record.announce(events, at=at, wake_also=(wake.DUE,))
    return [outcome for outcome in outcomes if outcome is not None]


def _raised_detail(report: NewReport) -> dict[str, Any]:
    return {"title": report.title, "severity": report.severity, "type": report.type}


def _upsert(folds: Sequence[_Fold], *, at: datetime) -> list[tuple[int, str, UUID, int, bool]]:
    """One statement that repeats the open alerts and raises the others: (source, key, alert, its priority, severity, created)."""
    timers = {id(fold.choice.plan): fold.choice.plan for fold in folds}
    first = {key: (escalation.first_step_at(plan, at=at), escalation.first_deadline(plan, at=at)) for key, plan in timers.items()}
    rows = [
        {
            "id": pk,
            "source_id": fold.source.pk,
            "dedup_key": fold.key,
            "type": fold.report.type,
            "title": fold.report.title,
            "description": fold.report.description,
            "subject": fold.report.subject,
            "severity": fold.severity.value,
            "priority": fold.choice.priority,
            "labels": fold.report.labels,
            "links": fold.report.links,
            "runbook_url": fold.report.runbook_url,
            "life_safety": fold.source.life_safety,
            "policy_id": fold.choice.snapshot.pk,
            "group_key": group_key(fold.report, fold.source, fold.severity),
            "first_at": fold.first_at,
            "last_at": fold.last_at,
            "count": fold.count,
            "next_step_at": first[id(fold.choice.plan)][0],
            "deadline_at": first[id(fold.choice.plan)][1],
        }
        for pk, fold in zip(ids.batch(len(folds), at), folds, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, {"at": at, "rows": to_json(rows).decode()})
        found: list[tuple[int, str, UUID, int, bool]] = cursor.fetchall()
        return found


def _keep(
    reports: Sequence[NewReport], folds: dict[tuple[int, str], tuple[_Fold, list[int]]], outcomes: Sequence[Outcome | None],
    *, at: datetime, by_id: int | None,
) -> None:  # fmt: skip
    """Store each accepted report raw, with its verdict."""
    rows: list[str] = []
    fresh = iter(ids.batch(len(reports), at))
    for fold, indexes in folds.values():
        for index in indexes:
            outcome = outcomes[index]
            if isinstance(outcome, Accepted):
                verdict = Verdict.FOLDED if not outcome.created else Verdict.SUPPRESSED if fold.silenced else Verdict.ACCEPTED
                rows.append(  # raw is JSON already; the other values need no escape
                    f'{{"id":"{next(fresh)}","source":{fold.source.pk},"slug":"{fold.source.slug}","verdict":"{verdict.value}",'
                    f'"alert":"{outcome.alert_id}","by_id":{reports[index].by_id or "null"},"raw":{reports[index].raw}}}'
                )
    with connection.cursor() as cursor:
        cursor.execute(_STORE, {"at": at, "by": by_id, "rows": f"[{','.join(rows)}]"})
