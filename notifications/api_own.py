"""REST of what is one's own: shifts, handing them over, contact methods. Mounted under /api/v1 by the composition."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from notifications import own_methods, own_shifts
from notifications.methods import MethodShape
from notifications.models import OnCallSchedule, Recipient
from notifications.schedule_config import OverrideShape, ShiftShape
from sentinel_site.lib.permissions import caller, require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW = "notifications.view_oncallschedule"


class OwnShiftShape(ShiftShape):
    """One of your shifts, and where."""

    schedule: str
    schedule_name: str


class TakerShape(BaseModel):
    """Somebody who may take a shift."""

    id: str
    name: str


class OwnShifts(BaseModel):
    """Your shifts, the first one first, and who may take them, by schedule."""

    items: list[OwnShiftShape]
    takers: dict[str, list[TakerShape]]


class HandedOver(BaseModel):
    """The overrides that were made."""

    overrides: list[OverrideShape]


class OwnMethodShape(MethodShape):
    """One of your contact methods. ``stale``: nothing has proved it for 45 days; ``lacking``: what has to be set up first."""

    kind_name: str
    platform: str | None
    usable: bool
    stale: bool
    lacking: str | None
    tested_at: str | None
    test: dict[str, Any] | None


class OwnMethods(BaseModel):
    """Your contact methods."""

    items: list[OwnMethodShape]


@router.get("/me/shifts", response=OwnShifts)
def list_own_shifts(request: HttpRequest, days: Annotated[int, Field(ge=1, le=own_shifts.MOST_DAYS)] = own_shifts.DAYS) -> HttpResponse:
    """Your shifts that are running or begin within the days, and who may take them."""
    by = require(request, VIEW)
    return json_answer(own_shifts.listed(by, at=timezone.now(), days=days))


@router.post("/schedules/{uuid:key}/hand-over", response={201: HandedOver})
def hand_shift_over(request: HttpRequest, key: UUID, body: own_shifts.HandOverForm) -> HttpResponse:
    """Give one of your shifts, or a part of it, to somebody else; or swap it for one of theirs. Both are told."""
    by = require(request, VIEW)
    made = own_shifts.hand_over(get_object_or_404(OnCallSchedule, pk=key), body, by=by, at=timezone.now())
    return json_answer(own_shifts.describe_made(made), status=201)


@router.get("/me/contact-methods", response=OwnMethods)
def list_own_contact_methods(request: HttpRequest) -> HttpResponse:
    """Your contact methods, what proves them, and what became of the last test message to each."""
    person = Recipient.objects.filter(user=caller(request)).first()
    return json_answer({"items": own_methods.describe(person, at=timezone.now())})
