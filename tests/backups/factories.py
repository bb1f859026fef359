"""Rows of backups for tests, made the short way."""

from datetime import timedelta
from typing import Any

from alerts import intake
from backups import entries
from backups.enums import BackupVerdict, ReportedBy
from backups.evidence import Evidence
from backups.models import ExpectedBackupJob
from tests.conftest import NOON
from tests.factories import make_policy, make_source

DAY = timedelta(days=1)


def make_sources() -> None:
    """The sources that alerts about backups come from, and somebody to tell."""
    policy = make_policy()
    for slug in ("backups", intake.OWN_SOURCE):
        make_source(slug, policy=policy)


def make_job(name="ledger", *, at=NOON, **fields) -> ExpectedBackupJob:
    """A daily backup expected at 12:30 UTC with an hour of grace, made at ``at`` and waited for."""
    job = ExpectedBackupJob.objects.create(
        database_name=name,
        **{
            "company_name": "Acme",
            "agent_id_responsible": "ACME_PARIS_NORTH",
            "expected_hour_utc": 12,
            "expected_minute_utc": 30,
            **fields,
        },
    )
    entries.expect(job.pk, at=at)
    job.refresh_from_db()
    return job


def evidence(key="a", *, at=NOON + timedelta(minutes=30), verdict=BackupVerdict.SUCCESS, **fields) -> Evidence:
    """A report of an agent whose run ended at ``at``, judged a minute later."""
    known: dict[str, Any] = {"reported_by": ReportedBy.AGENT, "judged_at": at + timedelta(minutes=1), **fields}
    return Evidence(key=key, verdict=verdict, ended_at=at, **known)
