"""REST of what decides about alerts: sources, policies, routes, silences and inhibitions. Mounted under /api/v1 by the composition."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from ninja import Router
from pydantic import BaseModel, Field

from alerts import config, inhibition_config, policy_config, routing, silence_preview, window_config
from sentinel_site.lib import matchers
from sentinel_site.lib.crud import STRICT, Resource, add
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()

SOURCES = Resource(
    path="sources",
    key="slug",
    converter="slug",
    rows=config.sources(),
    order=("slug",),
    form=config.SourceForm,
    shape=config.SourceShape,
    describe=config.describe_source,
    save=config.save_source,
    parts=("report_set", "alertgroup_set"),
    check_delete=config.keep_own_source,
    changed=routing.forget,
)
POLICIES = Resource(
    path="policies",
    key="name",
    converter="path",
    rows=policy_config.rows(),
    order=("name",),
    form=policy_config.PolicyForm,
    shape=policy_config.PolicyShape,
    describe=policy_config.describe_policy,
    save=policy_config.save_policy,
    parts=("steps",),
    changed=routing.forget,
)
ROUTES = Resource(
    path="routes",
    key="pk",
    converter="int",
    rows=config.routes(),
    order=("catch_all", "position", "id"),
    form=config.RouteForm,
    shape=config.RouteShape,
    describe=config.describe_route,
    save=config.save_route,
    check_delete=config.keep_catch_all,
    changed=routing.forget,
)
SILENCES = Resource(
    path="silences",
    key="pk",
    converter="uuid",
    rows=config.silences(),
    order=("-id",),
    form=config.SilenceForm,
    shape=config.SilenceShape,
    describe=config.describe_silence,
    save=config.save_silence,
    delete=config.end_silence,
)

INHIBITIONS = Resource(
    path="inhibitions",
    key="pk",
    converter="int",
    rows=inhibition_config.rows(),
    order=("name", "id"),
    form=inhibition_config.InhibitionForm,
    shape=inhibition_config.InhibitionShape,
    describe=inhibition_config.describe_inhibition,
    save=inhibition_config.save_inhibition,
    delete=inhibition_config.remove_inhibition,
)

WINDOWS = Resource(
    path="maintenance-windows",
    key="pk",
    converter="int",
    rows=window_config.rows(),
    order=("name",),
    form=window_config.WindowForm,
    shape=window_config.WindowShape,
    describe=window_config.describe_window,
    save=window_config.save_window,
    delete=window_config.remove_window,
)

for resource in (SOURCES, POLICIES, ROUTES, SILENCES, INHIBITIONS, WINDOWS):
    add(router, resource)


class PreviewIn(BaseModel):
    """Matchers of a silence that is only thought of."""

    model_config = STRICT

    matchers: Annotated[list[config.Matcher], Field(min_length=1, max_length=20)]


class PreviewOut(BaseModel):
    """Of the ``open`` alerts now: how many match, how many of those no silence can hold, and how many for 8 hours at the most."""

    open: int
    matching: int
    exempt: int
    p1: int
    says: str
    examples: list[dict[str, Any]]
    at: str


@router.post("/silences/preview", response=PreviewOut, operation_id="preview_silence", summary="What a silence would match now")
def preview_silence(request: HttpRequest, body: PreviewIn) -> HttpResponse:
    """Count the open alerts that ``matchers`` match now. Changes nothing."""
    require(request, "alerts.view_silence")
    require(request, "alerts.view_alert")
    found = silence_preview.preview(matchers.parse_all(body.matchers))
    with translation.override(None):
        return json_answer(silence_preview.describe(found, at=timezone.now()))
