"""What the doctor says about devices: where Sentinel may connect to."""

from collections.abc import Iterator
from ipaddress import ip_network

from django.conf import settings


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
