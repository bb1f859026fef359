"""What else is known when a backup is bad: whether later ones are good, what was missed before, and whether its agent lives."""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final
from uuid import UUID

from django.db.models import Max, Q

from backups.backup_texts import Known
from backups.enums import BackupVerdict
from backups.expectations import EARLY
from backups.models import BackupEntry, ExpectedBackupJob

HEARD_WITHIN: Final = timedelta(days=90)
"""An agent that was not heard of for longer is one that was never heard of."""
MOST_MISSED: Final = 200


def of(job: ExpectedBackupJob, entry: BackupEntry, *, at: datetime) -> Known:
    """What is known around ``entry``, of which people are to be told. Three statements at most, and only for a missing one."""
    if entry.status != BackupVerdict.MISSING:
        return Known()
    heard_at, others = _agent(job, entry, at=at)
    return Known(missed_before=_missed_before(job, entry), agent_heard_at=heard_at, agent_reports=others)


def last_good(job_ids: set[UUID], *, at: datetime) -> dict[UUID, datetime]:
    """The newest cycle of each job that was good; jobs without one are left out.

    What lies further ahead of ``at`` than a run may be early is left out: a clock that was wrong says that, and proves nothing of today.
    """
    if not job_ids:
        return {}
    begun = Q(cycle_at__lte=at) | Q(cycle_at__lte=at + EARLY, expected_job__period_seconds=None)
    good = BackupEntry.objects.filter(begun, expected_job__in=job_ids, status=BackupVerdict.SUCCESS).order_by()
    return dict(good.values_list("expected_job").annotate(Max("cycle_at")))


def _missed_before(job: ExpectedBackupJob, entry: BackupEntry) -> list[datetime]:
    """The cycles right before this one that were missed and told to nobody, the newest first: an outage of ours."""
    rows = BackupEntry.objects.filter(expected_job=job, cycle_at__lt=entry.cycle_at).order_by("-cycle_at")
    found = rows.values_list("cycle_at", "status", "alert_id")[:MOST_MISSED]
    return [cycle_at for cycle_at, *_ in takewhile(lambda row: row[1] == BackupVerdict.MISSING and row[2] is None, found)]


def _agent(job: ExpectedBackupJob, entry: BackupEntry, *, at: datetime) -> tuple[datetime | None, int]:
    """When the job's agent was last heard of, and about how many other databases it reported since this run was due."""
    if not job.agent_id_responsible:
        return None, 0
    rows = BackupEntry.objects.filter(
        expected_job__agent_id_responsible=job.agent_id_responsible, cycle_at__gt=at - HEARD_WITHIN,
        reported_at__isnull=False,
    ).order_by()  # fmt: skip
    since = rows.filter(reported_at__gte=entry.cycle_at - EARLY).exclude(expected_job=job)
    heard: datetime | None = rows.aggregate(at=Max("reported_at"))["at"]
    return heard, since.values("expected_job").distinct().count()
