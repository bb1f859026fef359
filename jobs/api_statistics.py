"""REST of the charts of jobs. Mounted under /api/v1/stats by the composition."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from jobs import statistics
from jobs.statistics import RunQuery
from sentinel_site.lib.permissions import require
from sentinel_site.lib.rolling import asking, serving
from sentinel_site.lib.rolling.answer import Answer, StatisticsOut

router = Router()


class RunFileQuery(RunQuery):
    """A range, and which figure or table."""

    figure: Annotated[str, Field(max_length=40)]


@router.get("/jobs", response=StatisticsOut)
def job_statistics(request: HttpRequest, asked: Query[RunQuery]) -> HttpResponse:
    """Runs by how they ended, and how long they took."""
    return serving.as_json(_answer(request, asked))


@router.get("/jobs.csv", openapi_extra=serving.CSV)
def job_statistics_file(request: HttpRequest, asked: Query[RunFileQuery]) -> HttpResponseBase:
    """One figure or table of it as CSV."""
    return serving.as_csv(_answer(request, asked), "jobs", asked.figure)


def _answer(request: HttpRequest, asked: RunQuery) -> Answer:
    require(request, "jobs.view_job")
    require(request, "jobs.view_jobrun")
    return statistics.runs(asked, asking.read(asked, at=timezone.now()))
