"""What speaks with devices: one file, one contract (base.py). ``COMMANDS`` and ``make`` are the way in."""

from collections.abc import Mapping
from typing import Final

from devices.drivers.base import Argument, Check, CommandSpec, Driver, Progress, Sample, Target
from devices.drivers.nl43 import Nl43
from devices.drivers.nl43_commands import COMMANDS as NL43_COMMANDS
from devices.drivers.nl43_commands import FILE_COMMANDS
from devices.drivers.simulated import Simulated
from devices.enums import DriverKind
from devices.errors import UnknownCommand

COMMANDS: Final[Mapping[str, Mapping[str, CommandSpec]]] = {
    DriverKind.NL43: NL43_COMMANDS,
    DriverKind.SIMULATED: NL43_COMMANDS,
    DriverKind.PUSH: {},
}
"""Driver kind → command name → what it is."""

__all__ = [
    "COMMANDS", "FILE_COMMANDS", "Argument", "Check", "CommandSpec", "Driver", "Progress", "Sample", "Target", "make", "spec",
]  # fmt: skip


def spec(kind: str, command: str) -> CommandSpec:
    """What ``command`` is for a device with the driver ``kind``. Raises UnknownCommand."""
    known = COMMANDS.get(kind, {})
    found = known.get(command) or (FILE_COMMANDS.get(command) if known else None)
    if found is None:
        raise UnknownCommand(f"this device has no such command; it has: {', '.join(known) or 'none'}")
    return found


def make(kind: str, target: Target, check: Check) -> Driver:
    """A driver for one device. It connects when it is first used. Raises ValueError for a kind that is not polled."""
    if kind == DriverKind.NL43:
        return Nl43(target, check)
    if kind == DriverKind.SIMULATED:
        return Simulated(target, check)
    raise ValueError(f"devices of the kind {kind} are not talked to")
