"""REST of an alert's story: everything that is known of it, to be kept. Mounted under /api/v1/alerts by the composition."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from ninja import Router
from pydantic import BaseModel, ConfigDict

from alerts import queries, story_views
from sentinel_site.lib.permissions import require

router = Router()
VIEW = "alerts.view_alert"
PDF = {"responses": {200: {"description": "PDF", "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}}}


class StoryEntryOut(BaseModel):
    """One thing that happened. ``quoted``: what was printed or reported, word by word."""

    number: int
    at: str
    kind: str
    who: str | None
    text: str
    facts: dict[str, Any]
    quoted: str | None = None


class StoryChartOut(BaseModel):
    """Samples around an onset; ``at`` in seconds since 1970."""

    model_config = ConfigDict(extra="allow")

    title: str
    unit: str
    since: str
    until: str
    onset_at: str | None
    clear_at: str | None
    limit: float | None
    at: list[float]
    mean: list[float | None]
    low: list[float | None]
    high: list[float | None]


class ToldOut(BaseModel):
    """What the digest is of."""

    installation: str
    language: str
    alert: dict[str, Any]
    chosen: dict[str, Any]
    picture: dict[str, Any] | None
    entries: list[StoryEntryOut]
    charts: list[StoryChartOut]
    left_out: list[str]


class GeneratedOut(BaseModel):
    """When the file was made, and for whom."""

    at: str
    by: str


class StoryOut(BaseModel):
    """The story as a file; docs/story.md says how its digest is checked."""

    format: str
    version: int
    generated: GeneratedOut
    story: ToldOut
    sha256: str
    seal: str


@router.get("/{uuid:alert_id}/story", response=StoryOut)
def read_story(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """The alert's story in the language of Accept-Language, with a digest and a seal."""
    require(request, VIEW)
    with _readers_language(request):
        return story_views.json_file(request, queries.one(alert_id))


@router.get("/{uuid:alert_id}/story.pdf", openapi_extra=PDF)
def read_story_pdf(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """The same as PDF, to be printed or handed over."""
    require(request, VIEW)
    with _readers_language(request):
        return story_views.pdf_file(request, queries.one(alert_id))


def _readers_language(request: HttpRequest) -> translation.override:
    """REST speaks English; these files are read by people."""
    return translation.override(translation.get_language_from_request(request))
