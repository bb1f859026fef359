"""Taking reports in: fold repeats, store the rest, start their escalation. One short transaction for any number of them.

Nothing else stands between a report and its commit: no AI, no file, no queue, no Redis.
"""

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.utils import IntegrityError, OperationalError
from pydantic_core import to_json

from alerts import escalation, folding, record, routing
from alerts.enums import EventKind, Priority, Severity, Verdict
from alerts.errors import InvalidReport
from alerts.folding import Fold, NewReport
from alerts.models import Report, Source
from alerts.signals import alerts_raised
from sentinel_site.lib import ids, wake

MAX_BATCH: Final = 1000
REFUSAL_WINDOW: Final = timedelta(minutes=15)
OWN_SOURCE: Final = "sentinel"
"""The source of Sentinel's own technical alerts; bootstrap makes it."""
logger = logging.getLogger(__name__)

# All rows of a batch go to PostgreSQL as JSON and in one statement. Taking JSON apart costs it about a microsecond a value:
# what many alerts share comes once (choices), and what has its usual value does not come at all.
_STORE: Final = """
WITH choice AS (
    SELECT * FROM json_to_recordset(%(choices)s::json) AS c (
        choice int, source_id bigint, slug text, life_safety bool, severity text, priority int, policy_id bigint, route bigint,
        next_step_at timestamptz, deadline_at timestamptz)
), input AS (
    SELECT * FROM json_to_recordset(%(folds)s::json) AS f (
        place int, choice int, id uuid, dedup_key text, group_key text, type text, title text, description text, subject text,
        labels jsonb, links jsonb, runbook_url text, translations jsonb,
        first_at timestamptz, last_at timestamptz, count int, silenced bool)
    JOIN choice USING (choice)
), held AS (
    SELECT alert.id, input.place, coalesce(input.count, 1) AS count, coalesce(input.last_at, %(at)s) AS last_at
    FROM alerts_alert alert JOIN input USING (source_id, dedup_key)
    WHERE alert.status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED')
    ORDER BY input.source_id, input.dedup_key
    FOR NO KEY UPDATE OF alert
), folded AS (
    UPDATE alerts_alert alert
    SET occurrences = alert.occurrences + held.count, last_seen_at = greatest(alert.last_seen_at, held.last_at)
    FROM held WHERE alert.id = held.id
    RETURNING held.place, alert.id, alert.priority
), raised AS (
    INSERT INTO alerts_alert (
        id, number, status, priority, severity, source_id, type, title, description, translations, subject, labels, links, runbook_url,
        dedup_key, life_safety, occurrences, created_at, first_seen_at, last_seen_at, previous_id, policy_id, round, step,
        round_started_at, told, next_step_at, deadline_at, unanswered, suppressed_by, group_key, acknowledged_by, promise,
        resolution, image)
    SELECT input.id, nextval('alerts_alert_number'), 'PENDING', priority, severity, source_id, type, title, coalesce(description, ''),
        coalesce(translations, '{}'), coalesce(subject, ''), coalesce(labels, '{}'), coalesce(links, '[]'), coalesce(runbook_url, ''),
        dedup_key, life_safety, coalesce(count, 1), %(at)s, coalesce(first_at, %(at)s), coalesce(last_at, %(at)s),
        (SELECT last.id FROM alerts_alert last WHERE last.source_id = input.source_id AND last.dedup_key = input.dedup_key
         AND last.status IN ('RESOLVED', 'EXPIRED') ORDER BY last.id DESC LIMIT 1),
        policy_id, 1, 0, %(at)s, 0, next_step_at, deadline_at, false, '[]', coalesce(group_key, ''), '', '', '', ''
    FROM input WHERE NOT EXISTS (SELECT 1 FROM folded WHERE folded.place = input.place)
    ORDER BY source_id, dedup_key
    ON CONFLICT (source_id, dedup_key) WHERE status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED')
    DO UPDATE SET occurrences = alerts_alert.occurrences + excluded.occurrences,
        last_seen_at = greatest(alerts_alert.last_seen_at, excluded.last_seen_at)
    RETURNING id, source_id, dedup_key, priority, xmax = 0 AS created
), stored AS (
    SELECT place, id, priority, false AS created FROM folded
    UNION ALL SELECT input.place, raised.id, raised.priority, raised.created FROM raised JOIN input USING (source_id, dedup_key)
), logged AS (
    INSERT INTO alerts_logentry (alert_id, at, kind, actor, detail)
    SELECT stored.id, %(at)s, 'raised', '', jsonb_build_object('title', title, 'severity', severity, 'type', type, 'route', route)
    FROM stored JOIN input USING (place) WHERE stored.created
), kept AS (
    INSERT INTO alerts_report (id, source_id, source_slug, received_at, verdict, reason, alert_id, reported_by_id, raw)
    SELECT report.id, source_id, slug, %(at)s,
        CASE WHEN report.repeats OR NOT stored.created THEN 'folded' WHEN silenced THEN 'suppressed' ELSE 'accepted' END,
        '', stored.id, coalesce(report.by_id, %(by)s), report.raw
    FROM json_to_recordset(%(reports)s::json) AS report (id uuid, place int, repeats bool, by_id int, raw jsonb)
    JOIN stored USING (place) JOIN input USING (place)
)
SELECT place, id, priority, created FROM stored
"""


class Accepted(NamedTuple):
    """What became of one report: its alert, and whether it is a new one."""

    alert_id: UUID
    created: bool


Outcome = Accepted | InvalidReport


def accept(reports: Sequence[NewReport], *, at: datetime, by_id: int | None = None) -> list[Outcome]:
    """Store ``reports`` and raise or repeat their alerts; answers in the same order.

    Good reports are stored whatever the others are: a report that cannot be accepted answers with an InvalidReport
    (not raised). ``by_id`` is the user who reported, for reports that do not say it themselves. Committed on return,
    unless the caller holds a transaction.
    Raises DatabaseError when nothing could be stored.
    """
    for last_try in (False, False, True):
        folds, refused = folding.fold(reports, routing.table(), at=at)
        try:
            with transaction.atomic():
                accepted = _store(reports, folds, at=at, by_id=by_id) if folds else {}
        except (IntegrityError, OperationalError):
            # A deadlock, or a source or snapshot deleted since the table was read: read it again, once more.
            if last_try or connection.in_atomic_block:
                raise
            logger.warning("intake tries a batch of %d again", len(reports), exc_info=True)
            routing.forget()
        else:
            return [refused.get(place) or accepted[place] for place in range(len(reports))]
    raise DatabaseError("unreachable")


def refuse(*, slug: str, subject: str, errors: Sequence[tuple[str, str]], raw: str, at: datetime, by_id: int | None) -> None:
    """Keep a report that cannot be accepted, and tell people: a device that is refused cannot call for help.

    The technical alert comes at most once per source and subject in 15 minutes, and only for a known source.
    """
    source = routing.table().sources.get(slug)
    reason = "; ".join(f"{place}: {text}" for place, text in errors)[:500]
    Report.objects.create(id=ids.uuid7(at), source=source, source_slug=slug[:60], received_at=at, verdict=Verdict.REJECTED, reason=reason,
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


def _store(reports: Sequence[NewReport], folds: Sequence[Fold], *, at: datetime, by_id: int | None) -> dict[int, Accepted]:
    """Raise or repeat the alert of each fold, with its reports, its record and its event; answers by the reports' places."""
    accepted: dict[int, Accepted] = {}
    created: list[UUID] = []
    events: list[tuple[EventKind, UUID]] = []
    for number, alert_id, priority, is_new in _write(reports, folds, at=at, by_id=by_id):
        fold = folds[number]
        accepted |= dict.fromkeys(fold.places, Accepted(alert_id, created=False))
        events.append((EventKind.RAISED if is_new else EventKind.REPEATED, alert_id))
        if is_new:
            accepted[fold.places[0]] = Accepted(alert_id, created=True)
            created.append(alert_id)
        elif fold.choice.priority < priority:
            escalation.raise_priority(alert_id, fold.choice.snapshot, priority=fold.choice.priority, severity=fold.severity, at=at)
    if created:
        alerts_raised.send(sender=Source, alerts=created, at=at)
    urgent = any(fold.choice.priority == Priority.P1 or fold.source.life_safety for fold in folds)
    record.announce(events, at=at, wake_also=(wake.DUE if urgent else wake.REPORTED,))
    return accepted


def _write(
    reports: Sequence[NewReport], folds: Sequence[Fold], *, at: datetime, by_id: int | None
) -> list[tuple[int, UUID, int, bool]]:  # fmt: skip
    """One statement for all of it: the number of each fold, its alert, the alert's priority, and whether it is new."""
    choices: dict[tuple[int, int, int, str, int | None], int] = {}
    shared: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number, (pk, fold) in enumerate(zip(ids.texts(len(folds), at), folds, strict=True)):
        found = (fold.source.id, fold.choice.snapshot.id, fold.choice.priority, fold.severity, fold.choice.route)
        choice = choices.setdefault(found, len(choices))
        if choice == len(shared):
            shared.append(_shared(choice, fold, at=at))
        rows.append({"place": number, "choice": choice, "id": pk, **_own(fold, at=at)})
    values = {
        "at": at, "by": by_id, "choices": to_json(shared).decode(), "folds": to_json(rows).decode(), "reports": _raw(reports, folds, at=at),
    }  # fmt: skip
    # Planned each time, and not by lib/prepared.py: a plan kept from when the table was small would read all of it for each
    # report of the flood that follows.
    with connection.cursor() as cursor:
        cursor.execute(_STORE, values)
        written: list[tuple[int, UUID, int, bool]] = cursor.fetchall()
        return written


def _shared(choice: int, fold: Fold, *, at: datetime) -> dict[str, Any]:
    """What every new alert with this source, policy, priority and severity has."""
    return {
        "choice": choice,
        "source_id": fold.source.id,
        "slug": fold.source.slug,
        "life_safety": fold.source.life_safety,
        "severity": fold.severity,
        "priority": fold.choice.priority,
        "policy_id": fold.choice.snapshot.id,
        "route": fold.choice.route,
        "next_step_at": escalation.first_step_at(fold.choice.plan, at=at),
        "deadline_at": escalation.first_deadline(fold.choice.plan, at=at),
    }


def _own(fold: Fold, *, at: datetime) -> dict[str, Any]:
    """What only this alert has."""
    report = fold.report
    own: dict[str, Any] = {"dedup_key": fold.key, "type": report.type, "title": report.title}
    unusual = {
        "subject": report.subject, "labels": report.labels, "description": report.description, "links": report.links,
        "runbook_url": report.runbook_url,
        "translations": report.translations, "group_key": folding.group_key(report, fold.source, fold.severity), "silenced": fold.silenced,
    }  # fmt: skip
    own |= {name: value for name, value in unusual.items() if value}
    if fold.first_at != at or fold.last_at != at or len(fold.places) > 1:
        own |= {"first_at": fold.first_at, "last_at": fold.last_at, "count": len(fold.places)}
    return own


def _raw(reports: Sequence[NewReport], folds: Sequence[Fold], *, at: datetime) -> str:
    """Every accepted report for the table of reports, as JSON put together by hand: ``raw`` is JSON already, the rest needs no escape."""
    fresh = iter(ids.texts(len(reports), at))
    rows = []
    for number, fold in enumerate(folds):
        for place in fold.places:
            report = reports[place]
            by = f',"by_id":{report.by_id}' if report.by_id else ""
            repeats = ',"repeats":true' if place != fold.places[0] else ""
            rows.append(f'{{"id":"{next(fresh)}","place":{number}{repeats}{by},"raw":{report.raw}}}')
    return f"[{','.join(rows)}]"
