"""Adding roll-ups up: the cells of some dimensions, over the steps of a chart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from sentinel_site.lib.rolling import bins, steps
from sentinel_site.lib.rolling import rollup as rolling
from sentinel_site.lib.rolling.rollup import Rollup
from sentinel_site.lib.rolling.steps import DAY, MONTH, SIX_HOURS, Piece, pieces

_PIECES: Final = """unnest(%(steps)s::int[], %(lengths)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[])
    AS piece (step, seconds, since, until)"""
Key = tuple[Any, ...]
"""A step, then the values of the dimensions."""
Chosen = Mapping[str, Sequence[Any]]
"""For each dimension, the values whose cells are read; its "all" for the sum."""


@dataclass(slots=True)
class Spread:
    """Lengths of time: how they are spread, their sum and the largest, in seconds."""

    counts: dict[int, int] = field(default_factory=dict)
    total: float = 0.0
    most: float = 0.0

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def percentile(self, share: float) -> float | None:
        """See bins.percentile; never more than the largest."""
        found = bins.percentile(self.counts, share)
        return None if found is None else min(found, self.most)

    @property
    def mean(self) -> float | None:
        """The exact mean."""
        count = self.count
        return self.total / count if count else None


def cut(rollup: Rollup, edges: list[datetime]) -> list[Piece]:
    """The fewest roll-ups that make the steps between ``edges``. A thin day belongs as a whole to the step that its noon (UTC) is in."""
    thin = rolling.thin(rollup, [edge for edge in edges if edge != steps.floor(edge, DAY)])
    edges = [steps.nearest_midnight(edge) if steps.floor(edge, DAY) in thin else edge for edge in edges]
    clean = {seconds: _there(rollup, seconds, rolling.starts(edges[0], edges[-1], seconds)) for seconds in (DAY, MONTH)}
    open_days = {steps.floor(edge, DAY) for edge in edges} | (set(rolling.starts(edges[0], edges[-1], DAY)) - clean[DAY])
    clean[SIX_HOURS] = _there(
        rollup, SIX_HOURS, [at for day in open_days for at in rolling.starts(day, day + timedelta(seconds=DAY), SIX_HOURS)]
    )
    return pieces(edges, clean)


def counters(rollup: Rollup, parts: Sequence[Piece], chosen: Chosen) -> dict[Key, dict[str, int]]:
    """The counters of every step and cell that has any."""
    sums = ", ".join(f"sum(row.{name})" for name in rollup.counters)
    text = f"SELECT {_key(rollup)}, {sums} {_from(rollup)} GROUP BY {_key(rollup)}"
    return {
        key: dict(zip(rollup.counters, map(int, row), strict=True)) for key, row in _cells(rollup, text, parts, chosen)
    }  # fmt: skip


def spread(rollup: Rollup, name: str, parts: Sequence[Piece], chosen: Chosen) -> dict[Key, Spread]:
    """One kind of lengths of time, for every step and cell that has any."""
    key = _key(rollup)
    sums = f"SELECT {key}, sum(row.{name}_total), max(row.{name}_most) {_from(rollup)} GROUP BY {key}"
    # Both lists are as long as each other. Beside the columns they are unnested in half of the time of a LATERAL unnest() of both.
    each = f"SELECT {key}, unnest(row.{name}_bins) AS number, unnest(row.{name}_counts) AS size {_from(rollup)}"
    places = ", ".join(("step", *_places(rollup)))
    sizes = f"SELECT {places}, number, sum(size) FROM ({each}) AS bin GROUP BY {places}, number"  # noqa: S608 (our own text)
    found = {place: Spread({}, total, most) for place, (total, most) in _cells(rollup, sums, parts, chosen)}
    for place, (number, size) in _cells(rollup, sizes, parts, chosen):
        found[place].counts[number] = int(size)
    return found


def any_thin(rollup: Rollup, since: datetime, until: datetime) -> bool:
    """Whether the quarters of any day of a stretch were deleted."""
    return bool(rolling.thin(rollup, rolling.starts(since, until, DAY)))


def known(rollup: Rollup, name: str, *, since: datetime, until: datetime) -> list[Any]:
    """The values of a dimension that anything was ever counted for within a stretch, in their order."""
    others = " AND ".join(f"row.{other} = {all_of}" for other, all_of in rollup.dims.items() if other != name)
    text = f"""
        SELECT DISTINCT row.{name} FROM {rollup.table} AS row, {_PIECES}
        WHERE row.seconds = piece.seconds AND row.at >= piece.since AND row.at < piece.until
            AND row.{name} <> {rollup.dims[name]}{" AND " + others if others else ""} ORDER BY 1
    """  # noqa: S608 (our own text)
    parts = cut(rollup, [since, until])
    return [value for (value,) in _rows(text, _values(parts))]


def _there(rollup: Rollup, seconds: int, instants: Sequence[datetime]) -> set[datetime]:
    """At which of ``instants`` a roll-up of this length begins."""
    text = f"SELECT row.at FROM {rollup.table} AS row WHERE row.seconds = %(seconds)s AND {rollup.total} AND row.at = ANY(%(instants)s)"  # noqa: S608 (ours)
    return {at for (at,) in _rows(text, {"seconds": seconds, "instants": list(instants)})}


def _cells(rollup: Rollup, text: str, parts: Sequence[Piece], chosen: Chosen) -> Iterator[tuple[Key, Sequence[Any]]]:
    """The rows of a statement that begin with a key, with the values of the dimensions for their places among those ``chosen``."""
    width, values = 1 + len(rollup.dims), [chosen[name] for name in rollup.dims]
    for row in _rows(text, {**_values(parts), **_dims(rollup, chosen)}):
        places = zip(values, row[1:width], strict=True)
        yield (row[0], *(those[place - 1] for those, place in places)), row[width:]


def _places(rollup: Rollup) -> list[str]:
    return [f"place_{name}" for name in rollup.dims]


def _key(rollup: Rollup) -> str:
    """The step, and for each dimension the place of its value among those wanted: numbers are grouped faster than texts."""
    return ", ".join(("piece.step", *_places(rollup)))


def _from(rollup: Rollup) -> str:
    """The wanted cells of every piece, each found by the primary key: OFFSET keeps the planner from reading all cells of a stretch."""
    kinds = {name: "text" if all_of.startswith("'") else "int" for name, all_of in rollup.dims.items()}
    wanted = "".join(
        f" CROSS JOIN unnest(%(dim_{name})s::{kind}[]) WITH ORDINALITY AS wanted_{name} (value, place_{name})"
        for name, kind in kinds.items()
    )
    same = " AND ".join(f"cell.{name} = wanted_{name}.value" for name in rollup.dims)
    return f"""FROM {_PIECES}{wanted} CROSS JOIN LATERAL (
        SELECT * FROM {rollup.table} AS cell WHERE cell.seconds = piece.seconds AND {same}
            AND cell.at >= piece.since AND cell.at < piece.until OFFSET 0) AS row"""  # noqa: S608 (our own text)


def _values(parts: Sequence[Piece]) -> dict[str, Any]:
    return {
        "steps": [part.step for part in parts], "lengths": [part.seconds for part in parts],
        "since": [part.since for part in parts], "until": [part.until for part in parts],
    }  # fmt: skip


def _dims(rollup: Rollup, chosen: Chosen) -> dict[str, Any]:
    return {f"dim_{name}": list(chosen[name]) for name in rollup.dims}


def _rows(text: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
