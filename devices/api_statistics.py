"""REST of the charts of devices. Mounted under /api/v1/stats by the composition."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from devices import statistics
from devices.statistics import DeviceQuery
from sentinel_site.lib.permissions import require
from sentinel_site.lib.rolling import asking, serving
from sentinel_site.lib.rolling.answer import Answer, StatisticsOut

router = Router()
VIEW = "devices.view_reading"


class DeviceFileQuery(DeviceQuery):
    """A range, and which figure or table."""

    figure: Annotated[str, Field(max_length=40)]


@router.get("/devices", response=StatisticsOut)
def device_statistics(request: HttpRequest, asked: Query[DeviceQuery]) -> HttpResponse:
    """Readings of each device, and the share of the time in which any came."""
    return serving.as_json(_answer(request, asked))


@router.get("/devices.csv", openapi_extra=serving.CSV)
def device_statistics_file(request: HttpRequest, asked: Query[DeviceFileQuery]) -> HttpResponseBase:
    """One figure or table of it as CSV."""
    return serving.as_csv(_answer(request, asked), "devices", asked.figure)


def _answer(request: HttpRequest, asked: DeviceQuery) -> Answer:
    require(request, VIEW)
    at = timezone.now()
    return statistics.devices(asked, asking.read(asked, at=at), at=at)
