"""The form of an answer: figures drawn over time, and tables; as JSON, or one of them as CSV. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel

from sentinel_site.lib import csvtext
from sentinel_site.lib.instants import instant
from sentinel_site.lib.rolling.asking import Range
from sentinel_site.lib.rolling.bins import ERROR_PERCENT

Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line or colour of a figure: a value for each step, None where there is none. ``id`` never changes, ``name`` is for people."""

    id: str
    name: str
    values: Sequence[int | float | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """What is drawn over time. ``unit``: "" for a number, "s" for seconds."""

    id: str
    unit: str
    series: Sequence[Series]


@dataclass(frozen=True, slots=True)
class Table:
    """Sums over the whole stretch. The columns' names never change."""

    id: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a chart's address answers."""

    range: Range
    figures: Sequence[Figure]
    tables: Sequence[Table]


class SeriesOut(BaseModel):
    """One line of a figure."""

    id: str
    name: str
    values: list[float | None]


class FigureOut(BaseModel):
    """What is drawn over time: a value per instant of ``at``. ``unit``: "" for a number, "s" for seconds, "%" for a share."""

    id: str
    unit: str
    series: list[SeriesOut]


class TableOut(BaseModel):
    """Sums over the whole stretch."""

    id: str
    columns: list[str]
    rows: list[list[int | float | str | None]]


class StatisticsOut(BaseModel):
    """Figures and tables of a stretch. ``at``: where the steps begin; percentiles are exact to ``error_percent``."""

    since: str
    until: str
    zone: str
    step: str
    error_percent: float
    at: list[str]
    figures: list[FigureOut]
    tables: list[TableOut]


def document(answer: Answer) -> dict[str, Any]:
    """JSON values of StatisticsOut."""
    asked = answer.range
    return {
        "since": instant(asked.since), "until": instant(asked.until), "zone": asked.zone.key, "step": asked.step.value,
        "error_percent": ERROR_PERCENT, "at": [instant(at) for at in asked.edges[:-1]],
        "figures": [asdict(figure) for figure in answer.figures], "tables": [asdict(table) for table in answer.tables],
    }  # fmt: skip


def csv(answer: Answer, name: str) -> Iterator[bytes] | None:
    """The figure or table with this id in pieces, the header first; None: there is no such one."""
    for figure in answer.figures:
        if figure.id == name:
            return _figure(answer.range, figure)
    return next((_lines([table.columns, *table.rows]) for table in answer.tables if table.id == name), None)


def names(answer: Answer) -> list[str]:
    """The ids that `csv` knows."""
    return [*(figure.id for figure in answer.figures), *(table.id for table in answer.tables)]


def _figure(asked: Range, figure: Figure) -> Iterator[bytes]:
    head = ["begin_utc", "begin_local", *(f"{series.name} ({figure.unit})" if figure.unit else series.name for series in figure.series)]
    yield from _lines([head])
    for number, at in enumerate(asked.edges[:-1]):
        yield from _lines([[instant(at), at.astimezone(asked.zone).isoformat(), *(series.values[number] for series in figure.series)]])


def _lines(rows: Sequence[Sequence[Value]]) -> Iterator[bytes]:
    for row in rows:
        yield csvtext.line(map(_rounded, row)).encode()


def _rounded(value: Value) -> Value:
    return round(value, 3) if isinstance(value, float) else value
