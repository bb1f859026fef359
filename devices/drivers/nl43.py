"""The nl43 driver: a Rion NL-43 / NL-53 sound level meter over its one control connection."""

from collections.abc import Mapping
from typing import Any

from devices.drivers.base import Check, Progress, Sample, Target
from devices.errors import Unreachable


class Nl43:
    """One meter."""

    def __init__(self, target: Target, check: Check) -> None:
        self._target, self._check = target, check

    @property
    def connected(self) -> bool:
        """Whether the connection is open."""
        return False

    async def sample(self) -> Sample:
        """Ask for the present values."""
        raise Unreachable("the driver is not finished")

    async def perform(self, command: str, arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Do one command."""
        raise Unreachable("the driver is not finished")

    async def close(self) -> None:
        """Close the connection."""
