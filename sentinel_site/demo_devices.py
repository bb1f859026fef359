"""Sample devices: a street and a workshop, simulated, with a day behind them; and a sensor of humidity in the cellar."""

import math
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from devices import readings
from devices.drivers.simulated import seed
from devices.enums import Comparison, DriverKind, Scenario
from devices.models import AlertRule, Device
from devices.readings import NewReading
from devices.simulator import sound

STREET, WORKSHOP, CELLAR = "demo-street", "demo-workshop", "demo-cellar"
EARLIER: Final = timedelta(days=1)
STREET_STEP, CELLAR_STEP = timedelta(seconds=20), timedelta(minutes=5)
BATCH: Final = 2000
LOUD: Final = {
    "metric": "lp", "comparison": Comparison.ABOVE, "threshold": 80.0, "sustained_seconds": 5, "hysteresis": 5.0, "cooldown_seconds": 900,
    "severity": "medium",
}  # fmt: skip
"""The workshop is loud for half a minute every two minutes: an alert comes and ends by itself, and then not for a quarter of an hour."""


def run(*, at: datetime) -> None:
    """Make the devices, or what is missing of them. What somebody changed stays."""
    street, made = _device(STREET, "Demo street", DriverKind.SIMULATED, host=Scenario.DAY, place="In front of the house")
    if made:
        _fill(street, _street(street, at), STREET_STEP, at)
    workshop, made = _device(WORKSHOP, "Demo workshop", DriverKind.SIMULATED, host=Scenario.BURSTS, place="Workshop, east wall")
    if made:
        AlertRule.objects.create(device=workshop, name="Loud", **LOUD)
    cellar, made = _device(CELLAR, "Demo cellar", DriverKind.PUSH, place="Cellar, beside the boiler")
    if made:
        _fill(cellar, None, CELLAR_STEP, at)


def _device(slug: str, name: str, driver: DriverKind, **fields: str) -> tuple[Device, bool]:
    return Device.objects.get_or_create(slug=slug, defaults={"name": name, "driver": driver, **fields})


def _street(device: Device, at: datetime) -> sound.Sound:
    """What the simulated meter would have heard: it goes on without a step."""
    offset = at.astimezone(ZoneInfo(device.time_zone)).utcoffset() or timedelta()
    return sound.day(seed(device.slug), utc_offset_seconds=offset.total_seconds())


def _fill(device: Device, heard: sound.Sound | None, step: timedelta, at: datetime) -> None:
    """A day of readings up to ``at``."""
    instants = [at - EARLIER + number * step for number in range(int(EARLIER / step) + 1)]
    rows = [NewReading(device.pk, each, {"lp": round(heard(each.timestamp()), 1)} if heard else _air(each)) for each in instants]
    for first in range(0, len(rows), BATCH):
        readings.store(rows[first : first + BATCH])


def _air(at: datetime) -> dict[str, float]:
    """A cellar: cooler and more humid at night, and never beyond what raises an alert."""
    turn = math.sin((at.timestamp() % sound.DAY_SECONDS) / sound.DAY_SECONDS * 2 * math.pi)
    wobble = sound.chance(1, int(at.timestamp() // 60)) - 0.5
    return {"humidity": round(55 + 6 * turn + wobble, 1), "temperature": round(16 - 1.5 * turn + 0.3 * wobble, 1)}
