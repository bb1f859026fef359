"""Whether a run is unlike those before it: pure. Median and median absolute deviation, so that one odd night changes little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Any, Final

HISTORY: Final = 20
"""So many good runs are looked back at."""
FEWEST: Final = 8
"""With fewer there is no history to speak of."""
FAR: Final = 5.0
"""So many deviations from the median are no chance any more."""
MAD_SCALE: Final = 1.4826
"""Makes a median absolute deviation comparable to a standard deviation."""
STEADY: Final = 0.1
"""Values that hardly ever move may still move by so much of their median, or by one."""
NOTICED_MS: Final = 5000
"""A duration that differs by less interests nobody."""
MOST_STATS: Final = 40
DURATION: Final = "duration_ms"


@dataclass(frozen=True, slots=True)
class Drift:
    """One figure of a run that is far from what is usual. ``name`` is DURATION or the name of a stat."""

    name: str
    value: float
    usual: float
    deviations: float

    @property
    def times(self) -> float | None:
        """How many times the usual it is; None when the usual is nothing."""
        return self.value / self.usual if self.usual else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run measured."""

    duration_ms: int | None
    stats: Mapping[str, Any]


def find(run: Figures, history: Sequence[Figures]) -> list[Drift]:
    """Every figure of ``run`` that is unlike ``history`` (its own good runs before it), the oddest first."""
    found = []
    for name in [DURATION, *_names(run.stats)]:
        value = number(_of(run, name))
        before = [each for each in (number(_of(past, name)) for past in history[:HISTORY]) if each is not None]
        if value is not None and len(before) >= FEWEST:
            drift = _judge(name, value, before)
            found += [drift] if drift else []
    return sorted(found, key=lambda each: -each.deviations)


def number(value: Any) -> float | None:
    """``value`` if it can be compared: a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if isfinite(found) else None


def usual(values: Sequence[float]) -> float | None:
    """The median; None without values."""
    return median(values) if values else None


def _judge(name: str, value: float, before: Sequence[float]) -> Drift | None:
    middle = median(before)
    away = abs(value - middle)
    if name == DURATION and away < NOTICED_MS:
        return None
    whole = all(each.is_integer() for each in (value, *before))
    spread = max(MAD_SCALE * median(abs(each - middle) for each in before), STEADY * abs(middle), 1.0 if whole else 1e-9)
    deviations = away / spread
    return Drift(name, value, middle, round(deviations, 1)) if deviations >= FAR else None


def _names(stats: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted(stats) if name != DURATION][:MOST_STATS]


def _of(run: Figures, name: str) -> Any:
    return run.duration_ms if name == DURATION else run.stats.get(name)
