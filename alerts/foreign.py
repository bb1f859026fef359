"""Activities of other monitoring systems that are reported again and again: raised once, kept alive by every report, over when they end.

The only writer of ForeignAlert. Locks: its rows in the order of their hashes, then alerts.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import connection, transaction
from pydantic_core import to_json

from alerts import alertmanager, intake, lifecycle, ownership
from alerts.alertmanager import KEY_PREFIX, Posted
from alerts.enums import OPEN, Resolution
from alerts.errors import InvalidReport
from alerts.models import Alert, ForeignAlert
from sentinel_site.lib import ids

REPEAT_AFTER: Final = timedelta(hours=4)
"""What somebody resolved and what is still reported is raised again so long after; Alertmanager repeats itself as often."""
KEEP: Final = timedelta(days=7)
BATCH: Final = 500
ANSWER: Final = "alerts.answer_alert"
OVER: Final = "it is over"
SILENT: Final = "it was not reported again in time"
logger = logging.getLogger(__name__)

_INPUT: Final = """
SELECT * FROM json_to_recordset(%(rows)s::json) AS row (
    id uuid, label_hash text, dedup_key text, labels jsonb, annotations jsonb, generator_url text, starts_at timestamptz,
    ends_at timestamptz, timed_out bool)
"""
_AGAIN: Final = """
SELECT * FROM json_to_recordset(%(rows)s::json) AS row (
    label_hash text, dedup_key text, annotations jsonb, generator_url text, ends_at timestamptz, timed_out bool)
"""
"""Of what is known already, only what may change: most of what comes is sent again."""
# An end that the report names beats one of ours; an alert that people have, or that one of them just resolved, is not raised again.
_RENEW: Final = f"""
WITH input AS ({_AGAIN}), known AS (
    SELECT row.id, input.label_hash, input.annotations, input.generator_url, input.ends_at, input.timed_out
    FROM alerts_foreignalert AS row JOIN input USING (label_hash)
    WHERE row.source_id = %(source)s AND row.ended_at IS NULL AND (
        EXISTS (SELECT FROM alerts_alert AS alert WHERE alert.source_id = %(source)s AND alert.dedup_key = input.dedup_key
            AND alert.status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED'))
        OR (SELECT last.status = 'RESOLVED' AND last.closed_at > %(repeat_since)s FROM alerts_alert AS last
            WHERE last.source_id = %(source)s AND last.dedup_key = input.dedup_key AND last.status IN ('RESOLVED', 'EXPIRED')
            ORDER BY last.id DESC LIMIT 1))
    ORDER BY row.label_hash FOR NO KEY UPDATE OF row
)
UPDATE alerts_foreignalert AS row SET updated_at = %(at)s, annotations = known.annotations, generator_url = known.generator_url,
    ends_at = CASE WHEN known.timed_out AND NOT row.timed_out AND row.ends_at > %(at)s THEN row.ends_at ELSE known.ends_at END,
    timed_out = known.timed_out AND (row.timed_out OR row.ends_at <= %(at)s)
FROM known WHERE row.id = known.id
RETURNING known.label_hash
"""  # noqa: S608 (our own text)
_BEGIN: Final = f"""
INSERT INTO alerts_foreignalert AS row (
    id, source_id, label_hash, labels, annotations, generator_url, starts_at, ends_at, timed_out, updated_at)
SELECT id, %(source)s, label_hash, labels, annotations, generator_url, starts_at, ends_at, timed_out, %(at)s
FROM ({_INPUT}) AS input ORDER BY label_hash
ON CONFLICT (source_id, label_hash) DO UPDATE SET annotations = excluded.annotations, generator_url = excluded.generator_url,
    starts_at = CASE WHEN row.ended_at IS NULL THEN least(row.starts_at, excluded.starts_at) ELSE excluded.starts_at END,
    ends_at = excluded.ends_at, timed_out = excluded.timed_out, ended_at = NULL, updated_at = excluded.updated_at
"""  # noqa: S608 (our own text)
_END: Final = f"""
WITH input AS ({_AGAIN}), known AS (
    SELECT row.id, input.ends_at, input.annotations, input.dedup_key FROM alerts_foreignalert AS row JOIN input USING (label_hash)
    WHERE row.source_id = %(source)s AND row.ended_at IS NULL AND row.starts_at <= input.ends_at
    ORDER BY row.label_hash FOR NO KEY UPDATE OF row
)
UPDATE alerts_foreignalert AS row SET updated_at = %(at)s, ended_at = known.ends_at, ends_at = known.ends_at, timed_out = false
FROM known WHERE row.id = known.id
RETURNING known.dedup_key
"""  # noqa: S608 (our own text)
_SILENT: Final = """
WITH due AS (
    SELECT id FROM alerts_foreignalert WHERE ended_at IS NULL AND ends_at <= %(at)s
    ORDER BY ends_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE alerts_foreignalert AS row SET ended_at = row.ends_at FROM due WHERE row.id = due.id
RETURNING row.source_id, row.label_hash
"""


class Became(StrEnum):
    """What one item did."""

    RAISED = "raised"
    RENEWED = "renewed"
    """It still fires, and people have it."""
    ENDED = "ended"
    NOTHING = "nothing"
    """It is over, and was before."""


def take(posted: Sequence[Posted], *, source: str, source_id: int, at: datetime, by_id: int | None) -> list[str]:
    """What one POST says: ends what is over, keeps alive what still fires, raises what is new. Returns what was refused, in words.

    Committed on return. Raises DatabaseError when it could not be stored, or not all of it; posted again it does the rest.
    """
    became = take_each(posted, source=source, source_id=source_id, at=at, by_id=by_id)
    refused = [(each, became[each.label_hash]) for each in posted if isinstance(became[each.label_hash], InvalidReport)]
    return [f"{each.labels.get('alertname', each.label_hash)}: {error}" for each, error in refused]


def anothers(posted: Sequence[Posted], *, source_id: int, by: User, at: datetime) -> set[str]:
    """The label hashes of what is over, and whose open alert another user's key raised: ``by``, who may not answer alerts, ends none."""
    over = {each.dedup_key: each.label_hash for each in posted if each.ends_at <= at}
    if not over or by.has_perm(ANSWER):
        return set()
    rows = Alert.objects.filter(source_id=source_id, dedup_key__in=list(over), status__in=OPEN)
    known = dict(rows.values_list("pk", "dedup_key"))
    return {over[known[pk]] for pk in ownership.raised_by_others(known, by)}


def take_each(
    posted: Sequence[Posted], *, source: str, source_id: int, at: datetime, by_id: int | None
) -> dict[str, Became | InvalidReport]:  # fmt: skip
    """Like `take`; answers by label hash what each item did."""
    over = [each for each in posted if each.ends_at <= at]
    firing = [each for each in posted if each.ends_at > at]
    became: dict[str, Became | InvalidReport] = {each.label_hash: Became.NOTHING for each in over}
    if over:
        ended = _end(over, source_id=source_id, at=at)
        became |= {each.label_hash: Became.ENDED for each in over if each.dedup_key in ended}
    if firing:
        renewed = dict.fromkeys(_run(_RENEW, firing, source_id=source_id, at=at), Became.RENEWED)
        fresh = [each for each in firing if each.label_hash not in renewed]
        became |= renewed
        became |= _raise(fresh, source=source, source_id=source_id, at=at, by_id=by_id) if fresh else {}
    return became


def end_silent(*, at: datetime, limit: int = BATCH) -> int:
    """End what was not reported again in time. Returns how many.

    Their alerts are resolved, except where lives depend: there a monitoring system that went silent proves nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SILENT, {"at": at, "limit": limit})
        ended = cursor.fetchall()
        keys = {(source_id, f"{KEY_PREFIX}{label_hash}") for source_id, label_hash in ended}
        found = Alert.objects.filter(dedup_key__in=[key for _, key in keys], status__in=OPEN, life_safety=False)
        endings = [(alert, SILENT) for alert in found if (alert.source_id, alert.dedup_key) in keys]
        if endings:
            lifecycle.resolve_all(endings, by=None, at=at, resolution=Resolution.RECOVERED)
    return len(ended)


def _end(over: Sequence[Posted], *, source_id: int, at: datetime) -> set[str]:
    """Resolve the alerts of what is over. An end that lies before the start of what is known now is an old one, and ends nothing.

    Returns the dedup keys of what ended.
    """
    with transaction.atomic():
        keys = _run(_END, over, source_id=source_id, at=at)
        found = Alert.objects.filter(source_id=source_id, dedup_key__in=keys, status__in=OPEN) if keys else ()
        if endings := [(alert, OVER) for alert in found]:
            lifecycle.resolve_all(endings, by=None, at=at, resolution=Resolution.RECOVERED)
    return set(keys)


def _raise(
    fresh: Sequence[Posted], *, source: str, source_id: int, at: datetime, by_id: int | None
) -> dict[str, Became | InvalidReport]:  # fmt: skip
    with transaction.atomic():
        _run(_BEGIN, fresh, source_id=source_id, at=at)
        outcomes = intake.accept([alertmanager.report(each, source, at=at) for each in fresh], at=at, by_id=by_id)
    became: dict[str, Became | InvalidReport] = {}
    for each, outcome in zip(fresh, outcomes, strict=True):
        became[each.label_hash] = outcome if isinstance(outcome, InvalidReport) else Became.RAISED
        if isinstance(outcome, InvalidReport):
            logger.warning("an alert of %s was refused: %s", source, outcome)
    return became


def _run(statement: str, posted: Sequence[Posted], *, source_id: int, at: datetime) -> list[str]:
    rows: list[dict[str, Any]] = [
        {
            "label_hash": each.label_hash, "dedup_key": each.dedup_key, "annotations": each.annotations,
            "generator_url": each.generator_url, "ends_at": each.ends_at, "timed_out": each.timed_out,
        }
        for each in posted
    ]  # fmt: skip
    if statement == _BEGIN:
        for row, pk, each in zip(rows, ids.texts(len(posted), at), posted, strict=True):
            row |= {"id": pk, "labels": each.labels, "starts_at": each.starts_at}
    values: dict[str, Any] = {"rows": to_json(rows).decode(), "source": source_id, "at": at, "repeat_since": at - REPEAT_AFTER}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [each for (each,) in cursor.fetchall()] if cursor.description else []


def forget(*, at: datetime, limit: int) -> int:
    """Delete what is over for long, ``limit`` at the most. Returns how many."""
    old = ForeignAlert.objects.filter(ended_at__lt=at - KEEP).values_list("pk", flat=True)[:limit]
    deleted, _ = ForeignAlert.objects.filter(pk__in=list(old)).delete()
    return deleted
