"""The drawing of a chart of samples, as numbers in a box: the page draws it as SVG, the PDF with lines of its own. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from django.utils.formats import date_format

from alerts.story_parts import Chart, Span
from sentinel_site.lib import figures

COLUMNS: Final = 480
"""So many points are drawn at the most; several that fall together keep their lowest and highest value."""
GAP_STEPS: Final = 3.0
"""So many usual distances between two samples are a gap."""
GAP_SECONDS: Final = 5.0
MOST_GAPS: Final = 200
ROOM: Final = 0.08
STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)


class Point(NamedTuple):
    """A place in the box, from the left and from the top."""

    x: float
    y: float


class Mark(NamedTuple):
    """A place on an axis, and what is written there."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart in a box of ``width`` by ``height``: stretches of the line, the bands from lowest to highest, and the marks."""

    width: float
    height: float
    lines: Sequence[Sequence[Point]]
    bands: Sequence[Sequence[Point]]
    gaps: Sequence[tuple[float, float]]
    rows: Sequence[Mark]
    columns: Sequence[Mark]
    limit: float | None
    onset: float | None
    clear: float | None

    @property
    def line_points(self) -> list[str]:
        """The stretches as SVG writes them; a single sample is a stretch of no length, drawn as a dot."""
        return [_points(line * 2 if len(line) == 1 else line) for line in map(list, self.lines)]

    @property
    def band_points(self) -> list[str]:
        """The bands as SVG writes them."""
        return [_points(band) for band in self.bands]


def gaps(at: Sequence[float], span: Span) -> list[Span]:
    """Where nothing was measured within ``span``: between two samples much farther apart than usual, and at both ends."""
    if not at:
        return [span]
    distances = [later - earlier for earlier, later in pairwise(at)]
    longest = max(GAP_STEPS * median(distances) if distances else 0.0, GAP_SECONDS)
    ends = [span.since.timestamp(), *at, span.until.timestamp()]
    found = [(earlier, later) for earlier, later in pairwise(ends) if later - earlier > longest]
    zone = span.since.tzinfo
    return [Span(datetime.fromtimestamp(earlier, zone), datetime.fromtimestamp(later, zone)) for earlier, later in found[:MOST_GAPS]]


def draw(chart: Chart, *, width: float, height: float, zone: tzinfo, marks: int = 8) -> Drawing:
    """``chart`` in a box, with about so many ``marks`` on the axis of time, which shows the clocks of ``zone``."""
    since, until = chart.span.since.timestamp(), chart.span.until.timestamp()
    low, high = _range(chart)

    def across(at: float) -> float:
        return round((at - since) / max(until - since, 1e-3) * width, 2)

    def down(value: float) -> float:
        return round(height - (value - low) / (high - low) * height, 2)

    onset, clear = _inside(chart.onset_at, chart.span), _inside(chart.clear_at, chart.span)
    drawn = [_thinned(stretch, since, until) for stretch in _stretches(chart)]
    return Drawing(
        width, height,
        lines=[[Point(across(at), down(mean)) for at, mean, _, _ in each] for each in drawn],
        bands=[
            [Point(across(at), down(top)) for at, _, _, top in each] + [Point(across(at), down(bottom)) for at, _, bottom, _ in each[::-1]]
            for each in drawn
        ],
        gaps=[(across(gap.since.timestamp()), across(gap.until.timestamp())) for gap in chart.gaps],
        rows=[Mark(down(value), figures.number(value)) for value in _round_values(low, high)],
        columns=[Mark(across(at), text) for at, text in _clock(since, until, zone, marks)],
        limit=None if chart.limit is None else down(chart.limit),
        onset=None if onset is None else across(onset), clear=None if clear is None else across(clear),
    )  # fmt: skip


_Sample = tuple[float, float, float, float]
"""Instant, mean, lowest, highest."""


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _inside(at: datetime | None, span: Span) -> float | None:
    """``at`` in seconds, where it lies in ``span``."""
    return at.timestamp() if at is not None and span.since <= at <= span.until else None


def _range(chart: Chart) -> tuple[float, float]:
    """From below the lowest to above the highest value, the limit included."""
    values = [value for series in (chart.low, chart.high) for value in series if value is not None]
    values += [chart.limit] if chart.limit is not None else []
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * ROOM or max(abs(high) * ROOM, 1.0)
    return low - room, high + room


def _stretches(chart: Chart) -> Iterator[list[_Sample]]:
    """The samples between two gaps."""
    ends = iter([gap.since.timestamp() for gap in chart.gaps])
    end, stretch = next(ends, math.inf), list[_Sample]()
    for at, mean, low, high in zip(chart.at, chart.mean, chart.low, chart.high, strict=True):
        if mean is None or low is None or high is None:
            continue
        while at > end:
            if stretch:
                yield stretch
            stretch, end = [], next(ends, math.inf)
        stretch.append((at, mean, low, high))
    if stretch:
        yield stretch


def _thinned(stretch: list[_Sample], since: float, until: float) -> list[_Sample]:
    """At most one sample per column; no peak is lost."""
    width = max((until - since) / COLUMNS, 1e-6)
    found: dict[int, list[_Sample]] = {}
    for sample in stretch:
        found.setdefault(int((sample[0] - since) / width), []).append(sample)
    return [
        (group[0][0], sum(each[1] for each in group) / len(group), min(each[2] for each in group), max(each[3] for each in group))
        for group in found.values()
    ]


def _round_values(low: float, high: float) -> list[float]:
    """Four to eight round numbers between the two."""
    raw = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= raw)
    first = math.ceil(low / step)
    return [round(number * step, 10) for number in range(first, math.floor(high / step) + 1)]


def _clock(since: float, until: float, zone: tzinfo, marks: int) -> Iterator[tuple[float, str]]:
    """Round instants by the clocks of ``zone``, and how they are written."""
    step = next((each for each in STEPS if (until - since) / each <= marks), STEPS[-1] * math.ceil((until - since) / STEPS[-1] / marks))
    local = datetime.fromtimestamp(since, zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86400 else ""
    number = math.ceil((local.replace(tzinfo=None) - midnight).total_seconds() / step)
    while (at := (midnight + timedelta(seconds=number * step)).replace(tzinfo=zone).timestamp()) <= until:
        if at >= since:
            local = datetime.fromtimestamp(at, zone)
            yield at, local.strftime(form) if form else str(date_format(local, "j N"))
        number += 1
