"""REST of the charts of backups. Mounted under /api/v1/stats by the composition."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from backups import statistics
from sentinel_site.lib.permissions import require
from sentinel_site.lib.rolling import asking, serving
from sentinel_site.lib.rolling.answer import Answer, StatisticsOut
from sentinel_site.lib.rolling.asking import RangeQuery

router = Router()
VIEW = "backups.view_backupentry"


class BackupFileQuery(RangeQuery):
    """A range, and which figure or table."""

    figure: Annotated[str, Field(max_length=40)]


@router.get("/backups", response=StatisticsOut)
def backup_statistics(request: HttpRequest, asked: Query[RangeQuery]) -> HttpResponse:
    """What became of the backups of each day, and of each expected backup."""
    return serving.as_json(_answer(request, asked))


@router.get("/backups.csv", openapi_extra=serving.CSV)
def backup_statistics_file(request: HttpRequest, asked: Query[BackupFileQuery]) -> HttpResponseBase:
    """One figure or table of it as CSV."""
    return serving.as_csv(_answer(request, asked), "backups", asked.figure)


def _answer(request: HttpRequest, asked: RangeQuery) -> Answer:
    require(request, VIEW)
    return statistics.backups(asking.read(asked, at=timezone.now(), most_days=statistics.MOST_DAYS))
