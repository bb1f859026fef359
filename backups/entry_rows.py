"""Reading and writing many expected jobs and their entries at once, for `entries`: a statement each, not one for each row."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from backups.models import BackupEntry, ExpectedBackupJob
from sentinel_site.lib import rows

_ENTRY, _JOB = BackupEntry._meta.db_table, ExpectedBackupJob._meta.db_table
_KNOWN = f"""
SELECT entry.* FROM unnest(%s::uuid[], %s::timestamptz[]) AS wanted (job_id, cycle_at)
JOIN {_ENTRY} entry ON entry.expected_job_id = wanted.job_id AND entry.cycle_at = wanted.cycle_at
"""  # noqa: S608  (names of our own)
STATE = (
    "current_status", "next_expected_at", "overdue_at", "last_cycle_at", "started_at", "started_rid", "last_successful_backup_utc",
    "last_failed_backup_utc", "previous_successful_hash_global",
)  # fmt: skip
"""What an expected job says about itself."""
_TYPES = ("text", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "uuid", "timestamptz", "timestamptz", "text")
_SAVE = f"""
UPDATE {_JOB} job SET {", ".join(f"{name} = fresh.{name}" for name in STATE)}
FROM unnest(%s::uuid[], {", ".join(f"%s::{kind}[]" for kind in _TYPES)}) AS fresh (id, {", ".join(STATE)})
WHERE job.id = fresh.id
"""  # noqa: S608


def hold(job_ids: Collection[UUID]) -> dict[UUID, ExpectedBackupJob]:
    """These jobs, without those that are gone, held until the transaction ends; in the order of their ids, or two might wait for ever."""
    held = ExpectedBackupJob.objects.select_for_update(no_key=True).filter(pk__in=job_ids).order_by("pk")
    return {job.pk: job for job in held}


def known(cycles: Collection[tuple[UUID, datetime]]) -> dict[tuple[UUID, datetime], BackupEntry]:
    """The entries there are of these cycles."""
    wanted = sorted(set(cycles))
    if not wanted:
        return {}
    found = BackupEntry.objects.raw(_KNOWN, [[job_id for job_id, _ in wanted], [at for _, at in wanted]])
    return {(entry.expected_job_id, entry.cycle_at): entry for entry in found}


def store(entries: Sequence[BackupEntry], jobs: Iterable[ExpectedBackupJob]) -> None:
    """Write ``entries``, new or changed, and the state of ``jobs``, which are held."""
    rows.put(entries)
    listed = list(jobs)
    if listed:
        with connection.cursor() as cursor:
            cursor.execute(_SAVE, [[job.pk for job in listed], *([getattr(job, name) for job in listed] for name in STATE)])
