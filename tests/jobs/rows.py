"""Jobs and runs for tests, made the short way."""

from datetime import timedelta

from jobs.enums import RUN_OPEN, RunStatus, Trigger
from jobs.models import Job, JobRun
from sentinel_site.lib.ids import uuid7
from tests.conftest import NOON

EARLIER = NOON - timedelta(days=60)


def make_job(slug="import", **fields) -> Job:
    """A job that has been there for two months, external unless told otherwise."""
    job = Job.objects.create(slug=slug, **{"name": slug.title(), "time_zone": "UTC", **fields})
    Job.objects.filter(pk=job.pk).update(created_at=EARLIER, changed_at=EARLIER)
    job.refresh_from_db()
    return job


def make_run(job, status=RunStatus.SUCCESS, *, at=NOON, seconds=60, **fields) -> JobRun:
    """A run that began at ``at`` and, if it is over, took ``seconds``."""
    pk = uuid7(at)
    over = status not in RUN_OPEN
    given = {
        "trigger": Trigger.SCHEDULER, "queued_at": at, "started_at": at, "chain_id": pk,
        "finished_at": at + timedelta(seconds=seconds) if over else None, "duration_ms": int(seconds * 1000) if over else None,
    }  # fmt: skip
    return JobRun.objects.create(id=pk, job=job, status=status, **{**given, **fields})


def make_history(job, count=10, *, seconds=60, until=NOON, **fields) -> None:
    """So many good runs, one a day, the last one a day before ``until``."""
    for day in range(count, 0, -1):
        make_run(job, at=until - timedelta(days=day), seconds=seconds, **fields)
