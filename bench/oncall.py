"""Who is on call: a year of shifts, and the question a step asks. Pure code: no process of Sentinel takes part."""

import statistics
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from zoneinfo import ZoneInfo

from bench.house import House
from bench.rows import Row

NAME = "oncall"
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def run(house: House) -> list[Row]:
    """See the module."""
    rounds = 10 if house.quick else 50
    usual, hourly = _usual(), _hourly()
    from notifications.oncall import shifts_between, who_is_on_call

    asked = [YEAR[0] + n * timedelta(hours=29) for n in range(300)]
    year, fullest = _ms(lambda: shifts_between(usual, *YEAR), rounds), _ms(lambda: shifts_between(hourly, *YEAR), 3)
    one = _ms(lambda: [who_is_on_call(usual, at) for at in asked], 3) / len(asked)
    counts = len(shifts_between(usual, *YEAR)), len(shifts_between(hourly, *YEAR))
    layers = "3 layers (weeks, office hours, holidays) and 30 overrides"
    return [
        Row(NAME, f"a year of shifts, {layers}", year, "ms", ("<=", 50), f"{counts[0]} shifts, median of {rounds}"),
        Row(NAME, "a year of shifts, 3 layers that change every hour", fullest, "ms", note=f"{counts[1]} shifts"),
        Row(NAME, f"who is on call, {layers}", one, "ms", note="mean of 300 instants"),
    ]


def _usual():
    from notifications.enums import HolidayRule, RotationKind
    from notifications.oncall import Layer, Override, Schedule
    from notifications.public_holidays import of

    start, office = date(2026, 1, 5), {"hours_from": wall(9), "hours_until": wall(17), "weekdays": frozenset(range(5))}
    layers = (
        Layer("weeks", RotationKind.WEEKLY, start, ("a", "b", "c")),
        Layer("office", RotationKind.WEEKDAYS, start, ("d", "e"), **office),
        Layer("holidays", RotationKind.DAILY, start, ("f", "g"), holiday_rule=HolidayRule.ONLY, holidays=of("FR")),
    )
    overrides = tuple(Override(at, at + timedelta(hours=8), "s") for at in (YEAR[0] + n * timedelta(days=12) for n in range(30)))
    return Schedule(ZoneInfo("Europe/Paris"), layers, overrides)


def _hourly():
    from notifications.enums import RotationKind
    from notifications.oncall import Layer, Schedule

    return Schedule(ZoneInfo("Europe/Paris"), tuple(Layer(name, RotationKind.HOURLY, date(2026, 1, 5), ("a", "b", "c")) for name in "xyz"))


def _ms(call, rounds: int) -> float:
    """Median milliseconds of ``call``, the first time left out."""
    call()
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent)
