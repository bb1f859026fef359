"""Sound levels and other measured values as numbers: energy mean, percentiles. Values in, values out.

Levels are in dB: 60 dB and 80 dB together are 77 dB on average, not 70, because energies add up and their logarithms do not.
"""

import math
import re
from collections.abc import Iterable
from typing import Final

LEVEL_PATTERN: Final = (
    r"^(sub[0-9]_)?(l(p|eq|e|max|min|n[0-9]|peak|ieq|tm5?|eq_?mov|[acz][fsi]?(eq|max|min|peak|e|[0-9]{1,2})?)|spl|noise)$|(^|_)db[acz]?$"
)
"""Metrics that are averaged by energy, for Python and for PostgreSQL alike."""
_IS_LEVEL: Final = re.compile(LEVEL_PATTERN, re.ASCII)


def is_level(metric: str) -> bool:
    """Whether ``metric`` is a sound level in dB, which is averaged by energy. Everything else is averaged as it is."""
    return _IS_LEVEL.search(metric) is not None


def energy_mean(levels: Iterable[float]) -> float | None:
    """The level (dB) whose energy is the mean energy of ``levels``; of equally long samples this is their Leq. None of nothing."""
    listed = list(levels)
    if not listed:
        return None
    loudest = max(listed)  # taken out first: nothing overflows, and the loudest level counts without loss
    energy = math.fsum(10 ** ((level - loudest) / 10) for level in listed) / len(listed)
    return max(min(listed), loudest + 10 * math.log10(energy))


def mean(metric: str, values: Iterable[float]) -> float | None:
    """The mean of ``values``: by energy where ``metric`` is a level. None of nothing."""
    listed = list(values)
    if is_level(metric):
        return energy_mean(listed)
    return math.fsum(listed) / len(listed) if listed else None


def exceeded(values: Iterable[float], percent: float) -> float | None:
    """What is exceeded ``percent`` % of the time: L10 is ``exceeded(levels, 10)``, the loud tenth. Between two samples: interpolated.

    Agrees with PostgreSQL's percentile_cont(1 - percent / 100). None of nothing. Raises ValueError outside of 0…100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percentage")
    ordered = sorted(values)
    if not ordered:
        return None
    place = (len(ordered) - 1) * (100 - percent) / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
