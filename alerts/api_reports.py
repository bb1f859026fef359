"""REST of raw reports: every message from outside with what became of it, and what it would lead to today. Mounted under /api/v1."""

from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from alerts import describe, replays
from alerts.enums import Verdict
from alerts.models import Replay, Report
from sentinel_site.lib import ids
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW = "alerts.view_report"


class ReportFilter(BaseModel):
    """Which reports; ``since`` and ``until`` mean when they came."""

    verdict: list[Verdict] = Field(default=[])
    source: Annotated[str, Field(max_length=60)] = ""
    since: Moment | None = None
    until: Moment | None = None


class ReportOut(BaseModel):
    """A message from outside, as it came, and what became of it."""

    id: str
    received_at: str
    source: str
    verdict: str
    reason: str | None
    alert: str | None
    reported_by: str | None
    raw: Any


class ReportPage(BaseModel):
    """Reports, the newest first."""

    items: list[ReportOut]
    next: str | None


class ReplayOneIn(BaseModel):
    """``as_now``: as if it came now; else when it came."""

    model_config = STRICT

    as_now: bool = False


class ReplayIn(ReplayOneIn):
    """A stretch of the past, of all sources or of one."""

    since: Moment
    until: Moment
    source: Annotated[str, Field(max_length=60)] = ""


class ReplayedOut(BaseModel):
    """One report: what became of it, what would become of it, and in what that differs."""

    id: str
    received_at: str
    source: str
    title: str
    was: dict[str, Any]
    would: dict[str, Any]
    differences: list[str]


class ReplayOneOut(ReplayedOut):
    """One report, with every step that would be taken if nobody answered."""

    as_now: bool
    steps: list[dict[str, Any]]


class ReplayOut(BaseModel):
    """A replay: ``answer`` is null until its ``state`` is done."""

    id: str
    since: str
    until: str
    source: str | None
    as_now: bool
    changes: dict[str, Any] | None
    by: str | None
    asked_at: str
    state: str
    done: int
    total: int
    error: str | None
    answer: dict[str, Any] | None


@router.get("/reports", response=ReportPage)
def list_reports(request: HttpRequest, filters: Query[ReportFilter], page_: Query[Page]) -> HttpResponse:
    """Every message from outside with its verdict, the newest first."""
    require(request, VIEW)
    return json_answer(page(_found(filters), page_, _described, order=("-id",)))


@router.post("/reports/replay", response={200: ReplayOut, 202: ReplayOut})
def replay_range(request: HttpRequest, body: ReplayIn) -> HttpResponse:
    """Replay a stretch of the past against today's configuration; nothing is changed. 202: a job does it, ask again."""
    by = require(request, VIEW)
    row = replays.ask(since=body.since, until=body.until, source=body.source, as_now=body.as_now, by=by, at=timezone.now())
    described = replays.describe_replay(row)
    return json_answer(described, status=202 if described["answer"] is None else 200)


@router.get("/reports/replays/{uuid:replay_id}", response=ReplayOut)
def read_replay(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """How far a replay is, and its answer. Kept for 30 days."""
    require(request, VIEW)
    return json_answer(replays.describe_replay(Replay.objects.select_related("by").get(pk=replay_id)))


@router.get("/reports/{uuid:report_id}", response=ReportOut)
def read_report(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """One message as it came."""
    require(request, VIEW)
    return json_answer(_described(_readable().get(pk=report_id)))


@router.post("/reports/{uuid:report_id}/replay", response=ReplayOneOut)
def replay_one(request: HttpRequest, report_id: UUID, body: ReplayOneIn) -> HttpResponse:
    """What this report would lead to today, beside what it led to. Changes nothing."""
    require(request, VIEW)
    return json_answer(replays.one(_readable().get(pk=report_id), at=timezone.now(), as_now=body.as_now))


def _readable() -> QuerySet[Report]:
    return Report.objects.select_related("reported_by")


def _found(filters: ReportFilter) -> QuerySet[Report]:
    rows = _readable()
    rows = rows.filter(verdict__in=list(filters.verdict)) if filters.verdict else rows
    rows = rows.filter(source_slug=filters.source) if filters.source else rows
    rows = rows.filter(received_at__gte=filters.since, id__gte=ids.floor(filters.since)) if filters.since else rows
    return rows.filter(received_at__lt=filters.until) if filters.until else rows


def _described(report: Report) -> dict[str, Any]:
    return {
        "id": str(report.pk), "received_at": describe.instant(report.received_at), "source": report.source_slug, "verdict": report.verdict,
        "reason": report.reason or None, "alert": str(report.alert_id) if report.alert_id else None,
        "reported_by": report.reported_by.get_username() if report.reported_by else None, "raw": report.raw,
    }  # fmt: skip
