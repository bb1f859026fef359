"""Rows in memory, as light as a night of ten thousand reports needs them: the names are those of the models' fields."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from backups.models import BackupEntry, ExpectedBackupJob


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
class Listed:
    """What a scan needs of an expected job, by the names of its row."""

    pk: UUID
    database_name: str
    agent_id_responsible: str
    company_name: str
    city: str
    neighborhood: str
    final_storage_path_template: str
    is_active: bool
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
    last_cycle_at: datetime | None = None


class Fresh:
    """An entry that is not there yet: the attributes of BackupEntry that are set, and below what stands in the others."""

    pk: UUID
    id: UUID
    expected_job_id: UUID
    cycle_at: datetime
    status: str = ""
    reported_by: str
    message: str
    was_missing = False
    report_key = ""
    earlier_keys: list[str] = []
    reported_at: datetime | None
    reports = 0
    size_bytes: int | None
    duration_seconds: float | None
    suspicions: list[str] = []
    evidence: dict[str, Any]
    previous_successful_hash_global = ""
    hash_comparison_result: bool | None
    created_at: datetime
    changed_at: datetime

    def __init__(self, pk: UUID, job_id: UUID, cycle_at: datetime, at: datetime) -> None:
        self.id = self.pk = pk
        self.expected_job_id, self.cycle_at, self.created_at, self.changed_at = job_id, cycle_at, at, at


Entry = BackupEntry | Fresh
Scheduled = ExpectedBackupJob | Job | Listed
Expected = ExpectedBackupJob | Job
