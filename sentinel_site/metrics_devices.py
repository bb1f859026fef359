"""What a scraper may know of devices: a few counts, and how each one is. Two statements, however many devices there are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Count

from devices.enums import CommandStatus, Mode
from devices.models import Device, DeviceCommand
from sentinel_site.lib import ids

RECENT: Final = timedelta(hours=1)
STATES: Final = ("reachable", "unreachable", "unknown", "off")


class Metric(NamedTuple):
    """One metric of the exposition format."""

    name: str
    kind: str
    says: str
    samples: list[tuple[Mapping[str, object], float]]


def metrics(*, at: datetime) -> Iterator[Metric]:
    """Every metric of devices at ``at``."""
    rows = list(
        Device.objects.order_by("slug").values_list(
            "slug", "enabled", "status__reachable", "status__mode", "status__last_frame_at", "status__failures"
        )
    )
    states = Counter(_state(enabled, reachable) for _, enabled, reachable, *_ in rows)
    modes = Counter(mode for _, enabled, _, mode, *_ in rows if enabled and mode)
    known = [(slug, reachable, frame_at, failures) for slug, enabled, reachable, _, frame_at, failures in rows if enabled]
    yield Metric("sentinel_devices", "gauge", "Devices by whether they answer.", [({"state": each}, states[each]) for each in STATES])
    yield Metric("sentinel_devices_mode", "gauge", "Devices by what the monitor does with them.", [({"mode": m}, modes[m]) for m in Mode])
    up: list[tuple[Mapping[str, object], float]] = [({"device": slug}, int(ok)) for slug, ok, *_ in known if ok is not None]
    yield Metric("sentinel_device_up", "gauge", "1: the device answers. Left out: nobody asks it.", up)
    ages: list[tuple[Mapping[str, object], float]] = [
        ({"device": slug}, max(0.0, (at - frame_at).total_seconds())) for slug, _, frame_at, _ in known if frame_at
    ]
    yield Metric("sentinel_device_frame_age_seconds", "gauge", "Since the device's last values.", ages)
    failures: list[tuple[Mapping[str, object], float]] = [({"device": slug}, count) for slug, _, _, count in known if count]
    yield Metric("sentinel_device_failures", "gauge", "Tries in a row that failed.", failures)
    yield Metric("sentinel_device_commands_recent", "gauge", "Commands of the last hour.", _commands(at=at))


def _state(enabled: bool, reachable: bool | None) -> str:
    if not enabled:
        return "off"
    return "unknown" if reachable is None else "reachable" if reachable else "unreachable"


def _commands(*, at: datetime) -> list[tuple[Mapping[str, object], float]]:
    rows = DeviceCommand.objects.filter(id__gte=ids.floor(at - RECENT)).order_by().values_list("status").annotate(Count("pk"))
    counts = dict(rows)
    return [({"status": status.value}, counts.get(status, 0)) for status in CommandStatus]
