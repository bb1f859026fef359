"""Rows of backups for tests, made the short way."""

from datetime import datetime

from backups.enums import BackupVerdict, ReportedBy
from backups.models import BackupEntry, ExpectedBackupJob


def expected(database="accounts", **fields) -> ExpectedBackupJob:
    """An expected backup of every night, 02:00 UTC, an hour of grace."""
    given = {"company_name": "Acme", "city": "Lyon", "agent_id_responsible": "ACME_LYON_NORTH", "expected_hour_utc": 2, **fields}
    return ExpectedBackupJob.objects.create(database_name=database, **given)


def entry(job: ExpectedBackupJob, cycle_at: datetime, verdict=BackupVerdict.MISSING, **fields) -> BackupEntry:
    """What became of one of its runs."""
    given = {"reported_by": ReportedBy.AGENT, "created_at": cycle_at, "changed_at": cycle_at, **fields}
    return BackupEntry.objects.create(expected_job=job, cycle_at=cycle_at, status=verdict, **given)
