"""What a change of the configuration would have meant: the same past, replayed as things are and as they would be."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import tee
from uuid import UUID

from alerts.past import Past
from alerts.replay import Replayed, replay
from alerts.supposing import Setting


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

    ``new``: the reports of which somebody would be told only then.
    """

    reports: int
    before: Counts
    after: Counts
    spared: tuple[UUID, ...]
    messages_spared: int
    new: tuple[UUID, ...]


def effect(past: Iterable[Past], before: Setting, after: Setting) -> Effect:
    """What ``after`` would have changed against ``before``. Pure: it reads only ``past``, which comes in the order of time."""
    one, other = tee(past)
    pairs = list(zip(replay(one, before), replay(other, after), strict=True))
    spared = [was for was, would in pairs if _told(was) and not _told(would)]
    return Effect(
        len(pairs), counts(was for was, _ in pairs), counts(would for _, would in pairs),
        tuple(each.was.alert for each in spared if each.was), sum(each.was.messages for each in spared if each.was),
        tuple(would.id for was, would in pairs if _told(would) and not _told(was)),
    )  # fmt: skip


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


def _told(replayed: Replayed) -> bool:
    return replayed.raises and replayed.course is not None and replayed.course.told_at is not None
