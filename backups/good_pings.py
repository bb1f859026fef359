"""Successes of jobs about which nobody is to be told anything: read, judged in memory, and written by one statement.

Most pings are such. Read and written are two statements and one commit, where deciding whatever may come takes ten; nothing is held in
between. The second writes only what is still true: with the jobs held it looks whether any was changed since it was read (its row's
``xmin``), as everybody does who decides one of its runs. If so, or if one of them is no such ping, nothing at all is written.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from backups import entries, entry_rows, telling
from backups.entry_rows import STATE
from backups.enums import PingKind
from backups.held import Fresh, Job
from backups.models import BackupEntry, ExpectedBackupJob, Ping
from backups.ping_calls import Call, Found, evidence
from backups.suspicion import HISTORY, Run
from sentinel_site.lib import prepared

_ENTRY, _JOB, _PING = (model._meta.db_table for model in (BackupEntry, ExpectedBackupJob, Ping))
JUDGED: Final = f"""
known AS (
    SELECT call.*, job.id AS job_id, job.is_active, job.post_only, job.manual_resume, job.started_at, job.started_rid,
        NULL::bigint AS key_id, NULL::timestamptz AS key_used_at
    FROM call CROSS JOIN LATERAL (SELECT * FROM {_JOB} job WHERE job.ping_id = call.ping_id LIMIT 1) job
    UNION ALL
    SELECT call.*, job.id, job.is_active, job.post_only, job.manual_resume, job.started_at, job.started_rid, key.id, key.last_used_at
    FROM call JOIN backups_pingkey key ON key.digest = call.digest
    CROSS JOIN LATERAL (SELECT * FROM {_JOB} job WHERE job.slug = call.slug AND NOT (job.slug = '') LIMIT 1) job
), judged AS (
    SELECT known.*,
        CASE WHEN (post_only AND method <> 'POST') OR (manual_resume AND NOT is_active) THEN 'ignored' ELSE kind END AS became,
        CASE WHEN kind IN ('success', 'fail') THEN coalesce(told_seconds, extract(epoch FROM at - CASE
            WHEN started_at IS NOT NULL AND started_rid IS NOT DISTINCT FROM rid THEN started_at
            WHEN rid IS NOT NULL THEN (
                SELECT start.at FROM {_PING} start WHERE start.job_id = known.job_id AND start.kind = 'start' AND start.rid = known.rid
                ORDER BY start.id DESC LIMIT 1)
        END)::float8) END AS seconds
    FROM known
)"""  # noqa: S608  (names of our own)
"""The jobs of the rows of ``call``, whether each ping is ignored, and how long the run took. LATERAL: by the index, whatever is guessed."""
# JSON, not arrays: PostgreSQL guesses the same of any, or it would never keep a plan, and planning costs more than all the rest.
_LOOK: Final = f"""
WITH call AS (
    SELECT * FROM json_to_recordset(%s::json) AS c (
        place int, ping_id uuid, digest text, slug text, at timestamptz, kind text, rid uuid, told_seconds float8, method text)
), {JUDGED}
SELECT place, job_id, became, seconds, judged.is_active, key_id, key_used_at, job.xmin::text, ARRAY({telling.TOLD}),
    CASE WHEN job.last_successful_backup_utc IS NOT NULL THEN (
        SELECT json_agg(json_build_array(
            size_bytes, duration_seconds, extract(epoch FROM reported_at - cycle_at)::float8, reports) ORDER BY cycle_at DESC)
        FROM (
            SELECT cycle_at, size_bytes, duration_seconds, reported_at, reports FROM {_ENTRY} entry
            WHERE entry.expected_job_id = job.id AND entry.status = 'success' ORDER BY cycle_at DESC LIMIT {HISTORY + 1}
        ) AS recent) END,
    {", ".join(f"job.{name}" for name in entry_rows.COLUMNS)}
FROM judged CROSS JOIN LATERAL (SELECT xmin, * FROM {_JOB} job WHERE job.id = job_id LIMIT 1) job ORDER BY place
"""  # noqa: S608
_PING_COLUMNS, _ENTRY_COLUMNS = (", ".join(str(field.column) for field in model._meta.concrete_fields) for model in (Ping, BackupEntry))
_STATE: Final = ", ".join(STATE)
_STATE_TYPES: Final = ", ".join(f"{name} {kind}" for name, kind in STATE.items())
_WRITE: Final = f"""
WITH fresh AS (
    SELECT * FROM json_to_recordset(%s::json) AS f (id uuid, version text, {_STATE_TYPES})
), held AS (
    SELECT id, xmin::text AS version FROM {_JOB} WHERE id = ANY(ARRAY(SELECT id FROM fresh)) ORDER BY id FOR NO KEY UPDATE
), same AS MATERIALIZED (
    SELECT 1 FROM fresh LEFT JOIN held USING (id, version) HAVING count(*) = count(held.version)
), ping AS (
    INSERT INTO {_PING} ({_PING_COLUMNS})
    SELECT {_PING_COLUMNS} FROM json_populate_recordset(NULL::{_PING}, %s::json) WHERE EXISTS (SELECT FROM same)
), entry AS (
    INSERT INTO {_ENTRY} ({_ENTRY_COLUMNS})
    SELECT {_ENTRY_COLUMNS} FROM json_populate_recordset(NULL::{_ENTRY}, %s::json) WHERE EXISTS (SELECT FROM same)
), job AS (
    UPDATE {_JOB} job SET {", ".join(f"{name} = fresh.{name}" for name in STATE)} FROM fresh
    WHERE job.id = fresh.id AND job.id = ANY(ARRAY(SELECT id FROM fresh)) AND EXISTS (SELECT FROM same)
)
SELECT 1 FROM same
"""  # noqa: S608


class _Seen(NamedTuple):
    """A ping's job as it was read; ``version`` says whether it is still so."""

    found: Found
    version: str
    job: Job


def take(waiting: Sequence[tuple[int, Call]]) -> list[Found] | None:
    """Store these pings and what they mean, if all are as said above or mere logs; None: nothing was written. Committed on return.

    Raises what two who write at once may get: IntegrityError and OperationalError; nothing is written then, either.
    """
    if any(call.kind not in (PingKind.SUCCESS, PingKind.LOG) for _, call in waiting):
        return None
    calls = dict(waiting)
    seen, past, told = _look(waiting)
    ended = [each for each in seen if each.found.kind == PingKind.SUCCESS]
    jobs = {each.job.pk: each for each in ended}
    if len(jobs) < len(ended) or jobs.keys() & telling.about(told, telling.BAD, telling.ODD):
        return None
    fresh = entries.foresee([(each.job, evidence(calls[each.found.place], each.found)) for each in ended], past)
    if fresh is None or (seen and not _write(calls, seen, list(jobs.values()), fresh)):
        return None
    return [each.found for each in seen]


def _look(waiting: Sequence[tuple[int, Call]]) -> tuple[list[_Seen], dict[UUID, list[Run]], list[str]]:
    """The jobs as they are, their last successes, and what people are told of at the moment."""
    rows = [
        {
            "place": place, "ping_id": call.target.ping_id, "digest": call.target.key, "slug": call.target.slug, "at": call.at,
            "kind": call.kind, "rid": call.rid, "told_seconds": call.duration_seconds, "method": call.method,
        } for place, call in waiting
    ]  # fmt: skip
    read = prepared.run(_LOOK, [to_json(rows).decode()])
    seen = [_Seen(Found(*row[:7]), row[7], Job(*row[10:])) for row in read]
    return seen, {row[1]: [Run(*run) for run in row[9] or ()] for row in read}, read[0][8] if read else []


def _write(calls: Mapping[int, Call], seen: Sequence[_Seen], jobs: Sequence[_Seen], fresh: Sequence[Fresh]) -> bool:
    """Whether it was written: no job had changed."""
    states = [{"id": each.job.pk, "version": each.version} | {name: getattr(each.job, name) for name in STATE} for each in jobs]
    pings = [_ping(calls[each.found.place], each.found) for each in seen]
    return bool(prepared.run(_WRITE, [to_json(each).decode() for each in (states, pings, entry_rows.whole(fresh))]))


def _ping(call: Call, found: Found) -> dict[str, Any]:
    """The row of Ping."""
    return {
        "id": call.id, "job_id": found.job_id, "at": call.at, "kind": found.kind, "exit_status": call.exit_status, "rid": call.rid,
        "duration_seconds": found.seconds, "method": call.method, "address": call.address, "agent": call.agent, "body_head": call.head,
        "body_tail": call.tail, "body_bytes": call.size,
    }  # fmt: skip
