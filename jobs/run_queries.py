"""Runs as REST and the pages show them."""

from typing import Annotated, Any, Final

from django.db.models import QuerySet
from django.db.models.functions import Right
from pydantic import BaseModel, Field

from jobs.enums import RunStatus, Trigger
from jobs.models import JobRun
from sentinel_site.lib.instants import instant
from sentinel_site.lib.moments import Moment

END: Final = 2000
"""So much of a run's error and output is in a list; all that is kept is with the run itself."""
FIGURES: Final = ("attempt", "arguments", "duration_ms", "worker", "progress", "stats", "message", "reason")
INSTANTS: Final = ("scheduled_for", "not_before", "queued_at", "started_at", "finished_at", "beat_at")


class RunFilter(BaseModel):
    """Which runs. ``job`` (slugs) and ``status`` may repeat; ``since`` and ``until`` bound the instant at which a run was wanted."""

    job: list[str] = []
    status: list[RunStatus] = []
    trigger: list[Trigger] = []
    chain: Annotated[str | None, Field(pattern=r"^[0-9a-fA-F-]{36}$", description="A run's `chain_id`.")] = None
    since: Moment | None = None
    until: Moment | None = None


class RunShape(BaseModel):
    """One run. In a list, ``error`` and ``output`` are their last 2000 characters."""

    id: str
    job: str
    job_name: str
    status: RunStatus
    trigger: Trigger
    triggered_by: str
    attempt: int
    chain_id: str
    parent: str | None
    arguments: dict[str, Any]
    scheduled_for: str | None
    not_before: str | None
    queued_at: str
    started_at: str | None
    finished_at: str | None
    beat_at: str | None
    duration_ms: int | None
    worker: str
    progress: dict[str, Any]
    stats: dict[str, Any]
    message: str
    reason: str
    error: str
    output: str
    url: str


def runs(wanted: RunFilter | None = None) -> QuerySet[JobRun]:
    """Runs with what describing them in a list needs."""
    rows = JobRun.objects.select_related("job", "triggered_by").defer(
        "error", "output", "job__http_url", "job__http_headers", "job__http_body", "job__arguments"
    )
    rows = rows.annotate(error_end=Right("error", END), output_end=Right("output", END))
    if wanted is None:
        return rows
    exact = {"job__slug__in": wanted.job, "status__in": wanted.status, "trigger__in": wanted.trigger, "chain_id": wanted.chain,
             "queued_at__gte": wanted.since, "queued_at__lt": wanted.until}  # fmt: skip
    return rows.filter(**{name: value for name, value in exact.items() if value})


def whole() -> QuerySet[JobRun]:
    """Runs with all of their error and output."""
    return JobRun.objects.select_related("job", "triggered_by").defer("job__http_url", "job__http_headers", "job__http_body")


def describe(run: JobRun) -> dict[str, Any]:
    """A run (of `runs` or `whole`) as REST shows it."""
    return {
        "id": str(run.pk), "job": run.job.slug, "job_name": run.job.own_name, "status": run.status, "trigger": run.trigger,
        "triggered_by": who(run), "chain_id": str(run.chain_id), "parent": str(run.parent_id) if run.parent_id else None,
        **{name: getattr(run, name) for name in FIGURES}, **{name: instant(getattr(run, name)) for name in INSTANTS},
        "error": run.error_end if hasattr(run, "error_end") else run.error,
        "output": run.output_end if hasattr(run, "output_end") else run.output,
        "url": f"/live/jobs/runs/{run.pk}/",
    }  # fmt: skip


def who(run: JobRun) -> str:
    """Who started it; empty when nobody did."""
    by = run.triggered_by
    return run.triggered_by_name or ((by.get_full_name() or by.get_username()) if by else "")
