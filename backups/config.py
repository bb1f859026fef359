"""Expected backups as REST and the admin write and show them: a form that is checked whole, and what follows a change."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from alerts.enums import Severity
from alerts.record import By
from backups import closing, entries, expectations, pings, when
from backups.enums import BackupStatus, Frequency, ReportedBy
from backups.expectations import Cycle
from backups.models import BackupEntry, ExpectedBackupJob
from backups.models.job import DEFAULT_TEMPLATE
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.instants import instant

MAX_GRACE: Final = 60 * 24 * 31
MAX_PERIOD: Final = 366 * 86_400
MIN_PERIOD: Final = 60
DAY: Final = timedelta(days=1)
LOOKED_AT: Final = 7
"""So many reports tell whether a job is always off its time."""
Name = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)]
Weekday = Annotated[int, Field(ge=0, le=6)]


class _Fields(BaseModel):
    database_name: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    agent_id_responsible: Annotated[Name, Field(description="COMPANY_CITY_NEIGHBORHOOD, as the agent's folder is called.")] = ""
    company_name: Name = ""
    city: Name = ""
    neighborhood: Name = ""
    backup_frequency: Frequency = Frequency.DAILY
    expected_hour_utc: Annotated[int, Field(ge=0, le=23, description="In `timezone`, which is UTC by default.")] = 0
    expected_minute_utc: Annotated[int, Field(ge=0, le=59)] = 0
    timezone: Annotated[str, StringConstraints(max_length=64)] = "UTC"
    weekdays: Annotated[list[Weekday], Field(max_length=7, description="0 is Monday. Empty: every day; of a weekly one: Monday.")] = []
    day_of_month: Annotated[int, Field(ge=1, le=31, description="In shorter months their last day.")] = 1
    once_on: Annotated[date | None, Field(description="The day of a backup that is expected once.")] = None
    cron: Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)] = ""
    period_seconds: Annotated[
        int | None, Field(ge=MIN_PERIOD, le=MAX_PERIOD, description="Pinged at any time, but so often. Instead of a time of day.")
    ] = None
    grace_minutes: Annotated[int, Field(ge=0, le=MAX_GRACE)] = 60
    final_storage_path_template: Annotated[str, StringConstraints(max_length=300)] = DEFAULT_TEMPLATE
    change_expected: bool = False
    restore_proof_days: Annotated[int | None, Field(ge=1, le=3660, description="A restore must be proved at least so often.")] = None
    email_for_notifications: Annotated[str, StringConstraints(max_length=254)] = ""
    severity: Severity = Severity.HIGH
    active: bool = True
    reported_by: ReportedBy = ReportedBy.AGENT
    slug: Annotated[str, StringConstraints(max_length=100)] = ""
    post_only: bool = False
    manual_resume: bool = False


class ExpectedJobForm(_Fields):
    """A backup that is expected again and again."""

    model_config = STRICT


class ExpectedJobShape(_Fields):
    """An expected backup, and how it is."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: UUID
    current_status: BackupStatus
    next_expected_at: str | None
    overdue_at: str | None
    last_checked_at_utc: str | None
    last_successful_backup_utc: str | None
    last_failed_backup_utc: str | None
    previous_successful_hash_global: str
    ping_url: str
    created_at: str
    updated_at: str


INSTANTS: Final = (
    "next_expected_at", "overdue_at", "last_checked_at_utc", "last_successful_backup_utc", "last_failed_backup_utc", "created_at",
    "updated_at",
)  # fmt: skip
COLUMNS: Final[Mapping[str, str]] = {name: "is_active" if name == "active" else name for name in _Fields.model_fields}
"""The fields of a form by the names of the row's columns."""


def jobs() -> QuerySet[ExpectedBackupJob]:
    """Every expected backup."""
    return ExpectedBackupJob.objects.all()


def describe(job: ExpectedBackupJob) -> dict[str, Any]:
    """``job`` as api.md shows it."""
    return {
        "id": str(job.pk),
        **{name: getattr(job, column) for name, column in COLUMNS.items() if name != "once_on"},
        "once_on": job.once_on.isoformat() if job.once_on else None,
        "current_status": job.current_status,
        "previous_successful_hash_global": job.previous_successful_hash_global,
        "ping_url": pings.url(job),
        **{name: instant(getattr(job, name)) for name in INSTANTS},
    }


def write(job: ExpectedBackupJob, form: ExpectedJobForm, by: User, *, at: datetime) -> None:
    """Write ``form`` onto ``job`` and wait for its next run. Raises ValidationError."""
    for name, value in form.model_dump().items():
        setattr(job, COLUMNS[name], value)
    if job._state.adding:
        job.created_by = by
    job.full_clean()
    save(job, by=by, at=at)


def save(job: ExpectedBackupJob, *, by: By, at: datetime) -> None:
    """Store ``job``, which was validated, and work out when it is expected next. Switched off, its open alerts are over."""
    job.weekdays = sorted(set(job.weekdays))
    with transaction.atomic():
        was_off = ExpectedBackupJob.objects.select_for_update(no_key=True).filter(pk=job.pk, is_active=False).exists()
        _store(job)
        entries.expect(job.pk, at=at, anew=was_off and job.is_active)
        if not job.is_active:
            closing.close([job.pk], "The backup is not expected any more: it was switched off.", by=by, at=at)
    job.refresh_from_db()


def switch(job_ids: Collection[UUID], *, on: bool, by: By, at: datetime) -> list[ExpectedBackupJob]:
    """Switch these jobs on or off. Returns those that were not so already."""
    changed = list(ExpectedBackupJob.objects.filter(pk__in=job_ids).exclude(is_active=on).order_by("pk"))
    for job in changed:
        job.is_active = on
        save(job, by=by, at=at)
    return changed


def delete(job_ids: Collection[UUID], *, by: By, at: datetime) -> int:
    """Delete these jobs with their entries, pings and proofs; their open alerts are over. Returns how many jobs that were."""
    gone = 0
    for job_id in sorted(job_ids):
        with transaction.atomic():
            # Whoever decides about the job waits here, and then finds it gone.
            job = ExpectedBackupJob.objects.select_for_update().filter(pk=job_id).first()
            if job is not None:
                job.delete()
                closing.close([job_id], "The expected backup was deleted.", by=by, at=at)
                gone += 1
    return gone


def upcoming(job: ExpectedBackupJob, *, at: datetime) -> list[Cycle]:
    """The next five runs that are expected; none of a job that is switched off."""
    return when.upcoming(job, at) if job.is_active else []


def always_off(job: ExpectedBackupJob) -> timedelta | None:
    """The whole hours by which the job's last reports always came off their time: most likely its zone is wrong. None: they do not."""
    if job.period_seconds is not None or job.backup_frequency in {Frequency.HOURLY, Frequency.ONCE}:
        return None
    rows = BackupEntry.objects.filter(expected_job=job, reported_at__isnull=False).order_by("-cycle_at")
    shift = expectations.always_off(when.delays(rows.values_list("cycle_at", "reported_at")[:LOOKED_AT]))
    # What comes long before its time counts for the run before: an hour early looks like 23 hours late.
    return shift - DAY if shift is not None and shift > DAY / 2 and job.backup_frequency == Frequency.DAILY else shift


def _store(job: ExpectedBackupJob) -> None:
    """Only what people set: what is said about the job meanwhile is not theirs to write back."""
    if job._state.adding:
        job.save(force_insert=True)
    else:
        job.save(update_fields=[*COLUMNS.values(), "updated_at"])
