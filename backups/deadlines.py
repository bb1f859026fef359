"""When an expected job is due next and overdue: pure, from its row. `entries` writes what is answered here."""

from datetime import datetime
from typing import Final, NamedTuple

from backups.enums import BackupStatus
from backups.expectations import Cycle
from backups.held import Expected, Job
from backups.models import ExpectedBackupJob
from backups.when import Spans


class Due(NamedTuple):
    """The run that is waited for; both are None when none is."""

    next_expected_at: datetime | None
    overdue_at: datetime | None


NEVER: Final = Due(None, None)


def is_ahead(job: Job, cycle_at: datetime) -> bool:
    """Whether this run is later than all that are decided, as far as the job knows."""
    return job.last_cycle_at is None or cycle_at > job.last_cycle_at


def of(job: Expected) -> Due:
    """What the row says."""
    return Due(job.next_expected_at, job.overdue_at)


def reported(job: Expected, cycle_at: datetime, spans: Spans) -> Due:
    """After the run at ``cycle_at`` was reported. A run before it that nobody reported stays due: the sweep must find it."""
    if not job.is_active:
        return of(job)
    if job.period_seconds is None:
        waits = job.next_expected_at is not None and job.next_expected_at != cycle_at
        return of(job) if waits else due(spans.following(job, cycle_at))
    newest = max(cycle_at, job.last_cycle_at or cycle_at)
    return due(spans.following(job, newest))


def missed(job: Expected, cycle_at: datetime, spans: Spans) -> Due:
    """After nobody reported the run at ``cycle_at``. A job that is pinged at any time is waited for again after its next ping."""
    return NEVER if job.period_seconds is not None else due(spans.following(job, cycle_at))


def renewed(job: ExpectedBackupJob, *, at: datetime, anew: bool = False) -> Due:
    """After the job was made or changed, or (``anew``) switched on. What is due and unreported stays due, if it is still expected then."""
    if not job.is_active:
        return NEVER
    spans = Spans()
    if job.period_seconds is not None:
        return due(spans.following(job, at)) if anew else _pinged(job, spans, at=at)
    pending = job.next_expected_at
    if pending is not None and pending <= at:
        still = spans.about(job, pending)
        if still is not None and still.expected_at == pending:
            return due(still)
    return due(spans.following(job, max(at, job.last_cycle_at or at)))


def due(cycle: Cycle | None) -> Due:
    """The instants of ``cycle``."""
    return NEVER if cycle is None else Due(cycle.expected_at, cycle.deadline_at)


def _pinged(job: ExpectedBackupJob, spans: Spans, *, at: datetime) -> Due:
    if job.overdue_at is not None:
        return due(spans.following(job, job.last_cycle_at or job.created_at))
    if job.current_status == BackupStatus.MISSING and job.next_expected_at is None and job.last_cycle_at is not None:
        return NEVER
    return due(spans.following(job, at))
