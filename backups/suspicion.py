"""What is odd about a backup that succeeded: judged by its own history, as median and median deviation. Pure.

Few numbers far off say more than many rules: a backup that is half as large as always was cut, one that took a tenth of the time
did not read everything. A history that scatters widely makes us patient; one that moved for good is the new habit.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from backups.enums import Suspicion

HISTORY: Final = 20
"""So many successes are looked at."""
ENOUGH: Final = 5
"""Fewer are no habit."""
SETTLED: Final = 3
"""After so many that were odd in the same way it is a habit, and nobody is told again."""
DEVIATIONS: Final = 3.5
TO_SIGMA: Final = 1.4826
SMALLER: Final = 0.3
"""A backup is not called small before it lacks so much of its usual size."""
QUICKER: Final = 0.5
QUICKER_SECONDS: Final = 10.0
EARLIER_SECONDS: Final = 30 * 60.0
OFTENER: Final = 1.0


class Run(NamedTuple):
    """One success. ``delay_seconds`` after its expected time it was reported, for the ``reports``-th time. None: nobody knows."""

    size_bytes: float | None = None
    duration_seconds: float | None = None
    delay_seconds: float | None = None
    reports: float | None = None


class Usual(NamedTuple):
    """What is usual, and from where on it is not."""

    median: float
    deviation: float


class Judgement(NamedTuple):
    """What is odd, and what is usual by the name of what was compared."""

    suspicions: list[Suspicion]
    usual: dict[str, Any]


_LOW: Final = (
    ("size_bytes", Suspicion.TOO_SMALL, SMALLER, 0.0),
    ("duration_seconds", Suspicion.TOO_SHORT, QUICKER, QUICKER_SECONDS),
    ("delay_seconds", Suspicion.TOO_EARLY, 0.0, EARLIER_SECONDS),
)
"""What is odd when it is low: by at least this share of the median, and by at least so much."""


def judge(run: Run, history: Sequence[Run]) -> Judgement:
    """Compare ``run`` with the successes before it, the newest first."""
    found: list[Suspicion] = []
    usual: dict[str, Any] = {}
    if len(history) < ENOUGH:
        return Judgement(found, usual)
    for name, suspicion, share, least in _LOW:
        values = [value for past in history[:HISTORY] if (value := getattr(past, name)) is not None]
        if is_low(getattr(run, name), values, share=share, least=least):
            found.append(suspicion)
        if len(values) >= ENOUGH:
            usual[name] = round(habit(values).median, 3)
    reports = [-past.reports for past in history[:HISTORY] if past.reports is not None]
    if run.reports is not None and is_low(-run.reports, reports, share=0.0, least=OFTENER):
        found.append(Suspicion.TOO_OFTEN)
    return Judgement(found, usual)


def is_low(value: float | None, past: Sequence[float], *, share: float, least: float) -> bool:
    """Whether ``value`` is far below what is usual in ``past`` (newest first): by more than its scatter, ``share`` of it and ``least``.

    Not when the last ones were as low: it is the habit by now.
    """
    if value is None or len(past) < ENOUGH:
        return False
    usual = habit(past)
    limit = usual.median - max(DEVIATIONS * usual.deviation, share * abs(usual.median), least)
    return value < limit and not all(each < limit for each in past[:SETTLED])


def habit(values: Sequence[float]) -> Usual:
    """The median of ``values`` and their median deviation from it, scaled to a standard deviation."""
    middle = _median(values)
    return Usual(middle, TO_SIGMA * _median([abs(value - middle) for value in values]))


def _median(values: Sequence[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
