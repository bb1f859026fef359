"""REST of devices: what there is, and whether it is watched. Mounted under /api/v1 by the composition."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, RootModel

from devices import config, standing
from devices.enums import Mode
from sentinel_site.lib.crud import Resource, add
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW, OPERATE = "devices.view_device", "devices.operate_device"

DEVICES = Resource(
    path="devices",
    key="slug",
    converter="slug",
    rows=config.devices(),
    order=("slug",),
    form=config.DeviceForm,
    shape=config.DeviceShape,
    describe=config.describe_device,
    save=config.save_device,
    delete=config.delete_device,
)


class Standing(BaseModel):
    """How a device is at the moment. ``running``: a monitor talks to it."""

    running: bool
    viewers: int
    keepalive: bool
    reachable: bool | None
    mode: Mode
    holder: str
    last_frame_at: str | None


Overview = RootModel[dict[str, Standing]]


@router.get("/devices/monitor/status", response=Overview)
def monitor_status(request: HttpRequest) -> HttpResponse:
    """How every device is at the moment. No device is asked for it."""
    require(request, VIEW)
    return json_answer(standing.overview(at=timezone.now()))


@router.post("/devices/{slug:slug}/monitor/start", response=Standing)
def start_monitor(request: HttpRequest, slug: str) -> HttpResponse:
    """Watch the device day and night."""
    return _keep_alive(request, slug, on=True)


@router.post("/devices/{slug:slug}/monitor/stop", response=Standing)
def stop_monitor(request: HttpRequest, slug: str) -> HttpResponse:
    """Watch the device only while somebody looks at it; its connection is free for other programs otherwise."""
    return _keep_alive(request, slug, on=False)


def _keep_alive(request: HttpRequest, slug: str, *, on: bool) -> HttpResponse:
    require(request, OPERATE)
    config.keep_alive(slug, on=on)
    answer: dict[str, Any] = standing.overview(at=timezone.now(), slug=slug)[slug]
    return json_answer(answer)


add(router, DEVICES)
