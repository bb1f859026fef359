"""Jobs and runs for tests, made the short way."""

from typing import Any

from jobs import runs
from jobs.enums import JobKind, Trigger
from jobs.models import Job, JobRun
from tests.conftest import NOON


def make_job(slug: str = "nightly", **fields: Any) -> Job:
    """A job that Sentinel runs itself, without a schedule."""
    kind = fields.pop("kind", JobKind.CALLABLE)
    named = {"callable": "tests.work"} if kind == JobKind.CALLABLE else {}
    return Job.objects.create(slug=slug, name=slug.title(), kind=kind, **{**named, **fields})


def make_run(job: Job, *, at: Any = NOON, **fields: Any) -> JobRun:
    """A queued run of ``job``."""
    return runs.queue(job, **{"trigger": Trigger.MANUAL, "at": at, **fields})


def started(job: Job, *, at: Any = NOON) -> JobRun:
    """A running run of ``job``."""
    run = runs.start(make_run(job, at=at).pk, at=at, worker="here:1")
    assert run is not None
    return run
