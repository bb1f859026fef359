"""Lengths of time that can be added up: how many fell into each of fixed bins, of which each ends 5 % above the one before. Pure.

Medians and percentiles of any stretch come from the summed bins. A value that is read from its bin is at most 2.5 % beside the true one;
below a millisecond everything is a millisecond.
"""

import math
from collections.abc import Mapping
from typing import Final

GROWTH: Final = 1.05
LEAST_SECONDS: Final = 0.001
ERROR_PERCENT: Final = 2.5
SQL: Final = f"CASE WHEN {{0}} IS NOT NULL THEN ceil(ln(greatest({{0}}, {LEAST_SECONDS})) / {math.log(GROWTH)!r})::int END"
"""The bin of a number of seconds (float8), for PostgreSQL, whose greatest() passes over NULL."""


def bin_of(seconds: float) -> int:
    """The bin that holds this length; the same as SQL says."""
    return math.ceil(math.log(max(seconds, LEAST_SECONDS)) / math.log(GROWTH))


def value(number: int) -> float:
    """The length in seconds that is nearest, in proportion, to all of a bin."""
    return 2 * GROWTH**number / (GROWTH + 1)


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The value that a ``share`` (0 to 1) of all is not above, by nearest rank; None when there is nothing."""
    total = sum(counts.values())
    if not total:
        return None
    rank, passed = max(1, math.ceil(share * total)), 0
    for number in sorted(counts):
        passed += counts[number]
        if passed >= rank:
            return value(number)
    return None
