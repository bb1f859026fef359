"""Readings stored, and a day of them drawn."""

import json
import time
import urllib.request
from datetime import datetime, timedelta
from urllib.parse import quote

from bench import load
from bench.house import House
from bench.meters import PREFIX, remove_devices
from bench.rows import Row, percentile

NAME = "readings"
A_SECOND = 1000
DAY, STEP = timedelta(days=1), timedelta(seconds=1.25)
METRICS = ("lp", "leq", "le", "lmax", "lmin", "ln1", "ln2", "ln3", "ln4", "ln5", "lpeak", "lieq", "leqmov", "ltm5")


def run(house: House) -> list[Row]:
    """See the module."""
    from django.utils import timezone

    try:
        return [*_stored(house, timezone.now()), _pushed(house, timezone.now()), *_drawn(house, timezone.now())]
    finally:
        remove_devices()


def _device(name: str, driver: str) -> int:
    from devices.models import Device

    return int(
        Device.objects.create(slug=PREFIX + name, name=name, driver=driver, host="192.0.2.1" if driver == "nl43" else "", enabled=False).pk
    )


def _values(number: int) -> dict[str, float]:
    return {metric: round(40 + (number * 7 + place * 3) % 400 / 10, 1) for place, metric in enumerate(METRICS)}


def _stored(house: House, at: datetime) -> list[Row]:
    """A frame of a meter from each of a thousand devices every second, as the monitor stores them: once a second, in one statement."""
    from devices import readings
    from devices.readings import NewReading

    device, spent = _device("stored", "nl43"), []
    rounds = 10 if house.quick else 60
    before = house.cpu()["postgres"]
    for number in range(rounds):
        rows = [
            NewReading(device, at - timedelta(seconds=rounds - number, milliseconds=each), _values(each)) for each in range(A_SECOND)
        ]  # fmt: skip
        begun = time.perf_counter()
        readings.store(rows)
        spent.append(time.perf_counter() - begun)
    cost = (house.cpu()["postgres"] - before) / rounds * 1000
    return [
        Row(NAME, f"stored, {A_SECOND:,} in a statement, {len(METRICS)} values each", A_SECOND * rounds / sum(spent), "/s",
            (">=", A_SECOND),
            f"p50 {percentile(spent, 0.5) * 1000:.0f}, longest {max(spent) * 1000:.0f} ms a statement; PostgreSQL {cost:.0f} ms of CPU")
    ]  # fmt: skip


def _pushed(house: House, at: datetime) -> Row:
    """The same by REST, from one device that pushes what it has gathered."""
    _device("pushed", "push")
    rounds = 5 if house.quick else 30

    def request(number: int) -> bytes:
        start = at - timedelta(seconds=rounds - number)
        items = [
            {"at": (start + timedelta(milliseconds=each)).isoformat(), "values": {"humidity": 45.0 + each % 10}} for each in range(A_SECOND)
        ]
        return house.post(f"/api/v1/devices/{PREFIX}pushed/readings", {"readings": items})

    result = load.drive(house.port, request, connections=1, count=rounds)
    stored = int(
        house.sql("SELECT count(*) FROM devices_reading r JOIN devices_device d ON d.id = device_id WHERE slug = %s", PREFIX + "pushed")[0][
            0
        ]
    )
    return Row(NAME, f"pushed by REST, {A_SECOND:,} in a request", stored / result.seconds, "/s", (">=", A_SECOND),
               f"p50 {percentile(result.latencies, 0.5):.0f} ms a request, {result.bad} failed")  # fmt: skip


def _drawn(house: House, at: datetime) -> list[Row]:
    """The chart of a day of one device, from the readings alone and when they are rolled up."""
    from devices import readings
    from devices.readings import NewReading

    device, count = _device("drawn", "nl43"), int(DAY / STEP)
    for first in range(0, count, 5000):
        readings.store([NewReading(device, at - DAY + each * STEP, _values(each)) for each in range(first, min(first + 5000, count))])
    house.sql("ANALYZE devices_reading")
    path = (
        f"/api/v1/devices/{PREFIX}drawn/readings?since={quote((at - DAY).isoformat())}&until={quote(at.isoformat())}&step=auto&metrics=lp"
    )
    _roll_up()
    rolled, _ = _asked(house, path)
    house.sql("DELETE FROM devices_rollup WHERE device_id = %s", device)
    raw, size = _asked(house, path)
    return [
        Row(NAME, f"chart of a day, {count:,} raw readings: p50", percentile(raw, 0.5), "ms", ("<=", 300),
            f"longest {max(raw):.0f} ms; {size:,} bytes"),
        Row(NAME, "the same, rolled up: p50", percentile(rolled, 0.5), "ms", ("<=", 300), f"longest {max(rolled):.0f} ms"),
    ]  # fmt: skip


def _roll_up() -> None:
    from django.utils import timezone

    from devices import rollups

    while rollups.run_due(at=timezone.now()).total():
        pass


def _asked(house: House, path: str) -> tuple[list[float], int]:
    """Milliseconds of each of some requests, and how long the answer is."""
    spent, size = [], 0
    for _ in range(12):
        request = urllib.request.Request(f"http://127.0.0.1:{house.port}{path}", headers={"Authorization": f"Bearer {house.key}"})
        begun = time.perf_counter()
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        spent.append((time.perf_counter() - begun) * 1000)
        assert json.loads(body)["device"] == f"{PREFIX}drawn"
        size = len(body)
    return spent[2:], size
