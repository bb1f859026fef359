"""Sentinel's own periodic work as jobs: a row for every registered callable that says how often it is to be run."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from jobs import runs, scheduling
from jobs.enums import JobKind, Overlap, Trigger
from jobs.models import Job, JobRun
from sentinel_site.lib import registry
from sentinel_site.lib.registry import Declared


def make(*, at: datetime) -> None:
    """Make whatever is missing. A row that is there stays as it was edited; what nobody offers any more is switched off."""
    offered = registry.load()
    for declared in offered.values():
        if declared.every:
            Job.objects.get_or_create(built_in=True, callable=declared.name, defaults=_fields(declared))
    Job.objects.filter(built_in=True, enabled=True).exclude(callable__in=list(offered)).update(enabled=False)
    unplanned = Job.objects.filter(enabled=True, next_run_at=None).exclude(cron="")
    retired = Job.objects.filter(enabled=False, next_run_at__isnull=False)
    for job_id in [*unplanned.values_list("pk", flat=True), *retired.values_list("pk", flat=True)]:
        scheduling.reschedule(job_id, at=at)


def wanted(name: str, arguments: dict[str, Any], *, by: AbstractBaseUser | None, at: datetime) -> JobRun:
    """Queue a run of the callable ``name``, after those that wait already; its job is made if there is none yet."""
    fields = _fields(registry.get(name)) | {"overlap": Overlap.QUEUE}
    job, _ = Job.objects.get_or_create(built_in=True, callable=name, defaults=fields)
    return runs.queue(job, trigger=Trigger.MANUAL, at=at, by=by, arguments=arguments, wait=True)


def _fields(declared: Declared) -> dict[str, Any]:
    return {
        "slug": declared.name.replace(".", "-").replace("_", "-")[:80], "name": declared.title[:120], "kind": JobKind.CALLABLE,
        "description": declared.description[:2000], "cron": declared.every, "timeout_seconds": declared.timeout,
    }  # fmt: skip
