"""Runs of jobs that live outside of Sentinel, as their programs report them: when one begins, while it runs, and how it ended."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from jobs import runs
from jobs.enums import JobKind, RunStatus
from jobs.errors import NotRunnable
from jobs.models import Job, JobRun
from sentinel_site.lib import problems
from sentinel_site.lib.moments import Moment

AHEAD: Final = timedelta(minutes=5)
"""A program's clock may be so far ahead of ours."""
TEXT: Final = 200_000
"""Longer texts are refused; what of them is kept is much less (kept.py)."""
SAYABLE: Final = (RunStatus.RUNNING, RunStatus.SUCCESS, RunStatus.WARNING, RunStatus.ERROR)


def _status(value: Any) -> Any:
    word = value.strip().lower() if isinstance(value, str) else value
    if word not in SAYABLE:
        raise ValueError(f"must be one of {', '.join(SAYABLE)}")
    return RunStatus(word)


Status = Annotated[RunStatus, BeforeValidator(_status)]
Long = Annotated[str, Field(max_length=TEXT)]


class RunReportIn(BaseModel):
    """A run that began (``running``), or one that is over, told in one go. Fields that are not known are left out."""

    model_config = ConfigDict(extra="ignore")

    status: Status
    task_type: Annotated[
        str | None, Field(max_length=200, description="What the program calls the job. The path says which job it is.")
    ] = None
    message: Long = ""
    stats: dict[str, Any] | None = None
    error: Long = ""
    error_details: Annotated[Long, Field(description="Another word for `error`.")] = ""
    output: Long = ""
    triggered_by: Annotated[str | None, Field(max_length=200)] = None
    triggered_by_user: Annotated[str | None, Field(max_length=200)] = None
    started_at: Moment | None = None
    completed_at: Moment | None = None


class RunChangeIn(BaseModel):
    """What became of a run that was reported as running. ``running`` or no status: a sign of life."""

    model_config = ConfigDict(extra="ignore")

    status: Status = RunStatus.RUNNING
    message: Long | None = None
    stats: dict[str, Any] | None = None
    error: Long = ""
    error_details: Annotated[Long, Field(description="Another word for `error`.")] = ""
    output: Long = ""
    progress: dict[str, Any] | None = None


def take(job: Job, told: RunReportIn, *, by: User, at: datetime) -> JobRun:
    """Put down a run of the external ``job``. Committed on return. Raises a 422 Problem for impossible instants, and NotRunnable."""
    started_at, ended_at = _instants(told, at=at)
    names = [name for name in (told.triggered_by, told.triggered_by_user) if name]
    return runs.report(
        job, status=told.status, at=ended_at, started_at=started_at, by=by, by_name=": ".join(names), stats=told.stats,
        message=told.message, error=told.error or told.error_details, output=told.output,
    )  # fmt: skip


def change(run_id: UUID, told: RunChangeIn, *, at: datetime) -> JobRun:
    """Put down what became of an external run. Committed on return.

    Raises JobRun.DoesNotExist, NotRunnable for a run that Sentinel made itself, IllegalRun when it ended otherwise.
    """
    run = JobRun.objects.select_related("job").get(pk=run_id)
    if run.job.kind != JobKind.EXTERNAL:
        raise NotRunnable(_("This run of %(job)s is Sentinel's own: it ends by itself and cannot be reported.") % {"job": run.job.name})
    if told.status == RunStatus.RUNNING:
        return runs.heard_of(run_id, at=at, stats=told.stats, message=told.message, progress=told.progress)
    return runs.finish(
        run_id, status=told.status, at=at, stats=run.stats if told.stats is None else told.stats,
        message=run.message if told.message is None else told.message, error=told.error or told.error_details, output=told.output,
    )  # fmt: skip


def _instants(told: RunReportIn, *, at: datetime) -> tuple[datetime, datetime]:
    """When it began and when it ended (or was heard of last)."""
    ended_at = told.completed_at or at
    started_at = told.started_at or ended_at
    if told.status == RunStatus.RUNNING and told.completed_at:
        raise problems.invalid([(("body", "completed_at"), "belongs to a run that is over; send its status success, warning or error")])
    for name, moment in (("started_at", started_at), ("completed_at", ended_at)):
        if moment > at + AHEAD:
            raise problems.invalid([(("body", name), "lies in the future; set the sender's clock")])
    if ended_at < started_at and told.completed_at:
        raise problems.invalid([(("body", "completed_at"), "lies before started_at")])
    return min(started_at, at), max(min(ended_at, at), min(started_at, at))
