"""Sample jobs: a nightly chain with a month of nights behind it. It is run once more, for real, by the worker, and one of them fails."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from jobs import runs, scheduling
from jobs.enums import JobKind, RunStatus, Trigger
from jobs.models import Job, JobLink, JobRun
from sentinel_site.lib import cron, english
from sentinel_site.lib.ids import uuid7

EXERCISE: Final = "sentinel.exercise"
SELF_BACKUP: Final = "backups.self_backup"
NIGHTS: Final = 30
BAD_NIGHT: Final = 9
"""So many nights ago the third job failed, and what follows it was skipped."""
ERROR: Final = "ConnectionError: the stock system did not answer\n"


@dataclass(frozen=True)
class Sample:
    """A job: how long it usually takes, how many rows it says it wrote, and whom it follows."""

    slug: str
    name: str
    seconds: float
    rows: int
    after: tuple[str, ...] = ()
    every: str = ""
    fails: bool = False


SAMPLES: Final = (
    Sample("demo-orders", "Demo: fetch orders", 4.0, 1200, every="30 1 * * *"),
    Sample("demo-import", "Demo: import orders", 9.0, 1200, ("demo-orders",)),
    Sample("demo-stock", "Demo: update stock", 3.0, 340, ("demo-import",), fails=True),
    Sample("demo-report", "Demo: make the day's report", 2.0, 12, ("demo-import",)),
    Sample("demo-mail", "Demo: send the report", 1.0, 3, ("demo-stock", "demo-report")),
)


def run(*, at: datetime) -> None:
    """Make the sample jobs, unless they are there, and have the chain and Sentinel's own backup run as soon as a worker can."""
    if Job.objects.filter(slug=SAMPLES[0].slug).exists():
        return
    with transaction.atomic():
        jobs = {sample.slug: _job(sample) for sample in SAMPLES}
        JobLink.objects.bulk_create(JobLink(parent=jobs[parent], child=jobs[sample.slug]) for sample in SAMPLES for parent in sample.after)
        JobRun.objects.bulk_create(_history(jobs, at=at))
    scheduling.reschedule(jobs[SAMPLES[0].slug].pk, at=at)
    for job in (jobs[SAMPLES[0].slug], Job.objects.filter(callable=SELF_BACKUP, built_in=True).first()):
        if job is not None:
            runs.queue(job, trigger=Trigger.MANUAL, at=at, by_name="demo")


def _job(sample: Sample) -> Job:
    arguments = {"seconds": min(sample.seconds, 5.0), "rows": sample.rows, "fails": sample.fails}
    return Job.objects.create(
        slug=sample.slug, name=sample.name, kind=JobKind.CALLABLE, callable=EXERCISE, arguments=arguments, cron=sample.every,
        time_zone=settings.TIME_ZONE, timeout_seconds=40, severity="medium",
    )  # fmt: skip


def _history(jobs: dict[str, Job], *, at: datetime) -> list[JobRun]:
    """Every night's chain, the oldest first."""
    chance, zone = random.Random("nights"), ZoneInfo(settings.TIME_ZONE)  # noqa: S311 (sample data)
    slots: list[datetime] = []
    while len(slots) < NIGHTS and (slot := cron.before(SAMPLES[0].every, slots[-1] if slots else at, zone)):
        slots.append(slot)
    found: list[JobRun] = []
    for ago, slot in reversed(list(enumerate(slots, 1))):
        found += _night(jobs, slot, chance, bad=ago == BAD_NIGHT)
    return found


def _night(jobs: dict[str, Job], slot: datetime, chance: random.Random, *, bad: bool) -> list[JobRun]:
    made: dict[str, JobRun] = {}
    chain_id = uuid7(slot)
    for sample in SAMPLES:
        parents = [made[slug] for slug in sample.after]
        begins = max((parent.finished_at for parent in parents if parent.finished_at), default=slot) + timedelta(milliseconds=80)
        run_id = uuid7(begins) if parents else chain_id
        fields = {"scheduled_for": slot, "trigger": Trigger.SCHEDULER} if not parents else {"parent": parents[-1], "trigger": Trigger.CHAIN}
        ended = _skipped(parents, begins) if any(parent.status != RunStatus.SUCCESS for parent in parents) else (
            _ended(sample, begins, chance, bad=bad and sample.fails))  # fmt: skip
        made[sample.slug] = _run(run_id, jobs[sample.slug], chain_id, begins, {**fields, **ended})
    return list(made.values())


def _run(run_id: UUID, job: Job, chain_id: UUID, queued_at: datetime, fields: dict[str, Any]) -> JobRun:
    return JobRun(id=run_id, job=job, chain_id=chain_id, queued_at=queued_at, arguments=job.arguments, **fields)


def _ended(sample: Sample, begins: datetime, chance: random.Random, *, bad: bool) -> dict[str, Any]:
    took = int(1000 * sample.seconds * chance.uniform(0.85, 1.25))
    rows = int(sample.rows * chance.uniform(0.9, 1.1))
    result = {"status": RunStatus.ERROR, "error": ERROR, "message": ERROR.strip()} if bad else {
        "status": RunStatus.SUCCESS, "stats": {"rows": rows}, "message": f"{rows} rows"}  # fmt: skip
    ends = begins + timedelta(milliseconds=took)
    return {**result, "started_at": begins, "finished_at": ends, "beat_at": ends, "duration_ms": took, "worker": "demo"}


def _skipped(parents: list[JobRun], at: datetime) -> dict[str, Any]:
    failed = next(parent for parent in parents if parent.status != RunStatus.SUCCESS)
    why = f"{failed.job.name} ({english.label(RunStatus, failed.status).lower()})"
    return {"status": RunStatus.SKIPPED, "reason": f"It runs only after the success of: {why}.", "finished_at": at}
