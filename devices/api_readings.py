"""REST of readings: the last one, any stretch of them, as CSV, and those that devices push. Mounted under /api/v1/devices."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict

from devices import pushed, stretches
from sentinel_site.lib import documents
from sentinel_site.lib.bodies import json_bytes
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW, ADD = "devices.view_reading", "devices.add_reading"


class PushedReading(BaseModel):
    """One reading. ``at`` is now when it is left out; ``values`` are numbers by metric."""

    model_config = ConfigDict(extra="allow")

    at: str | None = None
    values: dict[str, float | None]


class PushedReadings(BaseModel):
    """At most 1000 readings."""

    model_config = ConfigDict(extra="allow")

    readings: list[PushedReading]


class Refusal(BaseModel):
    """The reading at ``index``, and why."""

    index: int
    reason: str


class PushedOut(BaseModel):
    """What became of the readings; ``left_out``: values that were left out of readings which were taken.

    ``not_judged``: so many were stored, but not judged by every rule: they are not newer than what it has judged already.
    """

    accepted: int
    rejected: list[Refusal]
    left_out: list[Refusal]
    not_judged: int


class LatestOut(BaseModel):
    """The device's last reading, and how it is."""

    device: str
    measured_at: str | None
    values: dict[str, float]
    state: str
    reachable: bool | None
    last_frame_at: str | None


class Stats(BaseModel):
    """One metric over a minute or an hour; ``l10`` is exceeded 10 % of the time."""

    count: int
    mean: float
    low: float
    high: float
    l10: float
    l50: float
    l90: float


class ReadingOut(BaseModel):
    """A reading, or a roll-up with its means and its ``stats``."""

    at: str
    values: dict[str, float]
    stats: dict[str, Stats] | None = None


class Columns(BaseModel):
    """One metric; a value for each point, null where there is none."""

    mean: list[float | None]
    low: list[float | None]
    high: list[float | None]


class ReadingsOut(BaseModel):
    """With ``step`` raw, 60 or 3600: ``items`` and ``next``. With ``auto``: columns for a chart, ``at`` in seconds since 1970."""

    device: str
    since: str
    until: str
    items: list[ReadingOut] | None = None
    next: str | None = None
    source: Literal["raw", "60", "3600"] | None = None
    step_seconds: float | None = None
    at: list[float] | None = None
    metrics: dict[str, Columns] | None = None


@router.get("/{slug:slug}/latest", response=LatestOut)
def latest(request: HttpRequest, slug: str) -> HttpResponse:
    """The last reading of a device. No device is asked for it."""
    require(request, VIEW)
    return json_answer(stretches.latest(stretches.devices().select_related("status").get(slug=slug)))


@router.get("/{slug:slug}/readings", response=ReadingsOut)
def read_readings(request: HttpRequest, slug: str, asked: Query[stretches.PageQuery]) -> HttpResponse:
    """Readings, roll-ups or a chart of a stretch of time, the last 24 hours when none is given."""
    require(request, VIEW)
    return json_answer(stretches.read(stretches.devices().get(slug=slug), asked, at=timezone.now()))


@router.get("/{slug:slug}/readings.csv", openapi_extra={"responses": {200: {"description": "CSV", "content": {"text/csv": {}}}}})
def export_readings(request: HttpRequest, slug: str, asked: Query[stretches.ExportQuery]) -> HttpResponseBase:
    """Readings or roll-ups of a stretch of time as CSV, the last 24 hours when none is given."""
    require(request, VIEW)
    return stretches.csv(stretches.devices().get(slug=slug), asked, at=timezone.now(), streamed=hasattr(request, "scope"))


@router.post("/{slug:slug}/readings", response={202: PushedOut}, openapi_extra=documents.json_body(PushedReadings))
def push(request: HttpRequest, slug: str) -> HttpResponse:
    """Send readings of a device that pushes. 202: they are stored and judged, but for the rejected ones; send those never again."""
    require(request, ADD)
    device = stretches.devices().select_related("source").get(slug=slug)
    answer: dict[str, Any] = pushed.take(device, json_bytes(request), at=timezone.now()).document()
    return json_answer(answer, status=202)
