"""REST of the noise report, and of two settings compared. Mounted under /api/v1 by the composition."""

from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import BaseModel, Field

from alerts import replays
from alerts.api_reports import ReplayOut
from alerts.changes import Changes
from alerts.models import NoiseReport
from alerts.noise import describing, making
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import MEDIA_TYPE, Problem, json_answer

router = Router()
NONE_YET: Final = {
    "responses": {404: {"description": "There is none yet.", "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}}
}
VIEW, ADD, REPLAY = "alerts.view_noisereport", "alerts.add_noisereport", "alerts.view_report"


class NoiseReportOut(BaseModel):
    """A noise report: ``answer`` is null until its ``state`` is done."""

    id: str
    since: str
    until: str
    by: str | None
    asked_at: str
    state: str
    done: int
    total: int
    error: str | None
    answer: dict[str, Any] | None


class CompareIn(BaseModel):
    """A stretch of the past, of all sources or of one, and what would be different."""

    model_config = STRICT

    since: Moment
    until: Moment
    source: Annotated[str, Field(max_length=60)] = ""
    changes: Changes


@router.get("/noise", response=NoiseReportOut, openapi_extra=NONE_YET)
def read_noise(request: HttpRequest) -> HttpResponse:
    """The newest noise report that is done."""
    require(request, VIEW)
    row = making.latest()
    if row is None:
        raise Problem(404, _("There is no noise report yet: one is made each night, and POST /api/v1/noise asks for one now."))
    return json_answer(describing.report(row, at=timezone.now()))


@router.post("/noise", response={202: NoiseReportOut})
def ask_for_noise(request: HttpRequest) -> HttpResponse:
    """Have a report of the last 30 days worked out by a job; the one that is being worked out already, where there is one."""
    by, at = require(request, ADD), timezone.now()
    return json_answer(describing.report(making.ask(by=by, at=at), at=at), status=202)


@router.get("/noise/{uuid:report_id}", response=NoiseReportOut)
def read_noise_report(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """How far a report is, and what it says. Kept for 60 days."""
    require(request, VIEW)
    return json_answer(describing.report(NoiseReport.objects.select_related("by").get(pk=report_id), at=timezone.now()))


@router.post("/noise/compare", response={200: ReplayOut, 202: ReplayOut})
def compare(request: HttpRequest, body: CompareIn) -> HttpResponse:
    """What a change would have meant for a stretch of the past; nothing is changed. 202: a job does it, ask again."""
    by = require(request, REPLAY)
    row = replays.ask(since=body.since, until=body.until, source=body.source, as_now=False, by=by, at=timezone.now(), changes=body.changes)
    described = replays.describe_replay(row)
    return json_answer(described, status=202 if described["answer"] is None else 200)
