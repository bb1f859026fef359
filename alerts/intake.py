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

from alerts import escalation, record, routing
from alerts.enums import EventKind, LogKind, Severity, Verdict
from alerts.errors import InvalidReport, UnknownSource
from alerts.models import Report, Source
from alerts.signals import alerts_raised
from sentinel_site.lib import wake
from sentinel_site.lib.ids import uuid7

MAX_BATCH: Final = 1000
MAX_KEY: Final = 300
FUTURE_TOLERANCE: Final = timedelta(minutes=5)
REFUSAL_WINDOW: Final = timedelta(minutes=15)
OWN_SOURCE: Final = "sentinel"
"""The source of Sentinel's own technical alerts; bootstrap makes it."""
logger = logging.getLogger(__name__)

_UPSERT = """
WITH input AS (
    SELECT * FROM unnest(
        %(id)s::uuid[], %(source)s::bigint[], %(dedup_key)s::text[], %(type)s::text[], %(title)s::text[], %(description)s::text[],
        %(subject)s::text[], %(severity)s::text[], %(priority)s::int[], %(labels)s::jsonb[], %(links)s::jsonb[],
        %(runbook_url)s::text[], %(life_safety)s::bool[], %(policy)s::bigint[], %(group_key)s::text[], %(first_at)s::timestamptz[],
        %(last_at)s::timestamptz[], %(count)s::int[], %(next_step_at)s::timestamptz[], %(deadline_at)s::timestamptz[]
    ) AS i (id, source_id, dedup_key, type, title, description, subject, severity, priority, labels, links, runbook_url, life_safety,
            policy_id, group_key, first_at, last_at, count, next_step_at, deadline_at)
), held AS (
    SELECT alert.id, input.count, input.last_at, input.source_id, input.dedup_key
    FROM alerts_alert alert JOIN input USING (source_id, dedup_key)
    WHERE alert.status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED')
    ORDER BY input.source_id, input.dedup_key
    FOR UPDATE OF alert
), folded AS (
    UPDATE alerts_alert alert
    SET occurrences = alert.occurrences + held.count, last_seen_at = greatest(alert.last_seen_at, held.last_at)
    FROM held WHERE alert.id = held.id
    RETURNING alert.id, alert.source_id, alert.dedup_key, alert.priority, alert.severity
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
    RETURNING id, source_id, dedup_key, priority, severity, xmax = 0 AS created
)
SELECT source_id, dedup_key, id, priority, severity, false FROM folded
UNION ALL SELECT source_id, dedup_key, id, priority, severity, created FROM raised
"""

_STORE = """
INSERT INTO alerts_report (id, source_id, source_slug, received_at, verdict, reason, alert_id, reported_by_id, raw)
SELECT id, source, slug, %(at)s, verdict, '', alert, %(by)s, raw
FROM unnest(%(id)s::uuid[], %(source)s::bigint[], %(slug)s::text[], %(verdict)s::text[], %(alert)s::uuid[], %(raw)s::jsonb[])
    AS report (id, source, slug, verdict, alert, raw)
"""


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report that was read and bounded by its edge. ``raw`` is the JSON text to keep (no NUL, no NaN)."""

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
    count: int = 1


Outcome = Accepted | InvalidReport


def accept(reports: Sequence[NewReport], *, at: datetime, by_id: int | None = None) -> list[Outcome]:
    """Store ``reports`` and raise or repeat their alerts; answers in the same order.

    Good reports are stored whatever the others are: a report that cannot be accepted answers with an InvalidReport
    (not raised). ``by_id`` is the user who reported. Committed on return, unless the caller holds a transaction.
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
            outcomes[index] = InvalidReport([("occurred_at", f"{report.occurred_at.isoformat()} lies in the future; set the sender's clock")])
            continue
        severity = Severity(report.severity or source.severity)
        key = dedup_key(report, source, severity)
        known = folds.get((source.pk, key))
        if known is None:
            labels = routing.labels_of(source=report.source, type=report.type, severity=severity, subject=report.subject, labels=report.labels)
            seen_at = report.occurred_at or at
            fold = _Fold(report, source, key, severity, table.choose(source, labels, severity), seen_at, seen_at)
            folds[source.pk, key] = (fold, [index])
        else:
            _join(known[0], report, severity, table, at=at)
            known[1].append(index)
    return folds


def _join(fold: _Fold, report: NewReport, severity: Severity, table: routing.Table, *, at: datetime) -> None:
    seen_at = report.occurred_at or at
    fold.count += 1
    fold.first_at, fold.last_at = min(fold.first_at, seen_at), max(fold.last_at, seen_at)
    labels = routing.labels_of(source=report.source, type=report.type, severity=severity, subject=report.subject, labels=report.labels)
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
        for source_id, key, alert_id, priority, severity, is_new in _upsert([fold for fold, _ in folds.values()], at=at):
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


def _upsert(folds: Sequence[_Fold], *, at: datetime) -> list[tuple[int, str, UUID, int, str, bool]]:
    """One statement that repeats the open alerts and raises the others: (source, key, alert, its priority, severity, created)."""
    columns: dict[str, Any] = {
        "at": at,
        "id": [uuid7(at) for _ in folds],
        "source": [fold.source.pk for fold in folds],
        "dedup_key": [fold.key for fold in folds],
        "type": [fold.report.type for fold in folds],
        "title": [fold.report.title for fold in folds],
        "description": [fold.report.description for fold in folds],
        "subject": [fold.report.subject for fold in folds],
        "severity": [fold.severity.value for fold in folds],
        "priority": [fold.choice.priority for fold in folds],
        "labels": [json.dumps(dict(fold.report.labels)) for fold in folds],
        "links": [json.dumps(list(fold.report.links)) for fold in folds],
        "runbook_url": [fold.report.runbook_url for fold in folds],
        "life_safety": [fold.source.life_safety for fold in folds],
        "policy": [fold.choice.snapshot.pk for fold in folds],
        "group_key": [group_key(fold.report, fold.source, fold.severity) for fold in folds],
        "first_at": [fold.first_at for fold in folds],
        "last_at": [fold.last_at for fold in folds],
        "count": [fold.count for fold in folds],
        "next_step_at": [escalation.first_step_at(fold.choice.plan, at=at) for fold in folds],
        "deadline_at": [escalation.first_deadline(fold.choice.plan, at=at) for fold in folds],
    }
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, columns)
        return cursor.fetchall()


def _keep(
    reports: Sequence[NewReport], folds: dict[tuple[int, str], tuple[_Fold, list[int]]], outcomes: Sequence[Outcome | None],
    *, at: datetime, by_id: int | None,
) -> None:  # fmt: skip
    """Store each accepted report raw, with its verdict."""
    rows = [(index, fold.source, outcome) for fold, indexes in folds.values() for index in indexes
            if isinstance(outcome := outcomes[index], Accepted)]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "at": at,
                "by": by_id,
                "id": [uuid7(at) for _ in rows],
                "source": [source.pk for _, source, _ in rows],
                "slug": [source.slug for _, source, _ in rows],
                "verdict": [(Verdict.ACCEPTED if outcome.created else Verdict.FOLDED).value for _, _, outcome in rows],
                "alert": [outcome.alert_id for _, _, outcome in rows],
                "raw": [reports[index].raw for index, _, _ in rows],
            },
        )
