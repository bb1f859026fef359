"""What a frozen policy means in time: pure functions of values, no clock and no database.

Steps are numbered 0 … n-1. Number n is the last resort. Every number after n repeats the last step.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.enums import AckTimeoutAction, AlertStatus, StopsAt

RETRY_UNTOLD_SECONDS = 300
"""How often the last step is tried again when nobody at all could be told."""
LAST_RESORT_GRACE_SECONDS = 900
"""How long the last resort has to answer before an alert that was seen and not acknowledged expires."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Group slugs, recipient ids and on-call schedule ids (text). False when it names nobody."""

    groups: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    schedules: frozenset[str] = frozenset()

    def __or__(self, other: "Targets") -> "Targets":
        return Targets(self.groups | other.groups, self.recipients | other.recipients, self.schedules | other.schedules)

    def __bool__(self) -> bool:
        return bool(self.groups or self.recipients or self.schedules)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan. ``kinds`` empty: every transport."""

    delay: timedelta
    label: str
    urgency: str
    kinds: frozenset[str]
    targets: Targets


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy as frozen on an alert; see policies.document for the fields."""

    name: str
    steps: tuple[Step, ...]
    last_resort: Targets
    stops_at: StopsAt
    seen_hold: timedelta | None
    min_gap: timedelta
    repeat: timedelta | None
    last_resort_after: timedelta
    expires_after: timedelta
    seen_timeout: timedelta
    ack_timeout: timedelta
    ack_timeout_action: AckTimeoutAction

    @property
    def last_resort_step(self) -> int:
        """The number of the last resort."""
        return len(self.steps)

    def step_at(self, number: int) -> Step:
        """The step a number stands for; the last resort and the repeats say it as the last step does."""
        return self.steps[min(number, len(self.steps) - 1)]

    def planned_at(self, number: int, *, start: datetime) -> datetime | None:
        """When step ``number`` is planned in a round that began at ``start``; None for a repeat, which has no fixed time."""
        if number < len(self.steps):
            return start + self.steps[number].delay
        if number == len(self.steps):
            return start + self.steps[-1].delay + self.last_resort_after
        return None

    def due(self, number: int, *, start: datetime, at: datetime) -> range:
        """The steps to take together at ``at`` when ``number`` is next and due: more than one only after an outage.

        The last resort and the repeats are never joined with the steps before them: those are heard first.
        """
        last = number
        while last + 1 < len(self.steps) and start + self.steps[last + 1].delay <= at:
            last += 1
        return range(number, last + 1)

    def next_at(self, number: int, *, start: datetime, at: datetime, sent: bool, told: bool) -> datetime | None:
        """When step ``number`` is due, the one before it having been taken at ``at``.

        ``sent``: that step told somebody. If not, the next one is due at once. ``told``: somebody was told about
        this alert at any time. None: no further step.
        """
        planned = self.planned_at(number, start=start)
        if planned is None:
            repeat = self.repeat or (None if told else timedelta(seconds=RETRY_UNTOLD_SECONDS))
            return at + repeat if repeat else None
        return max(planned, at + self.min_gap) if sent else at

    def deadline(self, status: str, *, since: datetime) -> datetime | None:
        """When an alert that has had ``status`` since ``since`` times out."""
        if status == AlertStatus.SEEN:
            return since + self.seen_timeout
        if status == AlertStatus.ACKNOWLEDGED:
            return since + self.ack_timeout
        return since + self.expires_after


def parse(document: dict[str, Any]) -> Plan:
    """The plan written in a PolicySnapshot's document."""

    def seconds(name: str) -> timedelta:
        return timedelta(seconds=document[name])

    def optional(name: str) -> timedelta | None:
        return None if document[name] is None else timedelta(seconds=document[name])

    return Plan(
        name=document["name"],
        steps=tuple(_step(step) for step in sorted(document["steps"], key=lambda step: int(step["delay_seconds"]))),
        last_resort=_targets(document["last_resort"]),
        stops_at=StopsAt(document["stops_at"]),
        seen_hold=optional("seen_hold_seconds"),
        min_gap=seconds("min_gap_seconds"),
        repeat=optional("repeat_seconds"),
        last_resort_after=seconds("last_resort_after_seconds"),
        expires_after=seconds("expires_after_seconds"),
        seen_timeout=seconds("seen_timeout_seconds"),
        ack_timeout=seconds("ack_timeout_seconds"),
        ack_timeout_action=AckTimeoutAction(document["ack_timeout_action"]),
    )


def _step(step: dict[str, Any]) -> Step:
    return Step(timedelta(seconds=step["delay_seconds"]), step["label"], step["urgency"], frozenset(step["kinds"]), _targets(step))


def _targets(part: dict[str, Any]) -> Targets:
    schedules = part.get("schedules", ())  # documents frozen before there were schedules have none
    return Targets(frozenset(part["groups"]), frozenset(part["recipients"]), frozenset(schedules))
