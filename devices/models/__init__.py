"""The rows of `devices`."""

from devices.models.command import DeviceCommand
from devices.models.device import Device, DeviceStatus, DeviceViewer
from devices.models.note import NoteFinding, TechnicianNote
from devices.models.reading import Reading, Rollup, RollupDue
from devices.models.rule import AlertRule, RuleEvent, RuleState

__all__ = [
    "AlertRule", "Device", "DeviceCommand", "DeviceStatus", "DeviceViewer", "NoteFinding", "Reading", "Rollup", "RollupDue", "RuleEvent",
    "RuleState", "TechnicianNote",
]  # fmt: skip
