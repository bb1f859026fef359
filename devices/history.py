"""What a device measured over a stretch of time, in few enough points to be drawn: each with its mean, lowest and highest value.

However long the stretch is, no peak is lost: points are made wider, never left out. PostgreSQL does the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.db import connection

from devices import levels, readings
from sentinel_site.lib import prepared

_Row = tuple[Any, ...]
"""A point of one metric: its place in time, the metric, the first instant in it, mean, lowest, highest."""
Step = Literal["auto", "raw", "60", "3600"]
MAX_POINTS: Final = 2000
MAX_METRICS: Final = 16
RAW_SPAN: Final = timedelta(hours=6)
MINUTE_SPAN: Final = timedelta(days=8)
"""``auto`` takes readings as they came up to so long a stretch, then minutes, then hours."""
WIDTHS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
DAY: Final = 86400
_MEAN: Final = {True: "10 * log(avg(power(10, {v} / 10)))", False: "avg({v})"}
"""By whether the metric is a level."""
_RAW: Final = """
SELECT width, min(at), {aggregates} FROM (
    SELECT date_bin(%(width)s, at, 'epoch') AS width, at, {values} FROM devices_reading
    WHERE device_id = %(device)s AND at >= %(since)s AND at < %(until)s OFFSET 0
) AS reading GROUP BY width ORDER BY width
"""
_ROLLED: Final = """
SELECT date_bin(%(width)s::interval, at, 'epoch') AS width, metric, min(at),
    CASE WHEN level THEN 10 * log(sum(count * power(10, mean / 10)) / sum(count)) ELSE sum(count * mean) / sum(count) END,
    min(low), max(high)
FROM devices_rollup JOIN unnest(%(metrics)s::text[], %(levels)s::bool[]) AS asked (metric, level) USING (metric)
WHERE device_id = %(device)s::bigint AND seconds = %(seconds)s::smallint AND at >= %(since)s::timestamptz AND at < %(until)s::timestamptz
GROUP BY width, metric, level ORDER BY width
"""
_ROLLED_UNTIL: Final = """
SELECT max(last.at) FROM unnest(%(metrics)s::text[]) AS asked (metric), LATERAL (
    SELECT at FROM devices_rollup WHERE device_id = %(device)s::bigint AND metric = asked.metric AND seconds = %(seconds)s::smallint
        AND at >= %(since)s::timestamptz AND at < %(until)s::timestamptz ORDER BY at DESC LIMIT 1
) AS last
"""


@dataclass(frozen=True, slots=True)
class Columns:
    """One metric: a value for each point of the series, None where there is none."""

    mean: list[float | None] = field(default_factory=list)
    low: list[float | None] = field(default_factory=list)
    high: list[float | None] = field(default_factory=list)

    def put(self, metric: str, place: int, mean: float, low: float, high: float) -> None:
        """Set the point at ``place``; what is there already (where roll-ups end and readings go on) is joined with it."""
        own = (self.mean[place], self.low[place], self.high[place])
        if own[0] is not None and own[1] is not None and own[2] is not None:
            mean, low, high = levels.mean(metric, (own[0], mean)) or mean, min(own[1], low), max(own[2], high)
        self.mean[place], self.low[place], self.high[place] = (float(f"{value:.7g}") for value in (mean, low, high))


@dataclass(frozen=True, slots=True)
class Series:
    """``at``: the instant of each point in seconds since 1970. ``step_seconds``: how wide a point is.

    ``source``: "raw", "60" or "3600", what most of it was made of.
    """

    source: str
    step_seconds: float
    at: list[float]
    metrics: dict[str, Columns]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        columns = {name: {"mean": each.mean, "low": each.low, "high": each.high} for name, each in self.metrics.items()}
        return {"source": self.source, "step_seconds": self.step_seconds, "at": self.at, "metrics": columns}


def series(device_id: int, metrics: Sequence[str], *, since: datetime, until: datetime, step: Step = "auto") -> Series:
    """``metrics`` of a device from ``since`` (included) to ``until`` (not), oldest first, in at most about MAX_POINTS points.

    ``step`` says what it is made of; "auto" chooses by the length of the stretch, takes roll-ups where the readings are
    gone, and adds the end that is not rolled up yet.
    """
    metrics = list(dict.fromkeys(metrics))
    source, *coarser = _sources(step, until - since)
    width = _width((until - since).total_seconds(), at_least=0 if source == "raw" else int(source))
    rows = _rows(device_id, metrics, since, until, source, width)
    if metrics and step == "auto" and source != "raw":
        rows += _tail(device_id, metrics, since, until, int(source), width)
    if not rows and coarser:
        return series(device_id, metrics, since=since, until=until, step=coarser[0])
    return _pivot(source, width, metrics, rows)


def metrics_of(device_id: int) -> list[str]:
    """What the device measured last; the main channel first, at most MAX_METRICS."""
    last = readings.latest(device_id)
    return sorted(last.values, key=lambda name: (name.startswith("sub"), name))[:MAX_METRICS] if last else []


def _sources(step: Step, span: timedelta) -> tuple[Step, ...]:
    if step != "auto":
        return (step,)
    order: tuple[Step, ...] = ("raw", "60", "3600")
    return order if span <= RAW_SPAN else order[1:] if span <= MINUTE_SPAN else order[2:]


def _width(seconds: float, *, at_least: int) -> float:
    """The narrowest round width of which MAX_POINTS cover ``seconds``."""
    wanted = max(seconds / MAX_POINTS, at_least)
    return next((width for width in WIDTHS if width >= wanted), -(-wanted // DAY) * DAY)


def _rows(device_id: int, metrics: Sequence[str], since: datetime, until: datetime, source: str, width: float) -> list[_Row]:
    """Points of each metric, in order."""
    if not metrics:
        return []
    values = {"device": device_id, "since": since, "until": until, "width": timedelta(seconds=width)}
    if source == "raw":
        return _raw(metrics, values)
    asked = {"metrics": list(metrics), "levels": [levels.is_level(metric) for metric in metrics], "seconds": int(source)}
    return prepared.run(_ROLLED, values | asked)


def _raw(metrics: Sequence[str], parameters: dict[str, Any]) -> list[_Row]:
    """From readings as they came: one pass over them for all metrics, which are columns of the statement."""
    numbers = range(len(metrics))
    statement = _RAW.format(
        values=", ".join(f'("values" ->> %(name{number})s)::float8 AS v{number}' for number in numbers),
        aggregates=", ".join(
            f"{_MEAN[levels.is_level(metric)].format(v=f'v{number}')}, min(v{number}), max(v{number})"
            for number, metric in enumerate(metrics)
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters | {f"name{number}": metric for number, metric in enumerate(metrics)})
        found = cursor.fetchall()
    return [
        (row[0], metric, row[1], *row[2 + 3 * number : 5 + 3 * number])
        for row in found
        for number, metric in enumerate(metrics)
        if row[2 + 3 * number] is not None
    ]


def _tail(device_id: int, metrics: Sequence[str], since: datetime, until: datetime, seconds: int, width: float) -> list[_Row]:
    """The end of the stretch that is not rolled up yet, from the readings themselves."""
    values = {"device": device_id, "metrics": list(metrics), "since": since, "until": until, "seconds": seconds}
    ((last,),) = prepared.run(_ROLLED_UNTIL, values)
    begins = last + timedelta(seconds=seconds) if last else since
    return _rows(device_id, metrics, begins, until, "raw", max(width, seconds)) if begins < until else []


def _pivot(source: str, width: float, metrics: Sequence[str], rows: Sequence[_Row]) -> Series:
    """Points in order, as columns."""
    places: dict[datetime, int] = {}
    at: list[float] = []
    for point, _, first, *_ in rows:
        if places.setdefault(point, len(at)) == len(at):
            at.append(round(first.timestamp(), 3))
    found = {metric: Columns([None] * len(at), [None] * len(at), [None] * len(at)) for metric in metrics}
    for point, metric, _, mean, low, high in rows:
        found[metric].put(metric, places[point], mean, low, high)
    return Series(source, width, at, found)
