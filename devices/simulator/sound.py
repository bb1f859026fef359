"""What a simulated meter hears: levels in dB(A) as functions of time, the same for the same seed."""

import math
from collections.abc import Callable
from typing import Final

Sound = Callable[[float], float]
"""Unix seconds → dB(A)."""

_MASK: Final = (1 << 64) - 1
DAY_SECONDS: Final = 86_400
BACKGROUND: Final = (36, 35, 34, 34, 35, 38, 44, 50, 53, 52, 51, 51, 52, 52, 51, 51, 52, 54, 53, 50, 47, 44, 41, 38)
"""dB(A) without traffic, by hour of the day."""
VEHICLES: Final = (
    0.05, 0.03, 0.02, 0.02, 0.04, 0.12, 0.35, 0.7, 0.8, 0.6, 0.5, 0.5, 0.55, 0.55, 0.5, 0.5, 0.6, 0.8, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1,
)  # fmt: skip
"""How likely something passes within a slot, by hour of the day."""
SLOT_SECONDS: Final = 8.0
BURST_PERIOD_SECONDS, BURST_FROM_SECONDS, BURST_UNTIL_SECONDS = 120.0, 20.0, 50.0
RAMP_SECONDS, RAMP_LOW, RAMP_HIGH = 120.0, 40.0, 100.0


def chance(seed: int, number: int) -> float:
    """A number from 0 to 1 that looks like chance, and is the same for the same arguments."""
    x = (number * 0x9E3779B97F4A7C15 + seed * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & _MASK
    x ^= x >> 30
    x = (x * 0xBF58476D1CE4E5B9) & _MASK
    x ^= x >> 27
    x = (x * 0x94D049BB133111EB) & _MASK
    return ((x ^ (x >> 31)) >> 11) / (1 << 53)


def quiet(seed: int = 0) -> Sound:
    """A quiet room, about 38 dB."""
    return lambda at: 38.0 + _wobble(seed, at, 3.0)


def bursts(seed: int = 0) -> Sound:
    """A quiet place, and half a minute of noise of about 88 dB every two minutes."""

    def sound(at: float) -> float:
        loud = BURST_FROM_SECONDS <= at % BURST_PERIOD_SECONDS < BURST_UNTIL_SECONDS
        return (88.0 if loud else 46.0) + _wobble(seed, at, 3.0)

    return sound


def ramp(seed: int = 0) -> Sound:
    """From 40 to 100 dB and back in two minutes."""

    def sound(at: float) -> float:
        turn = at % RAMP_SECONDS / RAMP_SECONDS
        return RAMP_LOW + (RAMP_HIGH - RAMP_LOW) * (1 - abs(2 * turn - 1)) + 0.3 * (chance(seed, int(at * 10)) - 0.5)

    return sound


def day(seed: int = 0, *, utc_offset_seconds: float = 0.0) -> Sound:
    """A street: its background follows the hour, and things pass, by day many and at night few."""

    def sound(at: float) -> float:
        local = at + utc_offset_seconds
        energy = 10 ** ((_by_hour(BACKGROUND, local) + _wobble(seed, at, 3.0)) / 10)
        slot = int(at // SLOT_SECONDS)
        for number in range(slot - 2, slot + 3):
            if chance(seed, 4 * number) < _by_hour(VEHICLES, local):
                energy += _passing(seed, number, at)
        return 10 * math.log10(energy)

    return sound


def _passing(seed: int, number: int, at: float) -> float:
    """The energy at ``at`` of what passes in a slot: it rises, is loudest when it is nearest, and fades."""
    nearest_at = (number + chance(seed, 4 * number + 1)) * SLOT_SECONDS
    loud = 56.0 + 16.0 * chance(seed, 4 * number + 2) ** 2
    width = 1.2 + 2.0 * chance(seed, 4 * number + 3)
    return float(10 ** (loud / 10) / (1 + ((at - nearest_at) / width) ** 2) ** 2)


def _by_hour(table: tuple[float, ...], local: float) -> float:
    """A value between those of two hours."""
    hours = local % DAY_SECONDS / 3600
    hour = int(hours)
    return table[hour] + (table[(hour + 1) % 24] - table[hour]) * (hours - hour)


def _wobble(seed: int, at: float, width: float) -> float:
    """Slow and quick change, ``width`` dB from the lowest to the highest."""
    second = int(at // 1)
    slow = chance(seed + 1, second) + (chance(seed + 1, second + 1) - chance(seed + 1, second)) * (at - second)
    return width * (0.7 * slow + 0.3 * chance(seed + 2, int(at * 10)) - 0.5)
