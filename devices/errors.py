"""The errors of `devices`.

DeviceError
├── Unreachable         no connection, or it was lost; ``refused``: the device answered, and refused the connection
│   └── NoReply         connected, but no whole reply in time; the connection is closed, so that a late one is never taken for another's
├── CommandRefused      the device understood and said no; ``code`` is its result code. The connection is sound; never send it again
├── BadReply            what came is no reply of this protocol; the connection is closed
├── NotAllowed          the address may not be connected to; nothing was sent
├── UnknownCommand      the driver has no such command
├── BadArguments        the command's arguments are wrong; ``errors`` says which and what to do
├── NotWatched          nobody may talk to it: it is switched off, or it is one that sends by itself
├── Busy                the device is doing something that cannot be shared
├── LeaseLost           another monitor has the device now; nothing was sent
└── FileProblem         a file or folder of the device cannot be read; ``code``: not_found, not_allowed, off, unreachable
"""

from collections.abc import Sequence
from typing import Literal


class DeviceError(Exception):
    """Something about a device cannot be done; the text says what to do, and holds no credential."""


class Unreachable(DeviceError):
    """There is no connection to the device. ``refused``: its address answered, and refused (a wedged meter does that)."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


class NoReply(Unreachable):
    """The device is connected, and did not answer in time."""


class CommandRefused(DeviceError):
    """The device said no. ``code`` is its result code, for example R+0004."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class BadReply(DeviceError):
    """What the device sent is no reply."""


class NotAllowed(DeviceError):
    """The device's address may not be connected to."""


class UnknownCommand(DeviceError):
    """The driver has no such command."""


class BadArguments(DeviceError):
    """A command's arguments are wrong. ``errors`` holds (argument, what to do) pairs."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors))
        self.errors = tuple(errors)


class NotWatched(DeviceError):
    """No command can be given to the device: it is switched off, or nothing talks to its kind."""


class Busy(DeviceError):
    """The device is doing something that cannot be shared."""


class LeaseLost(DeviceError):
    """Another monitor process has the device now."""


class FileProblem(DeviceError):
    """A file or folder of the device cannot be read."""

    def __init__(self, code: Literal["not_found", "not_allowed", "off", "unreachable"], text: str) -> None:
        super().__init__(text)
        self.code = code
