"""Sample devices: a street and a workshop, simulated; a sensor in the cellar, and technicians' notes about it. A month is behind each."""

import json
import math
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from devices import noting, pushed, readings
from devices.drivers.simulated import seed
from devices.enums import Comparison, DriverKind, Scenario
from devices.models import AlertRule, Device, TechnicianNote
from devices.readings import NewReading
from devices.simulator import sound
from sentinel_site import demo_levels

STREET, WORKSHOP, CELLAR = "demo-street", "demo-workshop", "demo-cellar"
EARLIER: Final = timedelta(days=1)
STREET_STEP, CELLAR_STEP = timedelta(seconds=20), timedelta(minutes=5)
BATCH: Final = 2000
LOUD: Final = {
    "metric": "lp", "comparison": Comparison.ABOVE, "threshold": 80.0, "sustained_seconds": 5, "hysteresis": 5.0, "cooldown_seconds": 900,
    "severity": "medium",
}  # fmt: skip
"""The workshop is loud for half a minute every two minutes: an alert comes and ends by itself, and then not for a quarter of an hour."""

NIGHT: Final = {
    "metric": "lp", "aggregate": "leq:300", "comparison": Comparison.ABOVE, "threshold": 60.0, "sustained_seconds": 60, "hysteresis": 3.0,
    "cooldown_seconds": 3600, "window_from": time(22), "window_until": time(7), "severity": "low",
}  # fmt: skip

NOTES: Final = {
    "Routine visit. Humidity 56 %, temperature 16 °C, everything in order.": 26,
    "Le couvercle du regard est fissuré, à remplacer. Humidité 58 %, rien d'autre à signaler.": 3,
}
"""What technicians wrote, and so many hours ago. The second complains of a cover: that raises an alert."""


def run(*, at: datetime) -> None:
    """Make the devices, or what is missing of them. What somebody changed stays."""
    with transaction.atomic():
        _street(at)
        _workshop(at)
    _cellar(at)


def _street(at: datetime) -> None:
    street, made = _device(STREET, "Demo street", DriverKind.SIMULATED, host=Scenario.DAY, place="In front of the house")
    if not made:
        return
    AlertRule.objects.create(device=street, name="Night", **NIGHT)
    offset = at.astimezone(ZoneInfo(street.time_zone)).utcoffset() or timedelta()
    heard = sound.day(seed(street.slug), utc_offset_seconds=offset.total_seconds())  # what the simulated meter will hear
    rows = [NewReading(street.pk, each, {"lp": round(heard(each.timestamp()), 1)}) for each in _instants(at, STREET_STEP)]
    for first in range(0, len(rows), BATCH):
        readings.store(rows[first : first + BATCH])
    demo_levels.write(street, {"lp": heard}, at=at)


def _workshop(at: datetime) -> None:
    workshop, made = _device(WORKSHOP, "Demo workshop", DriverKind.SIMULATED, host=Scenario.BURSTS, place="Workshop, east wall")
    if made:
        AlertRule.objects.create(device=workshop, name="Loud", **LOUD)
        demo_levels.write(workshop, {"lp": demo_levels.workshop(workshop.time_zone)}, at=at)


def _cellar(at: datetime) -> None:
    """It gets the rules on humidity that every such device gets."""
    cellar, _made = _device(CELLAR, "Demo cellar", DriverKind.PUSH, place="Cellar, beside the boiler")
    if readings.latest(cellar.pk) is None:
        items = [{"at": each.isoformat(), "values": _air(each)} for each in _instants(at, CELLAR_STEP)]
        pushed.take(cellar, json.dumps({"readings": items}).encode(), at=at)
        demo_levels.write(cellar, {"humidity": _humidity, "temperature": _temperature}, at=at)
    if not cellar.notes.exists():
        for text, hours in NOTES.items():
            note = TechnicianNote(device=cellar, place=cellar.place, text=text, written_at=at - timedelta(hours=hours))
            noting.keep(note, by=None, at=at)


def _instants(at: datetime, step: timedelta) -> list[datetime]:
    """A day of them up to ``at``."""
    return [at - EARLIER + number * step for number in range(int(EARLIER / step) + 1)]


def _device(slug: str, name: str, driver: DriverKind, **fields: str) -> tuple[Device, bool]:
    return Device.objects.get_or_create(slug=slug, defaults={"name": name, "driver": driver, **fields})


def _air(at: datetime) -> dict[str, float]:
    """A cellar: cooler and more humid at night, and never beyond what raises an alert."""
    return {"humidity": round(_humidity(at.timestamp()), 1), "temperature": round(_temperature(at.timestamp()), 1)}


def _humidity(at: float) -> float:
    return 55 + 6 * _turn(at) + _wobble(at)


def _temperature(at: float) -> float:
    return 16 - 1.5 * _turn(at) + 0.3 * _wobble(at)


def _turn(at: float) -> float:
    return math.sin((at % sound.DAY_SECONDS) / sound.DAY_SECONDS * 2 * math.pi)


def _wobble(at: float) -> float:
    return sound.chance(1, int(at // 60)) - 0.5
