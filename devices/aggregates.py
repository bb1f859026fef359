"""What rules judge besides single values: means by energy, percentiles, changes over the last seconds. Pure.

The samples of the window are kept in a bounded ring. Where a window is so long, or the samples so dense, that they would not fit,
neighbours are put together; means (by energy or not), minimum and maximum stay exact by that, but for the window's edge.
"""

import math
import re
from dataclasses import dataclass
from operator import truediv
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

MAX_SECONDS: Final = 86_400
MAX_PERCENTILE_SECONDS: Final = 3600
PARTS: Final = 600
"""So many entries, at most, has a window; a percentile's one a second."""
COVERED: Final = 0.8
"""An aggregate has a value when so much of its window was measured."""
CUMULATIVE: Final = frozenset({"leq", "le", "lmax", "lmin", "lpeak", "lieq", "ln1", "ln2", "ln3", "ln4", "ln5"})
"""What the meter accumulates from the start of its measurement."""
HELP: Final = gettext_noop(
    "leq:300 (mean by energy), l10:300 (exceeded 10 % of the time), mean:300, min:300, max:300 or rate:60 (the change)"
)
_TEXT: Final = re.compile(r"(leq|mean|min|max|rate|l([1-9]\d?)):(\d{1,5})", re.ASCII)
_CHANNEL: Final = re.compile(r"^(sub\d_)?(.*)$")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``kind`` (leq, mean, min, max, rate, or l with its ``percent``) over the last ``seconds``."""

    kind: str
    seconds: int
    percent: int = 0

    @property
    def slot_seconds(self) -> float:
        """Samples within so many seconds may share an entry."""
        return max(1.0, self.seconds / MAX_PERCENTILE_SECONDS) if self.kind == "l" else self.seconds / PARTS

    def __str__(self) -> str:
        return f"{self.kind}{self.percent or ''}:{self.seconds}"


class Entry(NamedTuple):
    """Samples of one slot. ``at``: the last one, seconds since 1970; ``covered``: so many seconds before it were measured."""

    at: float
    covered: float
    total: float
    samples: int


Ring = tuple[Entry, ...]


def parse(text: str) -> Aggregate | None:
    """The aggregate that ``text`` ("leq:300") names, None for "". Raises ValueError that says what to write."""
    if not text:
        return None
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(_("is no aggregate: write %(help)s, or nothing for each value") % {"help": _(HELP)})
    kind, percent, seconds = ("l" if found[2] else found[1]), int(found[2] or 0), int(found[3])
    most = MAX_PERCENTILE_SECONDS if kind == "l" else MAX_SECONDS
    if not 1 <= seconds <= most:
        raise ValueError(_("may look back over 1 to %(n)s seconds") % {"n": most})
    return Aggregate(kind, seconds, percent)


def is_cumulative(metric: str) -> bool:
    """Whether a meter accumulates ``metric`` over its measurement, so that it cannot fall again before the measurement ends."""
    return _split(metric)[1] in CUMULATIVE


def fed_by(metric: str, aggregate: Aggregate | None) -> str:
    """The metric to look at for ``aggregate`` of ``metric``: an accumulated one is of no use, the level itself is taken in its place."""
    channel, name = _split(metric)
    return f"{channel}lp" if aggregate is not None and name in CUMULATIVE else metric


def instead_of(metric: str) -> tuple[str, str]:
    """The metric and aggregate that say what an accumulated ``metric`` was meant to say, and can fall again."""
    channel, name = _split(metric)
    aggregate = {"lmax": "max:60", "lpeak": "max:60", "lmin": "min:60"}.get(name, "l10:300" if name.startswith("ln") else "leq:300")
    return f"{channel}lp", aggregate


def add(aggregate: Aggregate, ring: Ring, at: float, value: float, covered: float) -> Ring:
    """``ring`` with one more sample, without what is older than the window. ``covered``: the measured seconds before the sample."""
    start = at - aggregate.seconds
    kept = _since(aggregate, ring, start)
    last = kept[-1] if kept else None
    if last is None or math.floor(last.at / aggregate.slot_seconds) != math.floor(at / aggregate.slot_seconds):
        return (*kept, Entry(at, covered, _term(aggregate, value), 1))
    return (*kept[:-1], _joined(aggregate, last, at, value, covered))


def value(aggregate: Aggregate, ring: Ring, at: float) -> float | None:
    """What ``aggregate`` is at ``at``, the last sample's instant; None when too little of the window was measured."""
    if not ring:
        return None
    _, covered, totals, samples = zip(*ring, strict=True)
    if sum(covered) < COVERED * aggregate.seconds:
        return None
    if aggregate.kind == "rate":
        return _rate(aggregate, ring, at)
    if aggregate.kind == "l":
        return _percentile(sorted(map(truediv, totals, samples)), 100 - aggregate.percent)
    if aggregate.kind in {"min", "max"}:
        return float((min if aggregate.kind == "min" else max)(totals))
    mean = sum(totals) / sum(samples)
    return _level(mean) if aggregate.kind == "leq" else mean


def document(ring: Ring) -> list[list[float]]:
    """``ring`` as JSON values."""
    return [list(entry) for entry in ring]


def ring_of(document: list[list[Any]]) -> Ring:
    """The ring that ``document`` describes."""
    return tuple(Entry(float(at), float(covered), float(total), int(samples)) for at, covered, total, samples in document)


def _since(aggregate: Aggregate, ring: Ring, start: float) -> Ring:
    """What lies in the window; a rate needs the last sample before it, too."""
    first = next((number for number, entry in enumerate(ring) if entry.at > start), len(ring))
    return ring[max(0, first - 1) if aggregate.kind == "rate" else first :]


def _term(aggregate: Aggregate, value: float) -> float:
    return float(10.0 ** (min(value, 1000.0) / 10.0)) if aggregate.kind in {"leq", "l"} else value


def _joined(aggregate: Aggregate, last: Entry, at: float, value: float, covered: float) -> Entry:
    term = _term(aggregate, value)
    if aggregate.kind in {"min", "max"}:
        return Entry(at, last.covered + covered, (min if aggregate.kind == "min" else max)(last.total, term), last.samples + 1)
    if aggregate.kind == "rate":
        return Entry(at, last.covered + covered, term, 1)
    return Entry(at, last.covered + covered, last.total + term, last.samples + 1)


def _rate(aggregate: Aggregate, ring: Ring, at: float) -> float | None:
    """The last value less the one at the window's start, read between the samples around that."""
    start, first = at - aggregate.seconds, ring[0]
    if len(ring) < 2 or first.at > start:
        return None
    second = ring[1]
    share = min(1.0, (start - first.at) / (second.at - first.at))
    return ring[-1].total - (first.total + share * (second.total - first.total))


def _percentile(ascending: list[float], percent: float) -> float:
    """The level below which ``percent`` of the energies lie; between two neighbours by proportion."""
    place = (len(ascending) - 1) * percent / 100.0
    below = math.floor(place)
    low, high = _level(ascending[below]), _level(ascending[min(below + 1, len(ascending) - 1)])
    return low + (high - low) * (place - below)


def _level(energy: float) -> float:
    return round(10.0 * math.log10(energy), 6) if energy > 0.0 else -1000.0


def _split(metric: str) -> tuple[str, str]:
    found = _CHANNEL.match(metric)
    return (found[1] or "", found[2]) if found else ("", metric)
