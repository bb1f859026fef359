"""REST of mappings for JSON that Sentinel does not know. Mounted under /api/v1."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from alerts import mappings
from alerts.config import Slug
from sentinel_site.lib.crud import Resource, add
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW, VIEW_REPORTS = "alerts.view_reportmapping", "alerts.view_report"

MAPPINGS = Resource(
    path="mappings",
    key="slug",
    converter="slug",
    rows=mappings.rows(),
    order=("slug",),
    form=mappings.MappingForm,
    shape=mappings.MappingShape,
    describe=mappings.describe_mapping,
    save=mappings.save_mapping,
)


class MappingPreviewIn(mappings.MappingForm):
    """A mapping that need not be stored, and what to try it on: a message, a report, or else the newest reports of its source."""

    slug: Slug = "try"
    body: Annotated[Any, Field(description="A message, as it would be sent.")] = None
    report: UUID | None = None


class MappedOut(BaseModel):
    """What a mapping makes of one message: ``items``, or the ``error`` that says which expression fails and why."""

    report: str | None
    received_at: str | None
    raw: Any = None
    items: list[dict[str, Any]]
    more: int
    error: str | None


class MappingPreviewOut(BaseModel):
    """One entry for each message it was tried on."""

    items: list[MappedOut]


@router.post("/mappings/preview", response=MappingPreviewOut)
def preview(request: HttpRequest, body: MappingPreviewIn) -> HttpResponse:
    """What a mapping would make of messages. Stores nothing, tells nobody."""
    require(request, VIEW)
    if body.body is None:
        require(request, VIEW_REPORTS)
    mapping = mappings.values_of(body, body.source)
    return json_answer({"items": mappings.preview_all(mapping, at=timezone.now(), body=body.body, report=body.report)})


add(router, MAPPINGS)
