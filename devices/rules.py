"""What a rule makes of each sample: ``step(rule, state, at, value)`` gives the next state, and an onset or a clear. Pure.

* Beyond is *at* the threshold or above it, for a rule "below": under it. Back is beyond no more, by the hysteresis at least.
* Sustained goes from sample to sample. Where more than ``gap_seconds`` lie between two, nothing is known of the time between: what had
  begun to rise or to fall begins anew.
* A sample that is not newer than the last one is none (but see `set_back`). None is no sample either, unless the meter accumulates
  the metric: then its measurement has ended, and with it what was beyond.
* Outside of its hours a rule is quiet at once, and what was measured there is in no aggregate.
* During the cool-down nothing is lost: what is still beyond when it is over has its onset then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from devices import aggregates
from devices.aggregates import Aggregate, Ring
from devices.enums import Closing, Comparison, RulePhase
from notifications.hours import Hours

LEARNT: Final = 5
"""From so many intervals is learnt how often a device pushes."""
GAP_INTERVALS: Final = 3
SET_BACK: Final = timedelta(seconds=30)
"""A polled device's sample that is so much older than the one before proves that our clock was set back."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What to look for. ``metric`` is the one to be fed (see aggregates.fed_by). ``polled``: its samples come one after another."""

    metric: str
    comparison: Comparison
    threshold: float
    hours: Hours
    sustained_seconds: float = 0.0
    hysteresis: float = 0.0
    cooldown_seconds: float = 0.0
    aggregate: Aggregate | None = None
    gap_seconds: float = 5.0
    polled: bool = True
    cumulative: bool = False


class State(NamedTuple):
    """How far a rule got. ``since``: the first sample of the stretch that rises or falls; ``begun_at``: of the one that is active."""

    phase: RulePhase = RulePhase.QUIET
    since: datetime | None = None
    begun_at: datetime | None = None
    onset_at: datetime | None = None
    peak: float | None = None
    ended_at: datetime | None = None
    last_at: datetime | None = None
    ring: Ring = ()
    intervals: tuple[float, ...] = ()

    @property
    def active(self) -> bool:
        """Whether there was an onset and no clear since."""
        return self.phase in (RulePhase.ACTIVE, RulePhase.FALLING)


@dataclass(frozen=True, slots=True)
class Onset:
    """The rule holds since ``since``: at ``at`` for long enough. ``value`` is the present one, ``peak`` the worst."""

    at: datetime
    since: datetime
    value: float
    peak: float


@dataclass(frozen=True, slots=True)
class Clear:
    """It is over. ``value`` is None when nothing was measured (the measurement ended, or the rule's hours)."""

    at: datetime
    closing: Closing
    value: float | None
    peak: float
    onset_at: datetime


Change = Onset | Clear


def step(rule: Rule, state: State, at: datetime, value: float | None) -> tuple[State, Change | None]:
    """Take one sample of ``rule.metric`` in. ``at`` is aware. Constant time, but for aggregates: as many steps as they have entries."""
    if state.last_at is not None and at <= state.last_at:
        if not rule.polled or state.last_at - at < SET_BACK:
            return state, None
        state = set_back(state, at)
    if not rule.hours.contain(at):
        return _outside(state, at)
    if value is None and not rule.cumulative:
        return state, None
    state = _arrived(rule, state, at, value)
    judged = value if rule.aggregate is None else aggregates.value(rule.aggregate, state.ring, at.timestamp())
    if judged is None and not rule.cumulative:
        return state, None
    return _fall(rule, state, at, judged) if state.active else _rise(rule, state, at, judged)


def document(state: State) -> dict[str, Any]:
    """``state`` as JSON values; `state_of` gives it back unchanged."""
    return {
        "phase": state.phase.value,
        **{name: instant.isoformat() for name in _INSTANTS if (instant := getattr(state, name)) is not None},
        **({} if state.peak is None else {"peak": state.peak}),
        **({"ring": aggregates.document(state.ring)} if state.ring else {}),
        **({"intervals": list(state.intervals)} if state.intervals else {}),
    }


def state_of(document: dict[str, Any]) -> State:
    """The state that ``document`` describes; a fresh one for {}. Raises ValueError, KeyError or TypeError for anything else."""
    instants = {name: datetime.fromisoformat(document[name]) for name in _INSTANTS if document.get(name)}
    return State(
        phase=RulePhase(document.get("phase", RulePhase.QUIET)),
        peak=None if document.get("peak") is None else float(document["peak"]),
        ring=aggregates.ring_of(document.get("ring", [])),
        intervals=tuple(float(each) for each in document.get("intervals", [])),
        **instants,
    )


def resumed(state: State, *, onset_at: datetime, peak: float) -> State:
    """``state``, active since ``onset_at`` whatever it says itself."""
    return state._replace(phase=RulePhase.ACTIVE, since=None, begun_at=state.begun_at or onset_at, onset_at=onset_at, peak=peak)


def set_back(state: State, at: datetime) -> State:
    """Our clock, or a sender's, was set back: begin anew from here, or the rule would be blind until the old time comes again."""
    ended_at = None if state.ended_at is None else min(state.ended_at, at)
    return _broken(state)._replace(last_at=None, ring=(), ended_at=ended_at)


def gap_seconds(rule: Rule, state: State) -> float:
    """More than so many seconds between two samples are a gap. For a device that pushes it is learnt how often it does."""
    if rule.polled or len(state.intervals) < GAP_INTERVALS:
        return rule.gap_seconds
    return max(rule.gap_seconds, GAP_INTERVALS * sorted(state.intervals)[len(state.intervals) // 2])


def is_beyond(rule: Rule, value: float) -> bool:
    """Whether ``value`` is on the bad side of the threshold."""
    return value >= rule.threshold if rule.comparison == Comparison.ABOVE else value < rule.threshold


def is_back(rule: Rule, value: float) -> bool:
    """Whether ``value`` is on the good side of threshold and hysteresis."""
    if is_beyond(rule, value):
        return False
    if rule.comparison == Comparison.ABOVE:
        return value <= round(rule.threshold - rule.hysteresis, 9)
    return value >= round(rule.threshold + rule.hysteresis, 9)


_INSTANTS: Final = ("since", "begun_at", "onset_at", "ended_at", "last_at")


def _outside(state: State, at: datetime) -> tuple[State, Change | None]:
    rest = State(ended_at=state.ended_at, last_at=at, intervals=state.intervals)
    if not state.active:
        return rest, None
    ended = Clear(at, Closing.WINDOW, None, state.peak or 0.0, state.onset_at or at)
    return rest._replace(ended_at=at), ended


def _broken(state: State) -> State:
    """Nothing has lasted over a gap."""
    return state._replace(phase=RulePhase.ACTIVE if state.active else RulePhase.QUIET, since=None)


def _arrived(rule: Rule, state: State, at: datetime, value: float | None) -> State:
    """The state with the sample in its ring, and what lasted broken off if there was a gap before it."""
    elapsed = 0.0 if state.last_at is None else (at - state.last_at).total_seconds()
    gap = elapsed > gap_seconds(rule, state)
    if gap:
        state = _broken(state)
    intervals, ring = state.intervals, state.ring
    if not rule.polled and elapsed > 0.0:
        intervals = (*intervals[1 - LEARNT :], elapsed)
    if rule.aggregate is not None and value is not None:
        ring = aggregates.add(rule.aggregate, ring, at.timestamp(), value, 0.0 if gap else elapsed)
    return state._replace(last_at=at, intervals=intervals, ring=ring)


def _rise(rule: Rule, state: State, at: datetime, value: float | None) -> tuple[State, Change | None]:
    if value is None or not is_beyond(rule, value):
        if state.phase is RulePhase.QUIET and state.peak is None:
            return state, None
        return state._replace(phase=RulePhase.QUIET, since=None, peak=None), None
    since = state.since or at
    peak = _worse(rule, state.peak if state.since else None, value)
    cool = state.ended_at is None or at - state.ended_at >= timedelta(seconds=rule.cooldown_seconds)
    if at - since < timedelta(seconds=rule.sustained_seconds) or not cool:
        return state._replace(phase=RulePhase.RISING, since=since, peak=peak), None
    begun = state._replace(phase=RulePhase.ACTIVE, since=None, begun_at=since, onset_at=at, peak=peak)
    return begun, Onset(at, since, value, peak)


def _fall(rule: Rule, state: State, at: datetime, value: float | None) -> tuple[State, Change | None]:
    if value is not None:
        state = state._replace(peak=_worse(rule, state.peak, value))
        if not is_back(rule, value):
            return state._replace(phase=RulePhase.ACTIVE, since=None), None
    since = state.since or at
    if at - since < timedelta(seconds=rule.sustained_seconds):
        return state._replace(phase=RulePhase.FALLING, since=since), None
    quiet = state._replace(phase=RulePhase.QUIET, since=None, begun_at=None, onset_at=None, peak=None, ended_at=at)
    return quiet, Clear(at, Closing.CLEARED, value, state.peak or 0.0, state.onset_at or at)


def _worse(rule: Rule, peak: float | None, value: float) -> float:
    if peak is None:
        return value
    return max(peak, value) if rule.comparison == Comparison.ABOVE else min(peak, value)
