"""Adding roll-ups up: the cells of some dimensions, over the steps of a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from sentinel_site.lib.rolling import bins, steps
from sentinel_site.lib.rolling import rollup as rolling
from sentinel_site.lib.rolling.rollup import Rollup
from sentinel_site.lib.rolling.steps import DAY, LEVELS, Piece, pieces

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
    text = f"SELECT row.seconds, row.at FROM {rollup.table} AS row WHERE row.seconds = ANY(%(longer)s) AND {rollup.total}"  # noqa: S608 (ours)
    clean: dict[int, set[datetime]] = {seconds: set() for seconds in LEVELS[1:]}
    for seconds, at in _rows(text + " AND row.at >= %(since)s AND row.at < %(until)s", {
        "longer": list(LEVELS[1:]), "since": edges[0], "until": edges[-1],
    }):  # fmt: skip
        clean[seconds].add(at)
    return pieces(edges, clean)


def counters(rollup: Rollup, parts: Sequence[Piece], chosen: Chosen) -> dict[Key, dict[str, int]]:
    """The counters of every step and cell that has any."""
    sums = ", ".join(f"sum(row.{name})" for name in rollup.counters)
    text = f"SELECT {_key(rollup)}, {sums} {_from(rollup)} GROUP BY {_key(rollup)}"
    width = 1 + len(rollup.dims)
    return {
        tuple(row[:width]): dict(zip(rollup.counters, map(int, row[width:]), strict=True))
        for row in _rows(text, {**_values(parts), **_dims(rollup, chosen)})
    }  # fmt: skip


def spread(rollup: Rollup, name: str, parts: Sequence[Piece], chosen: Chosen) -> dict[Key, Spread]:
    """One kind of lengths of time, for every step and cell that has any."""
    values, key = {**_values(parts), **_dims(rollup, chosen)}, _key(rollup)
    each = f"CROSS JOIN LATERAL unnest(row.{name}_bins, row.{name}_counts) AS bin (number, size)"
    sums = f"SELECT {key}, sum(row.{name}_total), max(row.{name}_most) {_from(rollup)} GROUP BY {key}"
    sizes = f"SELECT {key}, bin.number, sum(bin.size) {_from(rollup, each)} GROUP BY {key}, bin.number"
    found = {tuple(place): Spread({}, total, most) for *place, total, most in _rows(sums, values)}
    for *place, number, size in _rows(sizes, values):
        found[tuple(place)].counts[number] = int(size)
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


def _key(rollup: Rollup) -> str:
    return ", ".join(("piece.step", *(f"row.{name}" for name in rollup.dims)))


def _from(rollup: Rollup, beside: str = "") -> str:
    """The wanted cells of every piece, each found by the primary key: OFFSET keeps the planner from reading all cells of a stretch."""
    kinds = {name: "text" if all_of.startswith("'") else "int" for name, all_of in rollup.dims.items()}
    wanted = "".join(f" CROSS JOIN unnest(%(dim_{name})s::{kind}[]) AS wanted_{name} (value)" for name, kind in kinds.items())
    same = " AND ".join(f"cell.{name} = wanted_{name}.value" for name in rollup.dims)
    return f"""FROM {_PIECES}{wanted} CROSS JOIN LATERAL (
        SELECT * FROM {rollup.table} AS cell WHERE cell.seconds = piece.seconds AND {same}
            AND cell.at >= piece.since AND cell.at < piece.until OFFSET 0) AS row {beside}"""  # noqa: S608 (our own text)


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
