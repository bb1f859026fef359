"""Rows in memory, as light as a night of ten thousand reports needs them: the names are those of the models' fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from backups.evidence import Reported
from backups.models import BackupEntry, ExpectedBackupJob

NOTHING_REPORTED: Final = Reported()


@dataclass(slots=True)
class Job:
    """What `entries` needs of an expected job, by the names of its row."""

    pk: UUID
    backup_frequency: str
    timezone: str
    expected_hour_utc: int
    expected_minute_utc: int
    grace_minutes: int
    weekdays: list[int]
    day_of_month: int
    once_on: date | None
    cron: str
    period_seconds: int | None
    is_active: bool
    change_expected: bool
    current_status: str
    next_expected_at: datetime | None
    overdue_at: datetime | None
    last_cycle_at: datetime | None
    started_at: datetime | None
    started_rid: UUID | None
    last_successful_backup_utc: datetime | None
    last_failed_backup_utc: datetime | None
    previous_successful_hash_global: str


@dataclass(slots=True)
class Listed(Job):
    """What a scan needs of an expected job, by the names of its row.

    ``version`` is the row's when it was read; empty: what is in memory is not to be trusted any more.
    """

    database_name: str
    agent_id_responsible: str
    company_name: str
    city: str
    neighborhood: str
    final_storage_path_template: str
    version: str


@dataclass(slots=True, eq=False)
class Fresh:
    """An entry that is not there yet: those of BackupEntry's attributes that `judging` and `entries` write, and what was reported."""

    id: UUID
    expected_job_id: UUID
    cycle_at: datetime
    created_at: datetime
    changed_at: datetime
    evidence: Mapping[str, Any]
    status: str = ""
    reported_by: str = ""
    message: str = ""
    was_missing: bool = False
    report_key: str = ""
    earlier_keys: Sequence[str] = ()
    reported_at: datetime | None = None
    reports: int = 0
    size_bytes: int | None = None
    duration_seconds: float | None = None
    suspicions: Sequence[str] = ()
    previous_successful_hash_global: str = ""
    hash_comparison_result: bool | None = None
    reported: Reported = NOTHING_REPORTED

    @property
    def pk(self) -> UUID:
        """As rows have it."""
        return self.id


Entry = BackupEntry | Fresh
Expected = ExpectedBackupJob | Job
