"""What would be held back as flapping with other limits: the engine's own rules (flapping.py), played over the past. Pure.

A replay does not know flapping; this does. What is still open when it is calm is told then, and is not counted as held back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from alerts import flapping
from alerts.enums import Priority, Resolution
from alerts.flapping import Limits
from alerts.noise.kinds import Raised

TRIED: Final = tuple(
    Limits(opens, 1, timedelta(minutes=minutes)) for opens in (5, 4, 3) for minutes in (30, 60, 120, 240)
)  # fmt: skip
"""From the mildest to the strictest."""
QUICKLY: Final = timedelta(hours=2)
FEW: Final = 2


def held(alerts: Iterable[Raised], limits: Limits | None) -> list[Raised]:
    """Those of ``alerts`` (of one source, in the order of time) of which nobody would be told, as their key flaps."""
    return [] if limits is None else [each for those in keys(alerts).values() for each in _held(those, limits)]


def keys(alerts: Iterable[Raised]) -> dict[str, list[Raised]]:
    """The alerts that may flap, by their key."""
    found: dict[str, list[Raised]] = {}
    for each in alerts:
        if each.was.priority != Priority.P1:
            found.setdefault(each.report.dedup_key or "", []).append(each)
    return found


def best(alerts: Sequence[Raised], now: Limits | None) -> tuple[Limits, list[Raised]] | None:
    """The mildest of the limits that would spare people the most messages, and what it holds back; None when none spares any more.

    Limits that would tell of anything that is held back now are no calmer.
    """
    spared = {each.was.alert for each in held(alerts, now)}
    found, most = None, 0
    for limits in TRIED:
        then = held(alerts, limits)
        more = [each for each in then if each.was.alert not in spared]
        messages = sum(each.told for each in more)
        if messages > most and spared <= {each.was.alert for each in then}:
            found, most = (limits, more), messages
    return found


def restless(alerts: Iterable[Raised], *, shown: int) -> list[dict[str, Any]]:
    """The keys that came back within QUICKLY after they had gone, the most often first: ``shown`` of them at the most."""
    by_source: dict[str, list[Raised]] = {}
    for each in alerts:
        by_source.setdefault(each.report.source, []).append(each)
    found: list[dict[str, Any]] = []
    for source, those in by_source.items():
        for opens in keys(those).values():
            times = sum(_came_back(one, other) for one, other in pairwise(opens))
            held = sum(any(reason["kind"] == "flapping" for reason in each.was.held) for each in opens)
            if times >= FEW:
                title, messages = opens[-1].report.title, sum(each.told for each in opens)
                found.append({"source": source, "title": title, "times": times + 1, "held": held, "messages": messages})
    return sorted(found, key=lambda each: (-each["times"], -each["messages"], each["source"], each["title"]))[:shown]


def _came_back(one: Raised, other: Raised) -> bool:
    return one.was.closed_at is not None and other.at - one.was.closed_at <= QUICKLY


def _held(alerts: Sequence[Raised], limits: Limits) -> list[Raised]:
    opens: list[datetime] = []
    found: list[Raised] = []
    flaps = False
    for each in alerts:
        calm = flapping.calm_at(opens, limits)
        flaps = flaps and calm is not None and calm > each.at
        opens = [*opens[-max(limits.opens, limits.calm + 1) :], each.at]
        if flaps:
            calm = flapping.calm_at(opens, limits)
            flaps = calm is not None and each.was.closed_at is not None and each.was.closed_at <= calm  # else it is told when it is calm
            found += [each] if flaps else []
        else:
            flaps = flapping.begins(opens, limits, at=each.at)
        if not _counts(each):
            opens.pop()
    return found


def _counts(each: Raised) -> bool:
    """Only what was resolved, and was no test, counts as having come and gone."""
    return each.was.closed_at is not None and each.was.resolution not in ("", Resolution.TEST)
