"""The contract of a driver: the code that talks to one polled device over its one connection.

A driver lives in the monitor's event loop, one object per device, and is called by that device's loop only, one call
at a time. It never blocks the loop. It touches no database and reads no setting: what it needs is in its ``Target``. It keeps what
the device asks of its callers (pauses between commands) across connections, and for as long as the object lives.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from devices.enums import RunState
from devices.errors import BadArguments


@dataclass(frozen=True, slots=True)
class Target:
    """Where a device is and how to get in. ``repr`` shows no password."""

    slug: str
    host: str
    port: int
    ftp_port: int
    username: str
    password: str = field(repr=False)
    time_zone: str
    """IANA name: the zone of the device's own clock."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a device. ``values``: metric → finite number, or None where the device has no value. Levels are in dB."""

    measured_at: datetime
    """Aware, UTC: when the reply was there, by the monitor's clock."""
    values: Mapping[str, float | None]
    state: RunState = RunState.UNKNOWN
    overload: bool = False
    under_range: bool = False


Check = Callable[[], None]
"""Called just before anything is sent. Raises LeaseLost when another monitor may have the device by now; then nothing is sent."""
Progress = Callable[[str, int, int], Awaitable[None]]
"""``await progress(what, done, of)``: a long command says how far it is."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command, as a form can ask for it."""

    name: str
    title: str
    choices: tuple[str, ...] = ()


def no_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a command that takes none. Raises BadArguments for any."""
    if given:
        raise BadArguments([(str(name)[:40], "the command takes no such argument; leave it out") for name in given])
    return {}


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """What a command is, for those who ask for it and those who show it: plain data, no connection."""

    name: str
    title: str
    seconds: float = 20.0
    """Time-out of the whole command, from its first byte; it includes the pauses that the device asks for, and one connection."""
    changes: bool = False
    """It changes the device, so the caller needs the right to operate devices. Else it only asks."""
    confirm: bool = False
    """A person should be asked before."""
    long: bool = False
    """It takes long enough that nobody should wait for it in a request; it reports progress."""
    arguments: tuple[Argument, ...] = ()
    check: Callable[[Mapping[str, Any]], dict[str, Any]] = no_arguments
    """The arguments in their plain form. Raises BadArguments; then nothing may be sent."""


class Driver(Protocol):
    """What the monitor asks of a driver. Each method connects if it must, and raises DeviceErrors only."""

    async def sample(self) -> Sample:
        """Ask for the present values. Never asked again by itself after a refusal."""

    async def perform(self, command: str, arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Do ``command`` (one of the driver's) and give what the device answered as JSON values.

        Nothing that changes the device is ever sent twice.
        """

    async def place(self) -> Target:
        """Where the device is at the moment: its files are fetched there, beside the connection."""

    async def close(self) -> None:
        """Close the connection, so that another program can have the device. It can be used again afterwards."""

    @property
    def connected(self) -> bool:
        """Whether the connection is open."""
