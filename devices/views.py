"""The live pages of devices. Each carries its snapshot, and the address where its script gets a new one."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from devices import board
from devices.drivers.nl43_commands import READ_BY_SETTINGS
from sentinel_site.lib.pages import shown_to

viewers_only = shown_to("devices.view_device")


@viewers_only
def devices_page(request: HttpRequest) -> HttpResponse:
    """Every device, live."""
    data = {"snapshot": _all(request), "reload": reverse("live-devices-snapshot"), **_reader(request)}
    return render(request, "live/devices.html", {"data": data})


@viewers_only
def devices_snapshot(request: HttpRequest) -> JsonResponse:
    """The snapshot of every device, for a page that must begin again."""
    return JsonResponse(_all(request))


@viewers_only
def device_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One device, live."""
    snapshot = _one(request, slug)
    reload = reverse("live-device-snapshot", args=[slug])
    data = {"snapshot": snapshot, "reload": reload, "at": request.GET.get("at", ""), **_reader(request)}
    return render(request, "live/device.html", {"device": snapshot["device"], "data": data, "settings_known": sorted(READ_BY_SETTINGS)})


@viewers_only
def device_snapshot(request: HttpRequest, slug: str) -> JsonResponse:
    """One device's snapshot, for a page that must begin again."""
    return JsonResponse(_one(request, slug))


def _all(request: HttpRequest) -> dict[str, Any]:
    found = board.snapshot(at=timezone.now())
    if not request.user.has_perm("alerts.view_alert"):
        for device in found["devices"]:
            device["alerts"] = []
    return found


def _one(request: HttpRequest, slug: str) -> dict[str, Any]:
    """What the reader may see of one device."""
    at = timezone.now()
    found = board.one(get_object_or_404(board.readable(at=at), slug=slug), at=at)
    needs = {"alerts": "alerts.view_alert", "rules": "devices.view_alertrule", "events": "devices.view_ruleevent",
             "commands": "devices.view_devicecommand", "notes": "devices.view_techniciannote"}  # fmt: skip
    return {name: part if name not in needs or request.user.has_perm(needs[name]) else [] for name, part in found.items()}


def _reader(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    return {
        "can_operate": user.has_perm("devices.operate_device"),
        "can_read": user.has_perm("devices.view_reading"),
        "can_write_notes": user.has_perm("devices.add_techniciannote"),
        "login": f"{reverse('login')}?next={request.path}",
    }
