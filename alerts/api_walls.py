"""REST of wall screens: making one, changing what it shows, revoking it. Mounted under /api/v1 by the composition."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from alerts import wall_config, walls
from sentinel_site.lib.crud import Resource, add_changes, add_reads
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
WALLS = Resource(
    path="walls",
    key="pk",
    converter="uuid",
    rows=wall_config.rows(),
    order=("name",),
    form=wall_config.WallForm,
    shape=wall_config.WallShape,
    describe=wall_config.describe_wall,
    save=wall_config.save_wall,
)
add_reads(router, WALLS)
add_changes(router, WALLS)


@router.post("/walls", response={201: wall_config.NewWallShape}, operation_id="create_walls", summary="Create one of walls")
def create(request: HttpRequest, body: wall_config.WallForm) -> HttpResponse:
    """Make a wall. ``url`` is answered this once: whoever has it sees what the wall shows."""
    require(request, WALLS.permission("add"))
    wall, url = walls.issue(**wall_config.fields_of(body))
    answer = json_answer(wall_config.describe_wall(wall) | {"url": url}, status=201)
    answer["Shown-Once"], answer["Cache-Control"] = "url", "no-store"
    return answer


@router.post("/walls/{uuid:key}/revoke", response=wall_config.WallShape)
def revoke(request: HttpRequest, key: UUID) -> HttpResponse:
    """Let it show nothing any more, for good: its open screens go blank within seconds. Again: nothing happens."""
    require(request, WALLS.permission("change"))
    walls.revoke(WALLS.one(key), at=timezone.now())
    return json_answer(wall_config.describe_wall(WALLS.one(key)))
