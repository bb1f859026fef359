"""The only writer of Job.next_run_at: the row *is* the timer, and whoever looks at the clock asks it what is due.

Watchdog and worker both look; a slot is claimed with its job's row and has one run, so both at once are safe.
"""

import logging
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfoNotFoundError

from django.db import DatabaseError, transaction
from django.db.models import Min

from jobs import runs, schedule
from jobs.enums import CatchUp, JobKind, RunStatus, Trigger
from jobs.models import Job, JobRun
from sentinel_site.lib import wake
from sentinel_site.lib.cron import CronError

AFTER_FAULT: Final = timedelta(minutes=15)
"""A job whose schedule cannot be worked out is looked at again so much later, and holds up no other."""
logger = logging.getLogger(__name__)


def start_due(*, at: datetime, limit: int = 50) -> int:
    """Queue a run for every slot that is due at ``at``, and set each job's next one. Returns how many jobs were due.

    Jobs are claimed with SKIP LOCKED. A fault of one is logged and holds up no other. External jobs are only moved on: their runs are
    reported. Slots that passed while a job was paused are left.
    """
    due = list(Job.objects.filter(next_run_at__lte=at).order_by("next_run_at").values_list("pk", flat=True)[:limit])
    return sum(_start(job_id, at=at) for job_id in due)


def reschedule(job_id: int, *, at: datetime) -> datetime | None:
    """Work out when the job runs next, after it was made or changed. Returns it; None when the clock starts it no more.

    A slot that is due and not yet queued stays due, as long as it still is a slot of the schedule.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).get(pk=job_id)
        waiting = job.next_run_at if job.next_run_at and job.next_run_at <= at else None
        if not (job.enabled and waiting and schedule.is_slot(job.cron, job.time_zone, waiting)):
            _write(job, schedule.next_slot(job.cron, job.time_zone, at=at) if job.enabled else None)
            wake.up(wake.JOBS)
        return job.next_run_at


def turn_back(*, at: datetime) -> int:
    """Plan anew every job that waits for a later slot than its next one: the clock was ahead when that was worked out. Returns how many."""
    found = 0
    for job in Job.objects.filter(enabled=True, next_run_at__gt=at + AFTER_FAULT).exclude(cron="").only("cron", "time_zone", "next_run_at"):
        try:
            slot = schedule.next_slot(job.cron, job.time_zone, at=at)
        except (CronError, ZoneInfoNotFoundError, ValueError):
            continue
        if slot and job.next_run_at and job.next_run_at > slot + AFTER_FAULT:
            job.runs.filter(scheduled_for__gt=at + AFTER_FAULT).update(scheduled_for=None)  # or they would stand for those to come
            reschedule(job.pk, at=at)
            logger.warning("the clock was ahead: the next run of job %s is planned anew", job.pk)
            found += 1
    return found


def next_at() -> datetime | None:
    """When something is due next: a slot, or another try of a run that failed."""
    slot = Job.objects.aggregate(at=Min("next_run_at"))["at"]
    again = JobRun.objects.filter(status=RunStatus.QUEUED, not_before__isnull=False).aggregate(at=Min("not_before"))["at"]
    return min((moment for moment in (slot, again) if moment), default=None)


def _start(job_id: int, *, at: datetime) -> bool:
    try:
        with transaction.atomic():
            claimed = Job.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=job_id, next_run_at__lte=at).first()
            if claimed is None:
                return False
            _queue_slots(claimed, at=at)
            _write(claimed, schedule.next_slot(claimed.cron, claimed.time_zone, at=at) if claimed.enabled else None)
    except DatabaseError:
        raise  # the database's fault, and no job's
    except Exception:
        logger.exception("job %s is not started: its schedule cannot be worked out; edit it", job_id)
        _postpone(job_id, at=at)
    return True


def _queue_slots(job: Job, *, at: datetime) -> None:
    if not job.enabled or job.kind == JobKind.EXTERNAL or (job.paused_until and job.paused_until > at):
        return
    since = max(job.next_run_at or at, job.paused_until or job.next_run_at or at)
    slots = schedule.due(
        job.cron, job.time_zone, since=since, at=at, catch_up=CatchUp(job.catch_up), grace=timedelta(seconds=job.grace_seconds)
    )
    for slot in slots:
        runs.queue(job, trigger=Trigger.SCHEDULER, at=at, scheduled_for=slot, wait=len(slots) > 1)


def _postpone(job_id: int, *, at: datetime) -> None:
    for job in Job.objects.filter(pk=job_id, next_run_at__lte=at):
        _write(job, at + AFTER_FAULT)


def _write(job: Job, moment: datetime | None) -> None:
    job.next_run_at = moment
    job.save(update_fields=["next_run_at"])
