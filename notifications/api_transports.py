"""REST of the transports: how each one does. Mounted under /api/v1 by the composition."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel

from notifications import transport_health
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()


class FiguresShape(BaseModel):
    """Of the newest 2000 messages in a time: how many were tried and accepted, and the provider's median time."""

    tried: int
    accepted: int
    success_rate: float | None
    median_ms: int | None


class TroubledShape(BaseModel):
    """A destination that is down or asked to be left alone; an empty name is all of the transport."""

    destination: str
    open_since: datetime | None
    next_try_at: datetime | None
    slow_until: datetime | None
    error: str


class TransportShape(BaseModel):
    """One transport. ``state``: missing, down, slow or working."""

    kind: str
    label: str
    state: str
    missing: str
    waiting: int
    oldest_waiting_seconds: int
    rate_per_second: float | None
    last_hour: FiguresShape
    last_day: FiguresShape
    troubled: list[TroubledShape]


class TransportList(BaseModel):
    """All of them."""

    items: list[TransportShape]


@router.get("/transports", response=TransportList)
def list_transports(request: HttpRequest) -> HttpResponse:
    """How each transport does: success and time over an hour and a day, what waits, what is down, what is not set up."""
    require(request, "notifications.view_delivery")
    at = timezone.now()
    return json_answer({"items": [transport_health.describe(health, at=at) for health in transport_health.examine(at=at)]})
