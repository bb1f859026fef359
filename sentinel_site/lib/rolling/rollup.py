"""What is rolled up, and the statements that do it. Counting a stretch anew gives the same; what retention deleted stays as it was counted.

A table of roll-ups has a row per cell: the length in ``seconds``, a value of each dimension, and the instant ``at`` which it begins. A row
in which a dimension has its value for "all" sums over it. Longer roll-ups are made of shorter ones, never of the rows themselves, and are
there only while they are true: whoever counts a quarter of an hour anew deletes those that hold it.

Old days are thin: thinning.py deleted their quarters and left the day. A thin day is counted anew as a whole, or not at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Model

from sentinel_site.lib import ids
from sentinel_site.lib.rolling import bins
from sentinel_site.lib.rolling.steps import DAY, LEVELS, QUARTER, ceiling, floor

SKEW: Final = timedelta(minutes=1)
"""Ids are born with their rows, give or take."""
_STRETCHES: Final = """stretch AS (
    SELECT * FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[], %(first)s::uuid[], %(last)s::uuid[])
        AS stretch (since, until, first, last))"""
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of roll-ups. ``dims``: each dimension's SQL literal for "all".

    ``raw`` selects the rows of the stretches (FROM stretch …): ``at``, the dimensions, ``counters`` (numbers to be summed; the first one
    never shrinks while nothing is deleted) and ``spreads`` (lengths of time in seconds, or NULL), under these names. ``before``: how much
    earlier than ``at`` a row's id may have been born.
    """

    model: type[Model]
    dims: Mapping[str, str]
    counters: tuple[str, ...]
    spreads: tuple[str, ...]
    raw: str
    before: timedelta = SKEW

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.model._meta.db_table

    @property
    def total(self) -> str:
        """SQL: a row that sums over every dimension."""
        return " AND ".join(f"row.{name} = {all_of}" for name, all_of in self.dims.items())

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row holds beside its key."""
        return (*self.counters, *(f"{spread}_{part}" for spread in self.spreads for part in ("total", "most", "bins", "counts")))


def roll(rollup: Rollup, stretches: Sequence[Stretch]) -> None:
    """Count every quarter of an hour of ``stretches`` anew. The caller holds a transaction, and keeps others from doing the same.

    A quarter of which rows were deleted meanwhile stays as it is; of a thin day, the whole day.
    """
    stretches = _thick(rollup, stretches)
    if not stretches:
        return
    values = _bounds(rollup, stretches)
    with connection.cursor() as cursor:
        cursor.execute(_kept(rollup), values)
        values["kept"] = [at for (at,) in cursor.fetchall()]
        cursor.execute(_forget(rollup), {**values, **_coarse(stretches)})
        cursor.execute(_count(rollup), values)


def merge(rollup: Rollup, seconds: int, instants: Sequence[datetime]) -> None:
    """Make the roll-ups of length ``seconds`` that begin at ``instants`` of the next shorter ones. The caller holds a transaction."""
    finer = LEVELS[LEVELS.index(seconds) - 1]
    with connection.cursor() as cursor:
        cursor.execute(_merge(rollup), {"seconds": seconds, "finer": finer, "instants": list(instants)})


def unmerged(rollup: Rollup, seconds: int, *, until: datetime, limit: int) -> list[datetime]:
    """Where a roll-up of length ``seconds`` that is over ``until`` then is missing: the newest first."""
    finer = LEVELS[LEVELS.index(seconds) - 1]
    text = f"""
        SELECT DISTINCT date_bin(make_interval(secs => %(seconds)s), row.at, 'epoch'::timestamptz) AS bucket FROM {rollup.table} AS row
        WHERE row.seconds = %(finer)s AND {rollup.total} AND row.at < %(until)s AND NOT EXISTS (
            SELECT 1 FROM {rollup.table} AS whole WHERE whole.seconds = %(seconds)s AND {rollup.total.replace("row.", "whole.")}
            AND whole.at = date_bin(make_interval(secs => %(seconds)s), row.at, 'epoch'::timestamptz))
        ORDER BY bucket DESC LIMIT %(limit)s
    """  # noqa: S608 (our own text)
    with connection.cursor() as cursor:
        cursor.execute(text, {"seconds": seconds, "finer": finer, "until": floor(until, seconds), "limit": limit})
        return [at for (at,) in cursor.fetchall()]


def thin(rollup: Rollup, instants: Iterable[datetime]) -> dict[datetime, int]:
    """The thin days (UTC) among those that ``instants`` lie in, and what the first counter was on each."""
    days = sorted({floor(instant, DAY) for instant in instants})
    text = f"""
        SELECT day.at, whole.{rollup.counters[0]} FROM unnest(%(days)s::timestamptz[]) AS day (at)
        CROSS JOIN LATERAL (SELECT * FROM {rollup.table} AS row WHERE row.seconds = {DAY} AND {rollup.total} AND row.at = day.at OFFSET 0)
            AS whole
        WHERE NOT EXISTS (SELECT 1 FROM {rollup.table} AS row WHERE row.seconds = {QUARTER} AND {rollup.total}
            AND row.at >= day.at AND row.at < day.at + make_interval(secs => {DAY}))
    """  # noqa: S608 (our own text)
    with connection.cursor() as cursor:
        cursor.execute(text, {"days": days})
        return dict(cursor.fetchall())


def starts(since: datetime, until: datetime, seconds: int) -> list[datetime]:
    """Where the roll-ups of this length begin that hold any of a stretch."""
    first, length = floor(since, seconds), timedelta(seconds=seconds)
    return [first + number * length for number in range((ceiling(until, seconds) - first) // length)]


def stretches_of(instants: Sequence[datetime]) -> list[Stretch]:
    """Quarters of an hour, given by any instant within each, as stretches without gaps between neighbours."""
    found: list[Stretch] = []
    for at in sorted({floor(instant, QUARTER) for instant in instants}):
        ends = at + timedelta(seconds=QUARTER)
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], ends)
        else:
            found.append((at, ends))
    return found


def _thick(rollup: Rollup, stretches: Sequence[Stretch]) -> Sequence[Stretch]:
    """The stretches, with thin days that they touch as whole days; without those of which rows were deleted meanwhile."""
    counted = thin(rollup, [day for since, until in stretches for day in starts(since, until, DAY)])
    if not counted:
        return stretches
    with connection.cursor() as cursor:
        cursor.execute(_left_over(rollup), _bounds(rollup, [(day, day + timedelta(seconds=DAY)) for day in counted]))
        left: dict[datetime, int] = dict(cursor.fetchall())
    quarters = {at for since, until in stretches for at in starts(since, until, QUARTER) if floor(at, DAY) not in counted}
    for day in (day for day, count in counted.items() if left.get(day, 0) >= count):
        quarters.update(starts(day, day + timedelta(seconds=DAY), QUARTER))
    return stretches_of(list(quarters))


def _left_over(rollup: Rollup) -> str:
    """What the first counter would be on each day."""
    return f"""WITH {_STRETCHES}
        SELECT date_bin(make_interval(secs => {DAY}), at, 'epoch'::timestamptz) AS day, sum({rollup.counters[0]})
        FROM ({rollup.raw}) AS found GROUP BY 1"""  # noqa: S608 (our own text)


def _bounds(rollup: Rollup, stretches: Sequence[Stretch]) -> dict[str, Any]:
    whole = [(floor(since, QUARTER), ceiling(until, QUARTER)) for since, until in stretches]
    return {
        "since": [since for since, _ in whole], "until": [until for _, until in whole],
        "first": [ids.floor(since - rollup.before) for since, _ in whole], "last": [ids.floor(until + SKEW) for _, until in whole],
    }  # fmt: skip


def _coarse(stretches: Sequence[Stretch]) -> dict[str, Any]:
    """The longer roll-ups that hold any of the stretches."""
    found = {(seconds, at) for since, until in stretches for seconds in LEVELS[1:] for at in starts(since, until, seconds)}
    return {"lengths": [seconds for seconds, _ in sorted(found)], "begins": [at for _, at in sorted(found)]}


def _raw(rollup: Rollup) -> str:
    """The rows with their quarter of an hour and the bins of their lengths of time."""
    lengths = "".join(f", {spread}, {bins.SQL.format(spread)} AS {spread}_bin" for spread in rollup.spreads)
    names = ", ".join((*rollup.dims, *rollup.counters))
    return f"""{_STRETCHES}, raw AS MATERIALIZED (
        SELECT date_bin(make_interval(secs => {QUARTER}), at, 'epoch'::timestamptz) AS bucket, {names}{lengths}
        FROM ({rollup.raw}) AS found)"""  # noqa: S608 (our own text)


def _kept(rollup: Rollup) -> str:
    """Quarters of which less is left than was counted."""
    first = rollup.counters[0]
    return f"""WITH {_raw(rollup)}
        SELECT row.at FROM stretch JOIN {rollup.table} AS row
            ON row.seconds = {QUARTER} AND {rollup.total} AND row.at >= stretch.since AND row.at < stretch.until
        LEFT JOIN (SELECT bucket, sum({first}) AS left_over FROM raw GROUP BY bucket) AS now ON now.bucket = row.at
        WHERE row.{first} > coalesce(now.left_over, 0)"""  # noqa: S608 (our own text)


def _forget(rollup: Rollup) -> str:
    return f"""WITH {_STRETCHES}, coarse AS (
            DELETE FROM {rollup.table} AS row USING unnest(%(lengths)s::int[], %(begins)s::timestamptz[]) AS whole (seconds, at)
            WHERE row.seconds = whole.seconds AND row.at = whole.at)
        DELETE FROM {rollup.table} AS row USING stretch
        WHERE row.seconds = {QUARTER} AND row.at >= stretch.since AND row.at < stretch.until
            AND row.at <> ALL(%(kept)s::timestamptz[])"""  # noqa: S608 (our own text)


def _count(rollup: Rollup) -> str:
    key = ", ".join(f"coalesce({name}, {all_of}) AS {name}" for name, all_of in rollup.dims.items())
    dims = ", ".join(rollup.dims)
    sums = "".join(f", sum({name}) AS {name}" for name in rollup.counters)
    sums += "".join(f", coalesce(sum({name}), 0) AS {name}_total, coalesce(max({name}), 0) AS {name}_most" for name in rollup.spreads)
    spread = "".join(f""", {name}_bins AS (
        SELECT bucket, {dims}, array_agg(bin ORDER BY bin) AS {name}_bins, array_agg(size ORDER BY bin) AS {name}_counts FROM (
            SELECT bucket, {key}, {name}_bin AS bin, count(*)::int AS size FROM raw WHERE {name}_bin IS NOT NULL
            GROUP BY bucket, CUBE ({dims}), {name}_bin) AS each GROUP BY bucket, {dims})""" for name in rollup.spreads)  # noqa: S608 (our own text)  # fmt: skip
    joined = "".join(f" LEFT JOIN {name}_bins USING (bucket, {dims})" for name in rollup.spreads)
    return f"""WITH {_raw(rollup)}, cell AS (SELECT bucket, {key}{sums} FROM raw GROUP BY bucket, CUBE ({dims})){spread}
        INSERT INTO {rollup.table} (seconds, at, {dims}, {", ".join(rollup.columns)})
        SELECT {QUARTER}, bucket, {dims}, {", ".join(_whole(column) for column in rollup.columns)} FROM cell{joined}
        WHERE bucket <> ALL(%(kept)s::timestamptz[])"""  # noqa: S608 (our own text)


def _merge(rollup: Rollup) -> str:
    dims = ", ".join(rollup.dims)
    own = ", ".join(f"row.{name}" for name in rollup.dims)
    sums = "".join(f", sum(row.{name}) AS {name}" for name in rollup.counters)
    sums += "".join(f", sum(row.{name}_total) AS {name}_total, max(row.{name}_most) AS {name}_most" for name in rollup.spreads)
    source = f"""FROM due JOIN {rollup.table} AS row ON row.seconds = %(finer)s AND row.at >= due.bucket
        AND row.at < due.bucket + make_interval(secs => %(seconds)s)"""
    spread = "".join(f""", {name}_bins AS (
        SELECT bucket, {dims}, array_agg(bin ORDER BY bin) AS {name}_bins, array_agg(size ORDER BY bin) AS {name}_counts FROM (
            SELECT due.bucket, {own}, each.bin, sum(each.size)::int AS size {source},
                unnest(row.{name}_bins, row.{name}_counts) AS each (bin, size) GROUP BY due.bucket, {own}, each.bin
        ) AS added GROUP BY bucket, {dims})""" for name in rollup.spreads)  # noqa: S608 (our own text)  # fmt: skip
    joined = "".join(f" LEFT JOIN {name}_bins USING (bucket, {dims})" for name in rollup.spreads)
    return f"""WITH due AS (SELECT * FROM unnest(%(instants)s::timestamptz[]) AS due (bucket)),
        cell AS (SELECT due.bucket, {own}{sums} {source} GROUP BY due.bucket, {own}){spread}
        INSERT INTO {rollup.table} (seconds, at, {dims}, {", ".join(rollup.columns)})
        SELECT %(seconds)s, bucket, {dims}, {", ".join(_whole(column) for column in rollup.columns)} FROM cell{joined}
        ON CONFLICT DO NOTHING"""  # noqa: S608 (our own text)


def _whole(column: str) -> str:
    return f"coalesce({column}, '{{}}')" if column.endswith(("_bins", "_counts")) else column
