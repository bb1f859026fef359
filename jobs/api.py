"""REST of jobs: what there is, run one now, what became of runs, and runs that programs outside report. Mounted under /api/v1."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from jobs import audit, config, external, operating, overview, run_queries
from jobs.enums import Trigger
from jobs.external import RunChangeIn, RunReportIn
from jobs.models import Job
from jobs.run_queries import RunFilter, RunShape
from jobs.stats import MAX_HOURS
from sentinel_site.lib import registry
from sentinel_site.lib.crud import STRICT, Resource, add
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW, VIEW_RUNS, RUN = "jobs.view_job", "jobs.view_jobrun", "jobs.run_job"

JOBS = Resource(
    path="jobs",
    key="slug",
    converter="slug",
    rows=config.jobs(),
    order=("slug",),
    form=config.JobForm,
    shape=config.JobShape,
    describe=config.describe_job,
    save=config.save_job,
    parts=("children", "parents", "runs"),
    check_delete=config.require_deletable,
    deleting=lambda job, by: audit.did(by, job, "By REST.", kind="deleted"),
)


class RunPage(BaseModel):
    """Runs, the newest first."""

    items: list[RunShape]
    next: str | None


class RunNowIn(BaseModel):
    """``arguments`` of a Python callable go over the job's own."""

    model_config = STRICT

    arguments: dict[str, Any] = {}


class PauseIn(BaseModel):
    """Until when the clock starts no run."""

    model_config = STRICT

    until: Moment


class Numbers(BaseModel):
    """Runs of a period. ``success_rate``: which part of those that ended, ended well. Seconds: of those that ended by themselves."""

    total: int
    success: int
    warning: int
    error: int
    orphaned: int
    skipped: int
    running: int
    queued: int
    success_rate: float | None
    average_seconds: float | None
    median_seconds: float | None
    p95_seconds: float | None
    last_execution: str | None


class JobStatsOut(Numbers):
    """All jobs together, and each by its slug."""

    since: str
    until: str
    jobs: dict[str, Numbers]


class ParameterShape(BaseModel):
    """One argument of a callable."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    name: str
    type: str
    required: bool
    default: Any = None


class CallableShape(BaseModel):
    """Work that an installed app offers to be run as a job. ``every`` is what it is run by when nobody says otherwise."""

    name: str
    title: str
    description: str
    every: str
    timeout_seconds: int
    parameters: list[ParameterShape]


@router.get("/jobs/runs", response=RunPage)
def read_runs(request: HttpRequest, page_: Query[Page], filters: Query[RunFilter]) -> HttpResponse:
    """Runs, the newest first."""
    require(request, VIEW_RUNS)
    return json_answer(page(run_queries.runs(filters), page_, run_queries.describe))


@router.get("/jobs/runs/{uuid:run_id}", response=RunShape)
def read_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run, with all that is kept of its error and output."""
    require(request, VIEW_RUNS)
    return json_answer(run_queries.describe(run_queries.whole().get(pk=run_id)))


@router.patch("/jobs/runs/{uuid:run_id}", response=RunShape)
def change_run(request: HttpRequest, run_id: UUID, body: RunChangeIn) -> HttpResponse:
    """What became of a run of an external job. Saying the same again changes nothing; what ended stays ended (409)."""
    require(request, RUN)
    external.change(run_id, body, at=timezone.now())
    return json_answer(run_queries.describe(run_queries.whole().get(pk=run_id)))


@router.get("/jobs/stats", response=JobStatsOut)
def read_stats(request: HttpRequest, hours: Annotated[int, Field(ge=1, le=MAX_HOURS)] = 24) -> HttpResponse:
    """The runs of the last hours in numbers, overall and for each job."""
    require(request, VIEW_RUNS)
    return json_answer(overview.numbers(hours=hours, at=timezone.now()))


@router.get("/jobs/callables", response=list[CallableShape])
def read_callables(request: HttpRequest) -> HttpResponse:
    """The Python callables that jobs may run, with their arguments."""
    require(request, VIEW)
    return json_answer([_callable(each) for each in registry.load().values()])


@router.post("/jobs/{slug:slug}/run", response={202: RunShape})
def run_now(request: HttpRequest, slug: str, body: RunNowIn = RunNowIn()) -> HttpResponse:  # noqa: B008 (an empty body is fine)
    """Want a run at once. Its status says whether it waits, or was skipped because another one runs."""
    by = require(request, RUN)
    trigger = Trigger.API if {"Authorization", "X-Api-Key"} & set(request.headers) else Trigger.MANUAL
    run = operating.run_now(Job.objects.get(slug=slug), by=by, at=timezone.now(), trigger=trigger, arguments=body.arguments)
    return json_answer(run_queries.describe(run_queries.whole().get(pk=run.pk)), status=202)


@router.post("/jobs/{slug:slug}/runs", response={201: RunShape})
def report_run(request: HttpRequest, slug: str, body: RunReportIn) -> HttpResponse:
    """Report a run of an external job: that it began, or in one go how it ended."""
    by = require(request, RUN)
    run = external.take(Job.objects.get(slug=slug), body, by=by, at=timezone.now())
    return json_answer(run_queries.describe(run_queries.whole().get(pk=run.pk)), status=201)


@router.post("/jobs/{slug:slug}/pause", response=config.JobShape)
def pause(request: HttpRequest, slug: str, body: PauseIn) -> HttpResponse:
    """Have the clock start no run until then; nobody is told that it is late."""
    by = require(request, RUN)
    operating.pause(Job.objects.get(slug=slug), until=body.until, by=by, at=timezone.now())
    return json_answer(config.describe_job(config.jobs().get(slug=slug)))


@router.post("/jobs/{slug:slug}/resume", response=config.JobShape)
def resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Go on with a paused job. What passed meanwhile is not caught up."""
    by = require(request, RUN)
    operating.resume(Job.objects.get(slug=slug), by=by, at=timezone.now())
    return json_answer(config.describe_job(config.jobs().get(slug=slug)))


def _callable(found: registry.Declared) -> dict[str, Any]:
    given = [{"name": each.name, "type": each.type.__name__, "required": each.required, "default": each.default}
             for each in found.parameters.values()]  # fmt: skip
    return {"name": found.name, "title": found.title, "description": found.description, "every": found.every,
            "timeout_seconds": found.timeout, "parameters": given}  # fmt: skip


add(router, JOBS)  # last: runs, stats and callables are no slugs
