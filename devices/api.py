"""REST of devices: what there is, and whether it is watched. Mounted under /api/v1 by the composition."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, RootModel

from devices import config, diagnosis, standing
from devices.enums import Mode, RunState
from sentinel_site.lib.crud import Resource, add
from sentinel_site.lib.permissions import allowed, require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW, OPERATE = "devices.view_device", "devices.operate_device"
SEEN_WITH = {"alerts": "alerts.view_alert", "commands": "devices.view_devicecommand"}

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


class FindingShape(BaseModel):
    """Something about a device; ``text`` says what to do."""

    level: Literal["ok", "info", "warn", "error"]
    text: str


class Lease(BaseModel):
    """Which monitor may talk to the device."""

    holder: str
    leased_until: str | None


class Diagnostics(BaseModel):
    """What is known about a device, and what to do. ``wanted``: a monitor should talk to it now."""

    slug: str
    findings: list[FindingShape]
    wanted: bool
    mode: Mode
    reachable: bool | None
    unreachable_since: str | None
    failures: int
    error: str
    state: RunState
    viewers: int
    lease: Lease
    last_frame_at: str | None
    frame: dict[str, Any] | None
    last_reading_at: str | None
    rules: int
    password: Literal["set", "missing", "undecryptable"]
    clock_ahead_seconds: float | None
    alerts: list[dict[str, Any]]
    commands: list[dict[str, Any]]


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


@router.get("/devices/{slug:slug}/diagnostics", response=Diagnostics)
def read_diagnostics(request: HttpRequest, slug: str) -> HttpResponse:
    """What is the matter with the device and what to do about it, from what the monitor wrote down. The device is not asked."""
    user, at = require(request, VIEW), timezone.now()
    (facts,) = diagnosis.gather([config.devices().get(slug=slug)], at=at)
    found = diagnosis.report(facts, at=at)
    hidden = [part for part, permission in SEEN_WITH.items() if not allowed(user, permission)]
    return json_answer({"slug": slug, **found, **{part: [] for part in hidden}})


def _keep_alive(request: HttpRequest, slug: str, *, on: bool) -> HttpResponse:
    require(request, OPERATE)
    config.keep_alive(slug, on=on)
    answer: dict[str, Any] = standing.overview(at=timezone.now(), slug=slug)[slug]
    return json_answer(answer)


add(router, DEVICES)
