"""REST of the charts of messages. Mounted under /api/v1/stats by the composition."""

from typing import Annotated, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from notifications import statistics
from sentinel_site.lib.permissions import allowed, require
from sentinel_site.lib.rolling import asking, serving
from sentinel_site.lib.rolling.answer import Answer, StatisticsOut
from sentinel_site.lib.rolling.asking import RangeQuery

router = Router()
DELIVERIES: Final = "notifications.view_delivery"
PEOPLE: Final = "notifications.view_notification"
SCHEDULES: Final = "notifications.view_oncallschedule"


class MessageFileQuery(RangeQuery):
    """A range, and which figure or table."""

    figure: Annotated[str, Field(max_length=40)]


@router.get("/deliveries", response=StatisticsOut)
def delivery_statistics(request: HttpRequest, asked: Query[RangeQuery]) -> HttpResponse:
    """Messages by transport, what became of them, and the provider's time."""
    require(request, DELIVERIES)
    return serving.as_json(statistics.deliveries(asking.read(asked, at=timezone.now())))


@router.get("/deliveries.csv", openapi_extra=serving.CSV)
def delivery_statistics_file(request: HttpRequest, asked: Query[MessageFileQuery]) -> HttpResponseBase:
    """One figure or table of it as CSV."""
    require(request, DELIVERIES)
    return serving.as_csv(statistics.deliveries(asking.read(asked, at=timezone.now())), "deliveries", asked.figure)


@router.get("/people", response=StatisticsOut)
def people_statistics(request: HttpRequest, asked: Query[RangeQuery]) -> HttpResponse:
    """What rang at whose, how many of their nights it took, and how long they were on call (null for who may not see schedules)."""
    require(request, PEOPLE)
    return serving.as_json(_people(request, asked))


@router.get("/people.csv", openapi_extra=serving.CSV)
def people_statistics_file(request: HttpRequest, asked: Query[MessageFileQuery]) -> HttpResponseBase:
    """One figure or table of it as CSV."""
    require(request, PEOPLE)
    return serving.as_csv(_people(request, asked), "people", asked.figure)


def _people(request: HttpRequest, asked: RangeQuery) -> Answer:
    at = timezone.now()
    return statistics.people(asking.read(asked, at=at), at=at, on_call=allowed(request.user, SCHEDULES))
