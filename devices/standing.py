"""How devices are at the moment, from what the monitor and the web processes wrote down. No device is asked."""

from datetime import datetime
from typing import Any

from alerts.describe import instant
from devices import viewers
from devices.enums import Mode
from devices.models import Device, DeviceStatus


def overview(*, at: datetime, slug: str | None = None) -> dict[str, dict[str, Any]]:
    """slug → how it is, for every device, or for the one called ``slug``."""
    looking = viewers.counts(at)
    rows = Device.objects.defer("password", "status__frame").select_related("status")
    found = rows if slug is None else rows.filter(slug=slug)
    return {device.slug: _standing(device, looking.get(device.pk, 0), at=at) for device in found}


def _standing(device: Device, looking: int, *, at: datetime) -> dict[str, Any]:
    status = getattr(device, "status", None) or DeviceStatus(device=device)
    held = status.leased_until is not None and status.leased_until > at
    return {
        "running": held and status.mode != Mode.STANDBY,
        "viewers": looking,
        "keepalive": device.keepalive,
        "reachable": status.reachable,
        "mode": status.mode,
        "holder": status.holder if held else "",
        "last_frame_at": instant(status.last_frame_at),
    }
