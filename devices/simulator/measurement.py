"""One measurement of a simulated meter: what it works out from the level since it was started."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Final

from devices.simulator.sound import Sound

STEP_SECONDS: Final = 0.1
MOST_STEPS: Final = 2000
"""Of one look back: after a long while without anybody asking, the steps are longer."""
MOVING_STEPS, TAKT_STEPS = 100, 50
PEAK_ABOVE: Final = 12.0
IMPULSE_ABOVE: Final = 1.5


class Measurement:
    """Sums up from ``started_at`` on. Its values are as of the last ``advance``."""

    def __init__(self, started_at: float) -> None:
        self.started_at = self.until = started_at
        self.seconds = 0.0
        self._energy = 0.0
        self._lmax, self._lmin = -math.inf, math.inf
        self._levels: dict[int, float] = {}
        self._moving: deque[float] = deque(maxlen=MOVING_STEPS)
        self._takts: list[float] = [0.0, 0.0]
        self._takt: list[float] = []

    def advance(self, sound: Sound, until: float) -> None:
        """Take in what was heard up to ``until``."""
        if until <= self.until:
            return
        steps = max(1, min(MOST_STEPS, round((until - self.until) / STEP_SECONDS)))
        width = (until - self.until) / steps
        for number in range(steps):
            self._take(sound(self.until + number * width), width)
        self.until = until

    def skip(self, until: float) -> None:
        """Leave out what was heard up to ``until``: the measurement was paused."""
        self.until = max(self.until, until)

    def _take(self, level: float, seconds: float) -> None:
        energy = 10 ** (level / 10)
        self.seconds += seconds
        self._energy += energy * seconds
        self._lmax, self._lmin = max(self._lmax, level), min(self._lmin, level)
        tenth = round(level * 10)
        self._levels[tenth] = self._levels.get(tenth, 0.0) + seconds
        self._moving.append(energy)
        self._takt.append(energy)
        if len(self._takt) >= TAKT_STEPS:
            self._takts[0] += max(self._takt)
            self._takts[1] += 1
            self._takt.clear()

    def values(self, percentiles: tuple[int, ...]) -> Mapping[str, float]:
        """Name → dB. Empty before anything was heard."""
        if not self.seconds:
            return {}
        leq = 10 * math.log10(self._energy / self.seconds)
        takt = self._takts[0] / self._takts[1] if self._takts[1] else max(self._takt or [10 ** (leq / 10)])
        found = {
            "leq": leq, "le": leq + 10 * math.log10(self.seconds), "lmax": self._lmax, "lmin": self._lmin,
            "lpeak": self._lmax + PEAK_ABOVE, "lieq": leq + IMPULSE_ABOVE,
            "leqmov": 10 * math.log10(sum(self._moving) / len(self._moving)), "ltm5": 10 * math.log10(takt),
        }  # fmt: skip
        return found | {f"ln{number}": self._exceeded(share) for number, share in enumerate(percentiles, start=1)}

    def _exceeded(self, percent: int) -> float:
        """The level exceeded ``percent`` of the time."""
        left = self.seconds * percent / 100
        for tenth in sorted(self._levels, reverse=True):
            left -= self._levels[tenth]
            if left < 0:
                return tenth / 10
        return min(self._levels) / 10
