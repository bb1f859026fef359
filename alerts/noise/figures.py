"""The noise report's figures, from the rows that were read: who talks most, what nobody acted on, what repeats most. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from alerts.noise.rows import Day, Talker

SHOWN: Final = 10
OWN_PLACE: Final = 0.25
"""A subject with so large a share of its kind's alerts is named; the others of the kind are counted together."""
FEW: Final = 5
"""Fewer alerts say nothing about whether anybody ever acts on them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a list. ``subject`` None: ``subjects`` of them, together."""

    source: str
    type: str
    subject: str | None
    subjects: int
    title: str
    priority: int
    life_safety: bool
    alerts: int
    reports: int
    told: int
    messages: int
    acted: int
    useful: int
    noise: int
    nights: int
    median_seconds: int | None
    last_at: datetime


def figures(rows: Iterable[Talker]) -> list[Figure]:
    """``rows`` as lines: subjects that talk much stand alone, the rest of a kind stands together."""
    kinds: dict[tuple[str, str], list[Talker]] = {}
    for row in rows:
        kinds.setdefault((row.source, row.type), []).append(row)
    found = []
    for those in kinds.values():
        total = sum(row.alerts for row in those)
        alone = [row for row in those if len(those) <= 2 or row.alerts >= OWN_PLACE * total]
        rest = [row for row in those if row not in alone]
        found += [_figure([row]) for row in alone] + ([_figure(rest)] if rest else [])
    return found


def top(found: Sequence[Figure]) -> list[dict[str, Any]]:
    """Those that cost people the most: messages first, then alerts."""
    return _first(found, lambda each: (each.messages, each.alerts))


def unacted(found: Sequence[Figure]) -> list[dict[str, Any]]:
    """Those of which people were told again and again, and on which nobody ever acted."""
    return _first([each for each in found if not each.acted and each.told >= FEW], lambda each: (each.told, each.messages))


def folded(found: Sequence[Figure]) -> list[dict[str, Any]]:
    """Those whose reports repeat open alerts the most: nobody is told of them, and they cost their sender and the database."""
    repeated = [each for each in found if each.reports > each.alerts]
    return _first(repeated, lambda each: (each.reports - each.alerts, each.alerts))


def totals(days: Sequence[Day], *, reports: tuple[int, int, int], figures: Sequence[Figure]) -> dict[str, Any]:
    """The period in numbers."""
    names = ("alerts", "told", "messages", "acted", "held", "p1")
    return {
        **{name: sum(getattr(day, name) for day in days) for name in names},
        "useful": sum(each.useful for each in figures), "noise": sum(each.noise for each in figures),
        "reports": reports[0], "folded": reports[1], "refused": reports[2],
    }  # fmt: skip


def by_day(days: Sequence[Day]) -> list[dict[str, Any]]:
    """Alerts and messages of each day on which there were any."""
    return [{"day": each.day.isoformat(), "alerts": each.alerts, "messages": each.messages} for each in days]


def _first(found: Sequence[Figure], weight: Callable[[Figure], tuple[int, int]]) -> list[dict[str, Any]]:
    ordered = sorted(found, key=lambda each: (*(-number for number in weight(each)), each.source, each.type, each.subject or ""))
    return [{**asdict(each), "last_at": each.last_at.isoformat()} for each in ordered[:SHOWN]]


def _figure(rows: Sequence[Talker]) -> Figure:
    first, nights = rows[0], frozenset[date]().union(*(row.nights for row in rows))
    weighed = [(row.median_seconds, row.alerts) for row in rows if row.median_seconds is not None]
    return Figure(
        first.source, first.type, first.subject if len(rows) == 1 else None, len(rows), first.title, min(row.most_urgent for row in rows),
        any(row.life_safety for row in rows), sum(row.alerts for row in rows), sum(row.reports for row in rows),
        sum(row.told for row in rows), sum(row.messages for row in rows), sum(row.acted for row in rows), sum(row.useful for row in rows),
        sum(row.noise for row in rows), len(nights),
        int(sum(seconds * alerts for seconds, alerts in weighed) / sum(alerts for _, alerts in weighed)) if weighed else None,
        max(row.last_at for row in rows),
    )  # fmt: skip
