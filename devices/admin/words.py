"""The colours of the labels of devices; the words stand beside them, so that nothing is said by colour alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils.translation import gettext

from devices import sentences
from devices.enums import CommandStatus, Mode
from devices.models import Device, DeviceStatus
from sentinel_site.lib import figures
from sentinel_site.lib.ages import ago, length

REACH_COLOURS: Final[Mapping[str, str]] = {"reachable": "success", "unreachable": "danger", "unknown": "warning", "off": ""}
MODE_COLOURS: Final[Mapping[str, str]] = {Mode.WATCHED: "success", Mode.IDLE: "info", Mode.BACK_OFF: "danger", Mode.STANDBY: ""}
COMMAND_COLOURS: Final[Mapping[str, str]] = {
    CommandStatus.QUEUED: "info", CommandStatus.RUNNING: "info", CommandStatus.DONE: "success", CommandStatus.REFUSED: "warning",
    CommandStatus.UNREACHABLE: "danger", CommandStatus.TIMED_OUT: "danger", CommandStatus.FAILED: "danger",
}  # fmt: skip
FIRST_METRICS: Final = ("lp", "humidity", "temperature")


def reach(device: Device, *, at: datetime) -> tuple[str, str]:
    """Whether it can be reached: a key of REACH_COLOURS, and the words."""
    status = status_of(device)
    if not device.enabled:
        return "off", gettext("Off")
    if status.reachable is None:
        return ("off", gettext("Nobody looks")) if device.is_polled and not device.keepalive else ("unknown", gettext("Not tried yet"))
    if status.reachable:
        return "reachable", gettext("Reachable")
    word = gettext("Unreachable") if device.is_polled else gettext("Silent")
    if status.unreachable_since is None:
        return "unreachable", word
    return "unreachable", gettext("%(word)s for %(time)s") % {"word": word, "time": length(at - status.unreachable_since)}


def last_value(device: Device, *, at: datetime) -> str:
    """The first value of the last frame, and how old it is."""
    status = status_of(device)
    values = (status.frame or {}).get("values") or {}
    metric = next((name for name in (*FIRST_METRICS, *values) if values.get(name) is not None), None)
    if metric is None or status.last_frame_at is None:
        return "–"
    text = f"{sentences.of_metric(metric)} {figures.number(values[metric])} {sentences.unit_of(metric)}".strip()
    return f"{text} ({ago(status.last_frame_at, at=at)})"


def status_of(device: Device) -> DeviceStatus:
    """Its status; that of a device nobody ever talked to is a fresh one."""
    return getattr(device, "status", None) or DeviceStatus(device=device)
