"""What a change of the configuration would have meant: the same past, replayed as things are and as they would be."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import tee
from typing import Any, Final
from uuid import UUID

from alerts.past import Past
from alerts.replay import SOON, Course, Replayed, replay
from alerts.supposing import Setting

NAMED: Final = 100
"""So many alerts of a list are named."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One replay in numbers. ``told``: alerts of which people are told; ``held``: alerts held back for a while or to their end."""

    alerts: int
    told: int
    held: int
    grouped: int
    by_priority: dict[str, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """Both replays, and where they part. ``spared``: the alerts of which nobody would be told any more, and the messages that they were.

    ``new``: the reports of which somebody would be told only then. ``otherwise``: alerts that would be told with another priority or by
    another policy; ``later``: those told as they were, but later.
    """

    reports: int
    before: Counts
    after: Counts
    spared: tuple[UUID, ...]
    messages_spared: int
    new: tuple[UUID, ...]
    otherwise: tuple[UUID, ...] = ()
    later: tuple[UUID, ...] = ()


def effect(past: Iterable[Past], before: Setting, after: Setting) -> Effect:
    """What ``after`` would have changed against ``before``. Pure: it reads only ``past``, which comes in the order of time."""
    one, other = tee(past)
    pairs = list(zip(replay(one, before), replay(other, after), strict=True))
    return compare([was for was, _ in pairs], [would for _, would in pairs])


def compare(before: Sequence[Replayed], after: Sequence[Replayed]) -> Effect:
    """Where two replays of the same past part. Both have come to their end."""
    pairs = list(zip(before, after, strict=True))
    spared = [was.was for was, would in pairs if told(was) and not told(would) and was.was]
    both = [(was.was.alert, was.course, would.course) for was, would in pairs if was.was and told(was) and told(would)]
    return Effect(
        len(pairs), counts(before), counts(after), tuple(each.alert for each in spared), sum(each.messages for each in spared),
        tuple(would.id for was, would in pairs if told(would) and not told(was)),
        tuple(alert for alert, one, other in both if one and other and _way(one) != _way(other)),
        tuple(alert for alert, one, other in both if one and other and _way(one) == _way(other) and _later(one, other)),
    )  # fmt: skip


def describe(found: Effect) -> dict[str, Any]:
    """``found`` as api.md answers it. Of each list the first alerts are named, and all are counted."""
    lists = {"spared": found.spared, "new": found.new, "otherwise": found.otherwise, "later": found.later}
    return {
        "reports": found.reports, "before": asdict(found.before), "after": asdict(found.after), "messages_spared": found.messages_spared,
        **{name: {"count": len(ids), "first": [str(pk) for pk in ids[:NAMED]]} for name, ids in lists.items()},
    }  # fmt: skip


def counts(replayed: Iterable[Replayed]) -> Counts:
    """The alerts that ``replayed`` would raise, counted."""
    courses = [each.course for each in replayed if each.raises and each.course]
    priorities = [f"P{course.priority}" for course in courses]
    return Counts(
        alerts=len(courses),
        told=sum(course.told_at is not None for course in courses),
        held=sum(bool(course.held) for course in courses),
        grouped=sum(course.grouped for course in courses),
        by_priority={word: priorities.count(word) for word in sorted(set(priorities))},
    )


def _way(course: Course) -> tuple[int, int]:
    return course.choice.snapshot.pk, course.priority


def _later(one: Course, other: Course) -> bool:
    return one.told_at is not None and other.told_at is not None and other.told_at - one.told_at > SOON


def told(replayed: Replayed) -> bool:
    """Whether anybody would be told of it before it ends."""
    return replayed.raises and replayed.course is not None and replayed.course.told_at is not None
