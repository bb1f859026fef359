"""Whether and when a run that failed is tried again: pure."""

from datetime import datetime, timedelta
from typing import Final

from jobs.enums import RunStatus
from jobs.models import DAY_SECONDS, Job

LONGEST_SECONDS: Final = DAY_SECONDS


def next_try(job: Job, *, attempt: int, status: RunStatus, at: datetime) -> datetime | None:
    """When to try again after the ``attempt``th try ended as ``status`` at ``at``; None: not at all.

    The pause doubles with each try, up to a day. Only errors are tried again: what became of an orphan, nobody knows.
    """
    if status != RunStatus.ERROR or attempt > job.retries or not job.enabled:
        return None
    doublings = min(attempt - 1, 20)
    return at + timedelta(seconds=min(job.retry_seconds * 2**doublings, LONGEST_SECONDS))
