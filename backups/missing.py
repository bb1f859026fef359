"""Noticing what was not reported: each expected run whose deadline passed is written down once, and told.

The deadline is a column (``overdue_at``). Any number of runners may sweep: a job is one's own while it is looked at (SKIP LOCKED), and
what one did the next finds done. After an outage every run that was missed gets its entry, and only the newest raises an alert.

What an agent reported in time may lie in its folder at the deadline, unread: so its run is missing when a scan that began after the
deadline found nothing, or when none came to its end for a while.
"""

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from backups import entries
from backups.enums import ReportedBy
from backups.expectations import Cycle
from backups.models import ExpectedBackupJob
from backups.when import Spans

JOBS: Final = 100
"""So many jobs are looked at in one call, each in a transaction of its own."""
CYCLES: Final = 200
"""So many runs of one job are written in one transaction; what is left is the next call's."""
UNREAD: Final = timedelta(minutes=20)
"""So long, at the most, the scan after the deadline is waited for: it begins within a quarter of an hour."""
_UNREAD: Final = Q(reported_by=ReportedBy.AGENT, period_seconds=None, last_checked_at_utc__lt=F("overdue_at"))
"""Its agent has a folder, which was not looked into since the deadline."""
logger = logging.getLogger(__name__)


def sweep(*, at: datetime, up_since: datetime | None = None, limit: int = JOBS, cycles: int = CYCLES) -> int:
    """Write and tell what is overdue at ``at``, the longest overdue first. Returns how many jobs that were; at ``limit`` there may be more.

    ``up_since``: when Sentinel started; nobody could scan before.
    A job that cannot be judged is logged and passed over; the others are not kept waiting for it. Raises DatabaseError when none can be.
    """
    done, passed, waiting = 0, set[UUID](), list[UUID]()
    overdue = _overdue(at=at, up_since=up_since)
    while done < limit and len(passed) < limit:
        waiting = waiting or _due(overdue, without=passed, count=limit - done)
        if not waiting:
            return done
        with transaction.atomic():
            job = _claim(overdue, pk := waiting.pop(0))
            if job is None:  # somebody else has it
                passed.add(pk)
                continue
            try:
                with transaction.atomic():
                    _miss(job, cycles, at=at)
            except Exception:  # the zone, the expression or a row of one job must not hide all the others
                passed.add(job.pk)
                logger.exception("the expected backup %s is overdue, and could not be written down", job.pk)
            else:
                done += 1
    return done


def next_at() -> datetime | None:
    """The next deadline of any job; None when there is none."""
    waiting = ExpectedBackupJob.objects.filter(is_active=True, overdue_at__isnull=False).order_by("overdue_at")
    return waiting.values_list("overdue_at", flat=True).first()


def _overdue(*, at: datetime, up_since: datetime | None) -> QuerySet[ExpectedBackupJob]:
    rows = ExpectedBackupJob.objects.filter(is_active=True, overdue_at__lte=at)
    if up_since is not None and up_since > at - UNREAD:
        return rows.exclude(_UNREAD)
    return rows.exclude(_UNREAD, overdue_at__gt=at - UNREAD)


def _due(overdue: QuerySet[ExpectedBackupJob], *, without: set[UUID], count: int) -> list[UUID]:
    """What is overdue, the longest first: one look at the table for many jobs."""
    return list(overdue.exclude(pk__in=without).order_by("overdue_at", "pk").values_list("pk", flat=True)[:count])


def _claim(overdue: QuerySet[ExpectedBackupJob], pk: UUID) -> ExpectedBackupJob | None:
    return overdue.filter(pk=pk).select_for_update(no_key=True, skip_locked=True).first()


def _miss(job: ExpectedBackupJob, cycles: int, *, at: datetime) -> None:
    """Write the runs of a job that is held. Only the newest that is overdue is told, and says which others were missed."""
    spans = Spans()
    for _ in range(cycles):
        if job.next_expected_at is None or job.overdue_at is None or job.overdue_at > at:
            return
        cycle = Cycle(job.next_expected_at, job.next_expected_at, job.overdue_at)
        after = spans.following(job, cycle.expected_at) if job.period_seconds is None else None
        newest = after is None or after.deadline_at > at
        if entries.missed(job.pk, cycle, at=at, told=newest) is None or newest:
            return
        job.refresh_from_db(fields=["next_expected_at", "overdue_at"])
