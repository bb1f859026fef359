"""Charts of alerts: how many, how fast people took and ended them, how much of it was noise, and whether steps were taken in time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alerts.enums import Priority
from alerts.models import Source
from alerts.rollups import ALERTS, STEPS
from alerts.standing_hours import OPEN_CELLS, open_and_late
from sentinel_site.lib.rolling import reading
from sentinel_site.lib.rolling.answer import Answer, Figure, Series, Table
from sentinel_site.lib.rolling.asking import Range, RangeQuery
from sentinel_site.lib.rolling.reading import Chosen, Key, Spread
from sentinel_site.lib.rolling.steps import Piece

SHOWN: Final = 8
"""So many sources have a colour of their own; the others are one."""
MEDIAN, P95 = 0.5, 0.95
TIMES: Final = ("mean_seconds", "median_seconds", "p95_seconds")


class AlertQuery(RangeQuery):
    """A range, of one priority or source or of all; ``by``: what the colours are."""

    by: Literal["priority", "source"] = "priority"
    priority: Literal["P1", "P2", "P3", "P4", "P5"] | None = None
    source: Annotated[str, Field(max_length=60)] | None = None


def alerts(asked: AlertQuery, within: Range) -> Answer:
    """Raised, taken, ended and noise over time; and the same for each priority and source."""
    parts, whole = reading.cut(ALERTS, within.edges), reading.cut(ALERTS, [within.since, within.until])
    one = _one(asked)
    counted = {step: found for (step, *_), found in reading.counters(ALERTS, parts, one).items()}
    raised = Figure("raised", "", _raised(asked, within, parts, whole))
    figures = [raised, *(
        Figure(name, "s", _times(reading.spread(ALERTS, name, parts, one), within)) for name in ("to_acknowledge", "to_resolve")
    ), Figure("noise", "", [_column(name, counted, within) for name in ("raised", "repeats", "untold", "flapped", "noise")])]  # fmt: skip
    tables = [_table(f"by_{dim}", dim, asked, whole) for dim in ("priority", "source")]
    return Answer(within, figures, tables)


def steps(asked: AlertQuery, within: Range) -> Answer:
    """The promises that were due, how many were kept late, and how late."""
    one, parts = _one(asked), reading.cut(STEPS, within.edges)
    counted = {step: found for (step, *_), found in reading.counters(STEPS, parts, one).items()}
    late = {key[0]: found for key, found in reading.spread(STEPS, "lateness", parts, one).items()}
    worst = Series("worst", "worst", [late[n].most if n in late else None for n in range(len(within.edges) - 1)])
    median = _percentile("p95", P95, late, within)
    figures = [
        Figure("due", "", [_column(name, counted, within) for name in ("due", "late", "very_late")]),
        Figure("lateness", "s", [median, worst]),
    ]  # fmt: skip
    return Answer(within, figures, [_promises(asked, within)])


def _promises(asked: AlertQuery, within: Range) -> Table:
    """The ledger: all, and each priority."""
    whole = reading.cut(STEPS, [within.since, within.until])
    numbers = {"all": _one(asked)["priority"][0], **{f"P{n}": n for n in _priorities(asked)}}
    chosen = {**_one(asked), "priority": sorted(set(numbers.values()))}
    counted = {key[1]: found for key, found in reading.counters(STEPS, whole, chosen).items()}
    late = {key[1]: found for key, found in reading.spread(STEPS, "lateness", whole, chosen).items()}
    rows: list[list[Any]] = []
    for name, number in numbers.items():
        one, spread = counted.get(number, dict.fromkeys(STEPS.counters, 0)), late.get(number, Spread())
        rows.append([name, *one.values(), spread.percentile(P95), spread.most])
    return Table("promises", ("priority", *STEPS.counters, "p95_seconds", "worst_seconds"), rows)


def _raised(asked: AlertQuery, within: Range, parts: Sequence[Piece], whole: Sequence[Piece]) -> list[Series]:
    """Alerts raised, by what is asked for."""
    if asked.by == "priority":
        found = reading.counters(ALERTS, parts, {**_one(asked), "priority": _priorities(asked)})
        return [_line(f"P{n}", f"P{n}", {key[0]: each for key, each in found.items() if key[1] == n}, within) for n in _priorities(asked)]
    totals = reading.counters(ALERTS, whole, {**_one(asked), "source": _sources(asked, within)})
    shown = [key[2] for key, _ in sorted(totals.items(), key=lambda item: (-item[1]["raised"], item[0][2]))[:SHOWN]]
    found = reading.counters(ALERTS, parts, {**_one(asked), "source": shown})
    names = _names(shown)
    lines = [_line(slug, names[slug], {key[0]: each for key, each in found.items() if key[2] == slug}, within) for slug in shown]
    return lines if len(totals) <= SHOWN else [*lines, _others(asked, within, parts, lines)]


def _others(asked: AlertQuery, within: Range, parts: Sequence[Piece], lines: Sequence[Series]) -> Series:
    """What the lines leave of everything."""
    counted = {key[0]: found["raised"] for key, found in reading.counters(ALERTS, parts, _one(asked)).items()}
    steps = range(len(within.edges) - 1)
    return Series("", "others", [counted.get(n, 0) - sum(int(line.values[n] or 0) for line in lines) for n in steps])


def _table(name: str, dim: str, asked: AlertQuery, whole: Sequence[Piece]) -> Table:
    """The whole stretch by one dimension: counts, and how long it took."""
    every = _priorities(asked) if dim == "priority" else _sources(asked, whole)
    chosen = {**_one(asked), dim: every}
    place = 1 + list(ALERTS.dims).index(dim)
    counted = {key[place]: found for key, found in reading.counters(ALERTS, whole, chosen).items()}
    times = [{key[place]: found for key, found in reading.spread(ALERTS, each, whole, chosen).items()} for each in ALERTS.spreads]
    names = _names([str(value) for value in counted]) if dim == "source" else {}
    rows = [
        [names.get(str(value), f"P{value}"), *counted[value].values(), *(part for each in times for part in _summary(each.get(value)))]
        for value in sorted(counted)
    ]  # fmt: skip
    columns = (dim, *ALERTS.counters, *(f"{spread}_{part}" for spread in ALERTS.spreads for part in TIMES))
    return Table(name, columns, rows)


def _summary(found: Spread | None) -> list[int | float | None]:
    return [found.mean, found.percentile(MEDIAN), found.percentile(P95)] if found else [None, None, None]


def _one(asked: AlertQuery) -> Chosen:
    """The one cell that everything asked for is summed in."""
    return {"priority": [int(asked.priority[1:]) if asked.priority else 0], "source": [asked.source or ""]}


def _priorities(asked: AlertQuery) -> list[int]:
    return [int(asked.priority[1:])] if asked.priority else list(map(int, Priority.values))


def _sources(asked: AlertQuery, within: Range | Sequence[Piece]) -> list[str]:
    """The sources that alerts were counted for."""
    if asked.source:
        return [asked.source]
    since, until = (within.since, within.until) if isinstance(within, Range) else (within[0].since, within[-1].until)
    return reading.known(ALERTS, "source", since=since, until=until)


def _names(slugs: Sequence[str]) -> Mapping[str, str]:
    """What people call sources; those that are gone by their slug."""
    return {**dict(zip(slugs, slugs, strict=True)), **dict(Source.objects.filter(slug__in=slugs).values_list("slug", "name"))}


def _line(pk: str, name: str, counted: Mapping[int, Mapping[str, int]], within: Range) -> Series:
    return Series(pk, name, [counted[n]["raised"] if n in counted else 0 for n in range(len(within.edges) - 1)])


def _column(name: str, counted: Mapping[int, Mapping[str, int]], within: Range) -> Series:
    return Series(name, name, [counted[n][name] if n in counted else 0 for n in range(len(within.edges) - 1)])


def _times(found: Mapping[Key, Spread], within: Range) -> list[Series]:
    by_step = {key[0]: spread for key, spread in found.items()}
    return [_percentile("median", MEDIAN, by_step, within), _percentile("p95", P95, by_step, within)]


def _percentile(name: str, share: float, found: Mapping[int, Spread], within: Range) -> Series:
    return Series(name, name, [found[n].percentile(share) if n in found else None for n in range(len(within.edges) - 1)])


def standing(asked: AlertQuery, within: Range) -> Answer:
    """How many alerts were open at once, and how many late: the most at any full hour of each step."""
    number, source = _one(asked)["priority"][0], _one(asked)["source"][0]
    most = open_and_late(within.edges, priorities=[number], source=source)
    each = open_and_late(within.edges, priorities=_priorities(asked), source=source)
    steps = range(len(within.edges) - 1)
    shown = [Series(f"P{n}", f"P{n}", [each[step, n][0] if (step, n) in each else None for step in steps]) for n in _priorities(asked)]
    pair = [
        Series(name, name, [most[step, number][place] if (step, number) in most else None for step in steps]) for place, name in OPEN_CELLS
    ]
    return Answer(within, [Figure("open", "", pair), Figure("open_by_priority", "", shown)], [])


CHARTS: Final[Mapping[str, Callable[[AlertQuery, Range], Answer]]] = {"alerts": alerts, "steps": steps, "open": standing}
