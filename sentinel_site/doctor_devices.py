"""What the doctor says about devices: where Sentinel may connect to, which are not measured, and of which nobody would be told."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_network
from typing import Final

from django.conf import settings

from devices import config, diagnosis

MOST: Final = 20
LEVELS: Final = (diagnosis.ERROR, diagnosis.WARN)


def findings() -> Iterator[tuple[str, str]]:
    """Pairs of a level (ok or warn) and a sentence."""
    if settings.SENTINEL_DEVICE_LOOPBACK:
        yield (
            "warn",
            "SENTINEL_DEVICE_LOOPBACK is on: who may edit devices can make Sentinel connect to this machine. It is for simulations.",
        )
    public = [net for net in settings.SENTINEL_DEVICE_NETWORKS if ip_network(net).is_global]
    if public:
        yield "warn", f"SENTINEL_DEVICE_NETWORKS names public addresses ({', '.join(public)}): meters answer anybody who reaches them."
    else:
        yield "ok", f"Devices may be in {', '.join(settings.SENTINEL_DEVICE_NETWORKS)}."


def conditions(*, at: datetime) -> Iterator[tuple[str, str]]:
    """What is the matter with each device: pairs of a level (ok, warn or error) and a sentence, the worst first."""
    devices = list(config.devices())
    found = [
        (finding.level, f"{facts.device.name}: {finding.text}")
        for facts in diagnosis.gather(devices, at=at)
        for finding in diagnosis.findings(facts, at=at)
        if finding.level in LEVELS
    ]
    found.sort(key=lambda each: LEVELS.index(each[0]))
    yield from found[:MOST]
    if found[MOST:]:
        yield found[MOST][0], f"And {len(found) - MOST} more about devices: see the diagnostics of each."
    if devices and not found:
        yield "ok", "1 device is well." if len(devices) == 1 else f"All {len(devices)} devices are well."
