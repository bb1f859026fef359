"""REST of the charts of alerts. Mounted under /api/v1/stats by the composition."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from alerts import statistics
from alerts.statistics import AlertQuery
from sentinel_site.lib.permissions import require
from sentinel_site.lib.rolling import asking, serving
from sentinel_site.lib.rolling.answer import Answer, StatisticsOut

router = Router()
VIEW = "alerts.view_alert"


class AlertFileQuery(AlertQuery):
    """The same, and which figure or table of it."""

    figure: Annotated[str, Field(max_length=40)]


@router.get("/alerts", response=StatisticsOut)
def alert_statistics(request: HttpRequest, asked: Query[AlertQuery]) -> HttpResponse:
    """Alerts raised, how fast people took and ended them, and how much of it was noise."""
    return serving.as_json(_answer(request, "alerts", asked))


@router.get("/alerts.csv", openapi_extra=serving.CSV)
def alert_statistics_file(request: HttpRequest, asked: Query[AlertFileQuery]) -> HttpResponseBase:
    """One figure or table of it as CSV."""
    return serving.as_csv(_answer(request, "alerts", asked), "alerts", asked.figure)


@router.get("/steps", response=StatisticsOut)
def step_statistics(request: HttpRequest, asked: Query[AlertQuery]) -> HttpResponse:
    """The promises that were due: escalation steps, how many were late, and how late the worst was."""
    return serving.as_json(_answer(request, "steps", asked))


@router.get("/steps.csv", openapi_extra=serving.CSV)
def step_statistics_file(request: HttpRequest, asked: Query[AlertFileQuery]) -> HttpResponseBase:
    """One figure or table of it as CSV."""
    return serving.as_csv(_answer(request, "steps", asked), "steps", asked.figure)


@router.get("/open", response=StatisticsOut)
def open_statistics(request: HttpRequest, asked: Query[AlertQuery]) -> HttpResponse:
    """How many alerts were open at once, and how many of those late."""
    return serving.as_json(_answer(request, "open", asked))


@router.get("/open.csv", openapi_extra=serving.CSV)
def open_statistics_file(request: HttpRequest, asked: Query[AlertFileQuery]) -> HttpResponseBase:
    """One figure of it as CSV."""
    return serving.as_csv(_answer(request, "open", asked), "open", asked.figure)


def _answer(request: HttpRequest, chart: str, asked: AlertQuery) -> Answer:
    require(request, VIEW)
    return statistics.CHARTS[chart](asked, asking.read(asked, at=timezone.now()))
