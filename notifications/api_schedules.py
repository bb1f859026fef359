"""REST of on-call schedules, their overrides and their shifts. Mounted under /api/v1 by the composition."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel

from notifications import feeds, ical
from notifications import schedule_config as config
from notifications.models import OnCallOverride, OnCallSchedule
from sentinel_site.lib.crud import Resource, add, partial
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer, not_found

router = Router()
VIEW = "notifications.view_oncallschedule"
ONE = "/schedules/{uuid:key}/overrides/{uuid:override}"

SCHEDULES = Resource(
    path="schedules",
    key="pk",
    converter="uuid",
    rows=config.schedules(),
    order=("name", "id"),
    form=config.ScheduleForm,
    shape=config.ScheduleShape,
    describe=config.describe_schedule,
    save=config.save_schedule,
    parts=("rotations", "overrides", "feeds"),
)
OverridePatch: Any = partial(config.OverrideForm)
add(router, SCHEDULES)


class OverridePage(BaseModel):
    """Overrides."""

    items: list[config.OverrideShape]
    next: str | None


@router.get("/schedules/{uuid:key}/on-call", response=config.OnCall)
def read_on_call(request: HttpRequest, key: UUID, at: config.Instant | None = None) -> HttpResponse:
    """Who is on call now, or at the instant `at`."""
    require(request, VIEW)
    return json_answer(config.on_call(_schedule(key), at=at or timezone.now()))


@router.get("/schedules/{uuid:key}/shifts", response=config.Shifts)
def list_shifts(request: HttpRequest, key: UUID, since: config.Instant, until: config.Instant) -> HttpResponse:
    """The shifts that touch a range of at most a year, whole, in order."""
    require(request, VIEW)
    return json_answer(config.shifts(_schedule(key), since=since, until=until))


@router.get("/schedules/{uuid:key}/overrides", response=OverridePage)
def list_overrides(request: HttpRequest, key: UUID, page_: Query[Page]) -> HttpResponse:
    """The overrides of a schedule, the ones made last first."""
    require(request, "notifications.view_oncalloverride")
    return json_answer(page(_schedule(key).overrides.all(), page_, config.describe_override, order=("-id",)))


@router.post("/schedules/{uuid:key}/overrides", response={201: config.OverrideShape})
def create_override(request: HttpRequest, key: UUID, body: config.OverrideForm) -> HttpResponse:
    """Put somebody on call for a time, whatever the layers say."""
    require(request, "notifications.add_oncalloverride")
    override = OnCallOverride(schedule=_schedule(key))
    config.save_override(override, body)
    return json_answer(config.describe_override(override), status=201)


@router.get(ONE, response=config.OverrideShape)
def read_override(request: HttpRequest, key: UUID, override: UUID) -> HttpResponse:
    """One override."""
    require(request, "notifications.view_oncalloverride")
    return json_answer(config.describe_override(_override(key, override)))


@router.patch(ONE, response=config.OverrideShape)
def change_override(request: HttpRequest, key: UUID, override: UUID, body: OverridePatch) -> HttpResponse:
    """Change an override; what is not sent stays."""
    require(request, "notifications.change_oncalloverride")
    with transaction.atomic():
        found = get_object_or_404(OnCallOverride.objects.select_for_update(), schedule=key, pk=override)
        whole = {**config.describe_override(found), **body.model_dump(exclude_unset=True)}
        whole.pop("id")
        config.save_override(found, config.OverrideForm.model_validate(whole))
    return json_answer(config.describe_override(found))


@router.delete(ONE, response={204: None})
def delete_override(request: HttpRequest, key: UUID, override: UUID) -> HttpResponse:
    """Remove an override: the layers count again."""
    require(request, "notifications.delete_oncalloverride")
    _override(key, override).delete()
    return HttpResponse(status=204)


@router.get("/schedules/{uuid:key}.ics", auth=None, url_name="schedule_calendar", response={200: None})
def read_schedule_calendar(request: HttpRequest, key: UUID, token: str = "") -> HttpResponse:
    """A schedule's shifts as iCalendar, for who has its secret address (made in the admin)."""
    return _calendar(feeds.of_schedule(key, token, at=timezone.now()))


@router.get("/recipients/{uuid:key}.ics", auth=None, url_name="recipient_calendar", response={200: None})
def read_recipient_calendar(request: HttpRequest, key: UUID, token: str = "") -> HttpResponse:
    """A person's shifts in all schedules as iCalendar, for who has the secret address (made in the admin)."""
    return _calendar(feeds.of_recipient(key, token, at=timezone.now()))


def _calendar(file: bytes | None) -> HttpResponse:
    if file is None:
        raise not_found("There is no calendar at this address: it is wrong, or was revoked. Ask whoever gave it to you for a new one.")
    return HttpResponse(file, content_type=ical.MEDIA_TYPE)


def _schedule(key: UUID) -> OnCallSchedule:
    return get_object_or_404(config.schedules(), pk=key)


def _override(key: UUID, override: UUID) -> OnCallOverride:
    return get_object_or_404(OnCallOverride, schedule=key, pk=override)
