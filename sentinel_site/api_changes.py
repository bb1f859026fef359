"""REST of the history of configuration. Mounted under /api/v1."""

from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from sentinel_site.changes import finding
from sentinel_site.lib.configuration import Via
from sentinel_site.lib.instants import instant
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer
from sentinel_site.models import ConfigChange

router = Router()
Text = Annotated[str, Field(max_length=150)]


class ChangeFilter(BaseModel):
    """Which changes. ``model`` and ``object`` name one row, ``q`` words of what it is called or of who did it."""

    model: Annotated[str, Field(max_length=80, description="For example alerts.source.")] = ""
    object: Annotated[str, Field(max_length=64, description="Its id in the history.")] = ""
    by: Annotated[str, Field(max_length=150, description="A user name.")] = ""
    via: list[Via] = Field(default=[])
    action: list[ConfigChange.Action] = Field(default=[])
    q: Text = ""
    since: Moment | None = None
    until: Moment | None = None


class ConfigChangeOut(BaseModel):
    """One change: field → ``before`` and ``after``. A secret has ``secret: true`` and never its value."""

    id: str
    at: str
    by: str | None
    via: str
    where: str
    address: str
    model: str
    object: str
    name: str
    action: str
    changes: dict[str, Any]


class ConfigChangePage(BaseModel):
    """Changes, the newest first."""

    items: list[ConfigChangeOut]
    next: str | None


@router.get("/config-changes", response=ConfigChangePage, summary="Who changed what in the configuration")
def list_config_changes(request: HttpRequest, filters: Query[ChangeFilter], page_: Query[Page]) -> HttpResponse:
    """Changes of what the caller may look at, the newest first."""
    reader = require(request, finding.VIEW)
    return json_answer(page(_matching(finding.visible(reader), filters), page_, describe))


@router.get("/config-changes/{uuid:key}", response=ConfigChangeOut, summary="One change of the configuration")
def read_config_change(request: HttpRequest, key: UUID) -> HttpResponse:
    """One change."""
    reader = require(request, finding.VIEW)
    return json_answer(describe(finding.visible(reader).get(pk=key)))


def describe(change: ConfigChange) -> dict[str, Any]:
    """A change as api.md shows it."""
    return {
        "id": str(change.pk), "at": instant(change.at), "by": (change.by.get_username() if change.by else change.by_name) or None,
        "via": change.via, "where": change.where, "address": change.address, "model": change.model, "object": change.object_id,
        "name": change.object_words, "action": change.action, "changes": change.changes,
    }  # fmt: skip


def _matching(rows: QuerySet[ConfigChange], filters: ChangeFilter) -> QuerySet[ConfigChange]:
    wanted = {
        "model": filters.model.lower(), "object_id": filters.object, "by_name": filters.by, "via__in": filters.via,
        "action__in": filters.action,
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return finding.search(finding.between(rows, filters.since, filters.until), filters.q)
