"""How devices are at the moment, from what the monitor and the web processes wrote down. No device is asked."""

from datetime import datetime
from typing import Any

from django.db.models import Q, Sum

from alerts.describe import instant
from devices.enums import Mode
from devices.models import Device, DeviceStatus


def overview(*, at: datetime, slug: str | None = None) -> dict[str, dict[str, Any]]:
    """slug → how it is, for every device, or for the one called ``slug``."""
    looking = Sum("viewers__count", filter=Q(viewers__seen_until__gt=at), default=0)
    rows = Device.objects.defer("password", "status__frame").select_related("status").annotate(looking=looking)
    return {device.slug: _standing(device, at=at) for device in (rows if slug is None else rows.filter(slug=slug))}


def _standing(device: Any, *, at: datetime) -> dict[str, Any]:
    status = getattr(device, "status", None) or DeviceStatus(device=device)
    held = status.leased_until is not None and status.leased_until > at
    return {
        "running": held and status.mode != Mode.STANDBY,
        "viewers": device.looking,
        "keepalive": device.keepalive,
        "reachable": status.reachable,
        "mode": status.mode,
        "holder": status.holder if held else "",
        "last_frame_at": instant(status.last_frame_at),
    }
