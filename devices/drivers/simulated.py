"""A simulated meter in this process, and the real nl43 driver on it: for the demo, and for trying things."""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devices import addresses
from devices.drivers.base import Check, Progress, Sample, Target
from devices.drivers.nl43 import Nl43
from devices.enums import Scenario
from devices.errors import NotAllowed

if TYPE_CHECKING:
    from devices.simulator.meter import SimulatedMeter


USERNAME, PASSWORD = "USER", "0000"


class Simulated:
    """``target.host`` names the scenario (enums.Scenario; nothing: a street). The meter listens while it is connected to.

    What the meter measured and stored stays as long as this object lives.
    """

    def __init__(self, target: Target, check: Check) -> None:
        self._target, self._check = target, check
        self._meter: SimulatedMeter | None = None
        self._driver: Nl43 | None = None
        self._starting = asyncio.Lock()

    async def sample(self) -> Sample:
        """Ask the meter. Raises DeviceErrors, those of its scenario."""
        return await (await self._ready()).sample()

    async def perform(self, command: str, arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Do one command of the nl43 driver."""
        return await (await self._ready()).perform(command, arguments, progress)

    async def close(self) -> None:
        """Close the connection and the meter's ports."""
        if self._driver is None or self._meter is None:
            return
        driver, self._driver = self._driver, None
        await driver.close()
        addresses.dismiss(self._meter.port, self._meter.ftp_port)
        await self._meter.stop()

    @property
    def connected(self) -> bool:
        """Whether the connection is open."""
        return self._driver is not None and self._driver.connected

    async def place(self) -> Target:
        """Where the meter is at the moment. Starts it."""
        await self._ready()
        return self._seen

    async def _ready(self) -> Nl43:
        async with self._starting:  # its files may be asked for while it is sampled
            return await self._started()

    async def _started(self) -> Nl43:
        if self._driver is None:
            meter = self._meter = self._meter or self._make()
            await meter.start()
            addresses.admit(meter.port, meter.ftp_port)
            self._seen = replace(
                self._target, host="127.0.0.1", port=meter.port, ftp_port=meter.ftp_port, username=USERNAME, password=PASSWORD
            )  # fmt: skip
            self._driver = Nl43(self._seen, self._check)
        return self._driver

    def _make(self) -> "SimulatedMeter":
        from devices.simulator.meter import SimulatedMeter  # noqa: PLC0415 (only who has a simulated device pays for it)

        scenario = self._target.host or Scenario.DAY
        if scenario not in Scenario.values:
            raise NotAllowed(f"there is no scenario {scenario}; write one of {', '.join(Scenario.values)} as the device's host")
        return SimulatedMeter(scenario=scenario, seed=seed(self._target.slug), time_zone=self._target.time_zone, measuring=True)


def seed(slug: str) -> int:
    """What makes a device sound like itself, today and tomorrow."""
    return zlib.crc32(slug.encode()) % 10_000
