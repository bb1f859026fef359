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
from django.utils.translation import gettext as _
from pydantic_core import to_json

from alerts import escalation, folding, record, routing, tongues
from alerts.enums import EventKind, Priority, Severity, Verdict
from alerts.errors import InvalidReport
from alerts.folding import Fold, NewReport
from alerts.models import Report, Source
from alerts.signals import alerts_raised
from sentinel_site.lib import ids, prepared, wake

MAX_BATCH: Final = 1000
REFUSAL_WINDOW: Final = timedelta(minutes=15)
OWN_SOURCE: Final = "sentinel"
"""The source of Sentinel's own technical alerts; bootstrap makes it."""
SEPARATOR: Final = "\x1e"
"""Stands between JSON texts: inside of one it can only be escaped."""
logger = logging.getLogger(__name__)

# All rows of a batch go to PostgreSQL in one statement, column by column: taking apart a list costs it a quarter of what as many
# JSON objects do. What many alerts share comes once (choices), and what few have comes by itself (unusual).
_STORE: Final = """
WITH choice AS MATERIALIZED (
    SELECT c.* FROM json_to_recordset(%(choices)s::json) AS c (
        choice int, source_id bigint, slug text, life_safety bool, severity text, priority int, policy_id bigint, route bigint,
        next_step_at timestamptz, deadline_at timestamptz)
    JOIN alerts_source AS source ON source.id = c.source_id JOIN alerts_policysnapshot AS policy ON policy.id = c.policy_id
    FOR KEY SHARE OF source, policy
), input AS MATERIALIZED (
    SELECT f.place, f.id::uuid, choice.*, f.dedup_key, f.group_key, f.type, f.title, f.description, f.subject, f.labels,
        unusual.links, unusual.runbook_url, unusual.translations, unusual.first_at, unusual.last_at, unusual.count, unusual.silenced
    FROM ROWS FROM (
        string_to_table(%(ids)s::text, ','), string_to_table(%(picks)s::text, ','), json_array_elements_text(%(keys)s::json),
        json_array_elements_text(%(groups)s::json), json_array_elements_text(%(types)s::json), json_array_elements_text(%(titles)s::json),
        json_array_elements_text(%(descriptions)s::json), json_array_elements_text(%(subjects)s::json),
        json_array_elements(%(labels)s::json)
    ) WITH ORDINALITY AS f (id, choice, dedup_key, group_key, type, title, description, subject, labels, place)
    JOIN choice ON choice.choice = f.choice::int
    LEFT JOIN json_to_recordset(%(unusual)s::json) AS unusual (
        place bigint, links jsonb, runbook_url text, translations jsonb, first_at timestamptz, last_at timestamptz, count int,
        silenced bool)
    ON unusual.place = f.place
), held AS MATERIALIZED (
    SELECT open.id, input.place, coalesce(input.count, 1) AS count, coalesce(input.last_at, %(at)s) AS last_at
    FROM (SELECT * FROM input ORDER BY place) AS input, LATERAL (
        SELECT alert.id FROM alerts_alert AS alert WHERE alert.source_id = input.source_id AND alert.dedup_key = input.dedup_key
        AND alert.status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED') FOR NO KEY UPDATE
    ) AS open
), folded AS (
    UPDATE alerts_alert alert
    SET occurrences = alert.occurrences + held.count, last_seen_at = greatest(alert.last_seen_at, held.last_at)
    FROM held WHERE alert.id = held.id AND alert.id = ANY(ARRAY(SELECT id FROM held))  -- or a plan of a small table reads all of it
    RETURNING held.place, alert.id, alert.priority
), raised AS (
    INSERT INTO alerts_alert (
        id, number, status, priority, severity, source_id, type, title, description, translations, subject, labels, links, runbook_url,
        dedup_key, life_safety, occurrences, created_at, first_seen_at, last_seen_at, previous_id, policy_id, round, step,
        round_started_at, told, next_step_at, deadline_at, unanswered, suppressed_by, group_key, acknowledged_by, promise,
        resolution, image)
    SELECT input.id, nextval('alerts_alert_number'), 'PENDING', priority, severity, source_id, type, title, description,
        coalesce(translations, '{}'), subject, labels::jsonb, coalesce(links, '[]'), coalesce(runbook_url, ''),
        dedup_key, life_safety, coalesce(count, 1), %(at)s, coalesce(first_at, %(at)s), coalesce(last_at, %(at)s),
        (SELECT last.id FROM alerts_alert last WHERE last.source_id = input.source_id AND last.dedup_key = input.dedup_key
         AND last.status IN ('RESOLVED', 'EXPIRED') ORDER BY last.id DESC LIMIT 1),
        policy_id, 1, 0, %(at)s, 0, next_step_at, deadline_at, false, '[]', group_key, '', '', '', ''
    FROM input WHERE NOT EXISTS (SELECT 1 FROM folded WHERE folded.place = input.place)
    ORDER BY place
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
    SELECT report.id::uuid, source_id, slug, %(at)s,
        CASE WHEN report.repeats = '1' OR NOT stored.created THEN 'folded' WHEN silenced THEN 'suppressed' ELSE 'accepted' END,
        '', stored.id, coalesce(nullif(report.by_id, '')::int, %(by)s::int), report.raw::jsonb
    FROM ROWS FROM (
        string_to_table(%(report_ids)s::text, ','), string_to_table(%(places)s::text, ','), string_to_table(%(repeats)s::text, ','),
        string_to_table(%(senders)s::text, ','), string_to_table(%(raw)s::text, E'\x1e')
    ) AS report (id, place, repeats, by_id, raw)
    JOIN stored ON stored.place = report.place::bigint JOIN input ON input.place = stored.place
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
        except DatabaseError as error:
            # A deadlock, a plan that is no good any more, or a source or snapshot deleted since the table was read: read it again.
            again = isinstance(error, IntegrityError | OperationalError) or prepared.is_stale(error)
            if last_try or not again or connection.in_atomic_block:
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
            **tongues.report(lambda: _refused(source.name, subject[:80], reason)),
            dedup_key=f"refused:{slug}:{subject[:100]}:{window}", labels={"refused_source": slug},
        )], at=at,
    )  # fmt: skip


def _refused(name: str, subject: str, reason: str) -> dict[str, str]:
    title = _("A report from %(source)s was refused") % {"source": name} + (f" ({subject})" if subject else "")
    return {"title": title, "description": _("Sentinel could not accept it, so nobody was told what it says.") + f" {reason}"}


def _store(reports: Sequence[NewReport], folds: Sequence[Fold], *, at: datetime, by_id: int | None) -> dict[int, Accepted]:
    """Raise or repeat the alert of each fold, with its reports, its record and its event; answers by the reports' places."""
    born = zip(ids.texts(len(folds), at), folds, strict=True)
    ordered = sorted(born, key=lambda each: (each[1].source.id, each[1].key))  # the order in which all transactions lock
    accepted: dict[int, Accepted] = {}
    created: list[UUID] = []
    events: list[tuple[EventKind, UUID]] = []
    for place, alert_id, priority, is_new in _write(reports, ordered, at=at, by_id=by_id):
        fold = ordered[place - 1][1]
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
    reports: Sequence[NewReport], born: Sequence[tuple[str, Fold]], *, at: datetime, by_id: int | None
) -> list[tuple[int, UUID, int, bool]]:  # fmt: skip
    """One statement for all of it: the place of each fold from 1 on, its alert, the alert's priority, and whether it is new."""
    folds = [fold for _, fold in born]
    choices: dict[tuple[int, int, int, str, int | None], int] = {}
    shared: list[dict[str, Any]] = []
    picks: list[str] = []
    for fold in folds:
        found = (fold.source.id, fold.choice.snapshot.id, fold.choice.priority, fold.severity, fold.choice.route)
        choice = choices.setdefault(found, len(choices))
        if choice == len(shared):
            shared.append(_shared(choice, fold, at=at))
        picks.append(str(choice))
    values = {"at": at, "by": by_id, "choices": _json(shared), "picks": ",".join(picks),
              "ids": ",".join([pk for pk, _ in born]), **_own(folds, at=at), **_raw(reports, folds, at=at)}  # fmt: skip
    written = prepared.run(_STORE, values, by_index=True)
    if len(written) < len(folds):
        raise IntegrityError("a source or a policy was deleted meanwhile")
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


def _own(folds: Sequence[Fold], *, at: datetime) -> dict[str, Any]:
    """What only each alert has, as columns."""
    reports = [fold.report for fold in folds]
    return {
        "keys": _json([fold.key for fold in folds]),
        "groups": _json([folding.group_key(fold.report, fold.source, fold.severity) for fold in folds]),
        "types": _json([report.type for report in reports]),
        "titles": _json([report.title for report in reports]),
        "descriptions": _json([report.description for report in reports]),
        "subjects": _json([report.subject for report in reports]),
        "labels": _json([report.labels or {} for report in reports]),
        "unusual": _json([own for place, fold in enumerate(folds, start=1) if (own := _unusual(place, fold, at=at))]),
    }


def _unusual(place: int, fold: Fold, *, at: datetime) -> dict[str, Any]:
    """What few alerts have; empty for the others."""
    report = fold.report
    given = (
        ("links", report.links), ("runbook_url", report.runbook_url), ("translations", report.translations), ("silenced", fold.silenced),
    )  # fmt: skip
    own: dict[str, Any] = {name: value for name, value in given if value}
    if fold.first_at != at or fold.last_at != at or len(fold.places) > 1:
        own |= {"first_at": fold.first_at, "last_at": fold.last_at, "count": len(fold.places)}
    return own and {"place": place, **own}


def _raw(reports: Sequence[NewReport], folds: Sequence[Fold], *, at: datetime) -> dict[str, str]:
    """Every accepted report for the table of reports, as columns. ``raw`` is JSON already, where a separator can only stand escaped."""
    rows = [(number, place, place != fold.places[0]) for number, fold in enumerate(folds, start=1) for place in fold.places]
    return {
        "report_ids": ",".join(ids.texts(len(rows), at)),
        "places": ",".join([str(number) for number, _, _ in rows]),
        "repeats": ",".join(["1" if repeats else "0" for _, _, repeats in rows]),
        "senders": ",".join([str(reports[place].by_id or "") for _, place, _ in rows]),
        "raw": SEPARATOR.join([reports[place].raw for _, place, _ in rows]),
    }


def _json(value: object) -> str:
    return to_json(value).decode()
