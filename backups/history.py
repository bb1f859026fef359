"""What was before: the last successes of jobs, as suspicion compares them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from backups.models import BackupEntry
from backups.suspicion import HISTORY, Run
from sentinel_site.lib import arrays

_RECENT = f"""
SELECT job.id, recent.cycle_at, recent.size_bytes, recent.duration_seconds,
    extract(epoch FROM recent.reported_at - recent.cycle_at)::float8, recent.reports
FROM unnest(%s::uuid[]) AS job (id) CROSS JOIN LATERAL (
    SELECT cycle_at, size_bytes, duration_seconds, reported_at, reports FROM {BackupEntry._meta.db_table} entry
    WHERE entry.expected_job_id = job.id AND entry.status = 'success' ORDER BY cycle_at DESC LIMIT {HISTORY + 1}
) AS recent ORDER BY job.id, recent.cycle_at DESC
"""  # noqa: S608  (names of our own)


def recent(job_ids: Collection[UUID]) -> dict[UUID, list[tuple[datetime, Run]]]:
    """The last successes of each job, the newest first, by their cycle; one more than suspicion looks at, as one may be judged again."""
    found: dict[UUID, list[tuple[datetime, Run]]] = {}
    if job_ids:
        with connection.cursor() as cursor:
            cursor.execute(_RECENT, [arrays.uuids(job_ids)])
            for job_id, cycle_at, size, duration, delay, reports in cursor.fetchall():
                found.setdefault(job_id, []).append((cycle_at, Run(size, duration, delay, reports)))
    return found
