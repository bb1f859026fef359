"""How loud a policy is: what it would write, when, to whom, if nobody answered; and which of the policies there are is the calmest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alerts import policies, simulation
from alerts.enums import AlertStatus, Severity
from alerts.models import Alert, PolicySnapshot, Source
from alerts.noise.rows import LOUD

LOOKED: Final = timedelta(hours=2)
"""So much of a policy is looked at."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A step: how long after the alert, how many messages, and how many of those make a telephone ring or buzz."""

    after: timedelta
    messages: int
    loud: int


@dataclass(frozen=True, slots=True)
class Loudness:
    """A policy with its turns."""

    name: str
    snapshot: int
    turns: tuple[Turn, ...]
    repeat: timedelta | None = None

    @property
    def rank(self) -> tuple[int, int]:
        """The calmer the smaller: first by what rings, then by everything."""
        return sum(turn.loud for turn in self.turns), sum(turn.messages for turn in self.turns)

    @property
    def reaches(self) -> bool:
        """Whether its first step tells anybody at all."""
        return bool(self.turns) and self.turns[0].messages > 0

    def messages(self, until: timedelta) -> int:
        """How many it writes about an alert that is taken or over after ``until``: its steps, and the repeats of the last one."""
        planned = sum(turn.messages for turn in self.turns if turn.after < until)
        if not self.turns or not self.repeat or until <= self.turns[-1].after:
            return planned
        return planned + int((until - self.turns[-1].after) / self.repeat) * self.turns[-1].messages


def loudness(snapshots: Iterable[PolicySnapshot], source: Source, *, at: datetime) -> dict[int, Loudness]:
    """How loud each policy is today about a P4, by its snapshot's id."""
    return {snapshot.pk: _measured(snapshot, source, at=at) for snapshot in snapshots}


def calmest(known: Mapping[int, Loudness]) -> Loudness | None:
    """The calmest policy that tells somebody at once."""
    return min((each for each in known.values() if each.reaches), key=lambda each: (each.rank, each.name), default=None)


def _measured(snapshot: PolicySnapshot, source: Source, *, at: datetime) -> Loudness:
    plan = policies.plan_of(snapshot)
    alert = Alert(
        number=0, source=source, policy=snapshot, title="(a supposed report)", status=AlertStatus.PENDING, priority=4,
        severity=Severity.LOW, dedup_key="", created_at=at, first_seen_at=at, last_seen_at=at, round_started_at=at,
    )  # fmt: skip
    alert._prefetched_objects_cache = {"opinions": []}  # type: ignore[attr-defined]
    turns = []
    for turn in simulation.turns_of(alert, plan, start=at, until=at + LOOKED):
        kinds = [way.method.kind for call in turn.calls for way in call.ways]
        turns.append(Turn(turn.at - at, len(kinds), sum(kind in LOUD for kind in kinds)))
    return Loudness(snapshot.name, snapshot.pk, tuple(turns), plan.repeat)
