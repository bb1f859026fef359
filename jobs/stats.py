"""Runs in numbers: a period of all jobs, and what each job is like. Set-based: the number of statements does not grow with runs or jobs."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from jobs.enums import RunStatus
from sentinel_site.lib import ids
from sentinel_site.lib.instants import instant

MAX_HOURS: Final = 24 * 366
CLOCK_SKEW: Final = timedelta(hours=1)
"""Ids are born with their rows, give or take; the primary key narrows the search to them."""
RECENT: Final = 30
"""So many runs of each job are drawn."""
_PERIOD: Final = """
SELECT run.job_id, count(*),
    count(*) FILTER (WHERE status = 'success'), count(*) FILTER (WHERE status = 'warning'), count(*) FILTER (WHERE status = 'error'),
    count(*) FILTER (WHERE status = 'orphaned'), count(*) FILTER (WHERE status = 'skipped'), count(*) FILTER (WHERE status = 'running'),
    count(*) FILTER (WHERE status = 'queued'),
    avg(duration_ms) FILTER (WHERE status IN ('success', 'warning', 'error'))::float8 / 1000,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms::float8 / 1000)
        FILTER (WHERE status IN ('success', 'warning', 'error') AND duration_ms IS NOT NULL),
    max(coalesce(started_at, queued_at))
FROM jobs_jobrun run
WHERE id >= %(first)s AND queued_at >= %(since)s AND queued_at <= %(until)s
GROUP BY GROUPING SETS ((run.job_id), ())
"""
_COUNTED: Final = """
SELECT job_id, count(*), count(*) FILTER (WHERE status = 'success'), count(*) FILTER (WHERE status = 'warning'),
    count(*) FILTER (WHERE status = 'error'), count(*) FILTER (WHERE status = 'orphaned'), count(*) FILTER (WHERE status = 'skipped'),
    count(*) FILTER (WHERE status = 'running'), count(*) FILTER (WHERE status = 'queued')
FROM jobs_jobrun WHERE id >= %(first)s AND queued_at >= %(since)s AND queued_at <= %(until)s GROUP BY job_id
"""
_RECENT: Final = """
SELECT job.id, runs.drawn FROM jobs_job job CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(
        id, status, round(extract(epoch FROM coalesce(started_at, queued_at)) * 1000)::bigint, duration_ms) ORDER BY id) AS drawn
    FROM (SELECT id, status, queued_at, started_at, duration_ms FROM jobs_jobrun
          WHERE job_id = job.id ORDER BY id DESC LIMIT %(limit)s) newest
) runs WHERE runs.drawn IS NOT NULL
"""
_LAST_GOOD: Final = """
SELECT job.id, run.finished_at FROM jobs_job job CROSS JOIN LATERAL (
    SELECT finished_at FROM jobs_jobrun WHERE job_id = job.id AND status IN ('success', 'warning') ORDER BY id DESC LIMIT 1
) run
"""
COUNTS: Final = ("total", "success", "warning", "error", "orphaned", "skipped", "running", "queued")
OVERALL: Final = None
Drawn = list[Any]
"""A run as it is drawn: its id, its status, when it began (milliseconds since 1970), and how long it took (milliseconds or None)."""


def period(*, since: datetime, until: datetime) -> dict[int | None, dict[str, Any]]:
    """The numbers of the runs wanted from ``since`` to ``until``, by the job's primary key, and of all together under OVERALL."""
    values = {"since": since, "until": until, "first": ids.floor(since - CLOCK_SKEW)}
    found = {row[0]: _numbers(row[1:]) for row in _rows(_PERIOD, values)}
    return {OVERALL: found.pop(OVERALL, none()), **found}


def counts(*, since: datetime, until: datetime) -> dict[int, dict[str, int]]:
    """How many runs of each job that were wanted from ``since`` to ``until`` have which status."""
    values = {"since": since, "until": until, "first": ids.floor(since - CLOCK_SKEW)}
    return {row[0]: dict(zip(COUNTS, row[1:], strict=True)) for row in _rows(_COUNTED, values)}


def recent(*, limit: int = RECENT) -> dict[int, list[Drawn]]:
    """The last runs of each job, the oldest first."""
    return {job_id: json.loads(drawn) if isinstance(drawn, str) else drawn for job_id, drawn in _rows(_RECENT, {"limit": limit})}


def last_good() -> dict[int, datetime]:
    """When each job last ended well."""
    return dict(_rows(_LAST_GOOD, {}))


def no_counts() -> dict[str, int]:
    """The counts of nothing."""
    return dict.fromkeys(COUNTS, 0)


def none() -> dict[str, Any]:
    """The numbers of nothing."""
    return _numbers((0,) * len(COUNTS) + (None, None, None))


def _numbers(row: tuple[Any, ...]) -> dict[str, Any]:
    counts = dict(zip(COUNTS, row, strict=False))
    average, percentiles, last = row[len(COUNTS) :]
    median, p95 = percentiles or (None, None)
    return {
        **counts, "success_rate": rate(counts), "average_seconds": _rounded(average), "median_seconds": _rounded(median),
        "p95_seconds": _rounded(p95), "last_execution": instant(last),
    }  # fmt: skip


def rate(counts: Mapping[str, int]) -> float | None:
    """Which part of the runs that ended, ended well; what was skipped did not run. None when none ended."""
    good = counts[RunStatus.SUCCESS] + counts[RunStatus.WARNING]
    ended = good + counts[RunStatus.ERROR] + counts[RunStatus.ORPHANED]
    return round(good / ended, 4) if ended else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
