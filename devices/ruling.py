"""Rules where samples come in: the monitor's loop for devices it polls, the request for those that push.

In the loop nothing but the pure step runs (`Ruling.feed`); the database is only asked where a rule changed (`Ruling.record`, in a
thread). What cannot be written at the moment waits in order and is written by the next call: an onset is never lost to an outage.
"""

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction

from devices import rule_events, rule_rows, rules
from devices.models import AlertRule, Device, RuleState
from devices.rules import Clear, Onset, Rule, State

PEAK_EVERY: Final = timedelta(seconds=10)
"""So often, at most, a growing peak is written."""
KEEP_EVERY: Final = timedelta(seconds=60)
"""So often, at most, the ring of an aggregate is written; sixty times in its window where that is rarer."""
LONG: Final = 30.0
"""Rules that are sustained for so many seconds have every change of phase stored; for a shorter one it would be a gap anyway until
another monitor takes over."""
FUTURE: Final = timedelta(minutes=5)
"""Readings from further in the future are no base for a rule: all that come after would be too old."""
Sample = tuple[datetime, Mapping[str, float | None]]
"""An instant, and the values measured then by metric."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """Something about a rule that must be stored. ``what`` is None for a mere change of phase, or a new peak."""

    rule_id: int
    version: int
    what: Onset | Clear | None
    state: State


class Fed(NamedTuple):
    """What pushed readings did: the changes, and how many readings were too old (or from the future) for at least one rule."""

    changes: list[Change]
    ignored: int


@dataclass(slots=True)
class _Held:
    """A rule in memory. ``stored_at``: the RuleState's ``changed_at`` that ``state`` goes back to."""

    pk: int
    version: int
    rule: Rule
    state: State
    stored_at: datetime | None
    peak_at: datetime | None = None
    kept_at: datetime | None = None


class Ruling:
    """The rules of the devices that one monitor polls. `feed` belongs to its loop; `load` and `record` block: one thread each."""

    def __init__(self) -> None:
        self._held: dict[int, list[_Held]] = {}
        self._waiting: list[Change] = []
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """So many changes could not be written yet: call `record` again, if only with nothing new."""
        return len(self._waiting)

    def watches(self, device_id: int) -> bool:
        """Whether a rule looks at the device."""
        return bool(self._held.get(device_id))

    def load(self, device_ids: Iterable[int], *, at: datetime) -> None:
        """Hold the rules of exactly these devices. Call it when a device was taken over, and whenever rules or devices changed.

        What is in memory stays, unless the rule was edited or another process wrote its state; else the stored state is taken up, and
        led on over the readings that were stored since: what they change waits for `record`. Raises DatabaseError; then nothing is changed.
        """
        with self._lock:
            known = {held.pk: held for listed in self._held.values() for held in listed}
            busy = {change.rule_id for change in self._waiting}
            found: dict[int, list[_Held]] = {}
            missed: list[Change] = []
            live = AlertRule.objects.filter(device__in=set(device_ids), enabled=True, device__enabled=True)
            for row in live.select_related("device", "state").order_by("device_id", "pk"):
                held = known.get(row.pk)
                if held is None or not _is_current(held, row, busy=row.pk in busy):
                    held = _taken_up(row, at=at)
                    missed += _led_on(held, row.device_id, at=at)
                held.rule = rule_rows.rule_of(row)
                found.setdefault(row.device_id, []).append(held)
            self._waiting += missed
            self._held = found

    def forget(self, device_id: int) -> None:
        """Another monitor has the device now, or nobody: its states are read anew when it comes back."""
        self._held.pop(device_id, None)

    def feed(self, device_id: int, at: datetime, values: Mapping[str, float | None]) -> list[Change]:
        """Take a sample in. Quick, and touches nothing but memory. What it returns must be given to `record`, in this order."""
        changes = []
        for held in self._held.get(device_id, ()):
            if held.rule.metric not in values:
                continue
            before = held.state
            held.state, what = rules.step(held.rule, before, at, values[held.rule.metric])
            if what is not None or _worth_storing(held, before, at):
                changes.append(Change(held.pk, held.version, what, held.state))
        return changes

    def record(self, changes: Sequence[Change], *, at: datetime) -> int:
        """Store ``changes``, after those that wait: alerts are raised and resolved. Returns how many still wait.

        Each is a transaction of its own. One that fails holds back its own rule's only. Raises nothing.
        """
        with self._lock:
            queue, self._waiting = [*self._waiting, *changes], []
            stuck: set[int] = set()
            for change in queue:
                if change.rule_id in stuck or not self._stored(change, at=at):
                    stuck.add(change.rule_id)
                    self._waiting.append(change)
            return len(self._waiting)

    def _stored(self, change: Change, *, at: datetime) -> bool:
        try:
            stored = store(change, at=at)
        except Exception:  # whatever it is: the next call tries again, and other rules must not wait for it
            logger.exception("a change of rule %s could not be stored; it will be tried again", change.rule_id)
            return False
        for held in (held for listed in self._held.values() for held in listed if stored and held.pk == change.rule_id):
            held.stored_at = at
        return True


def store(change: Change, *, at: datetime) -> bool:
    """Write one change, in one transaction. False: the rule was edited, switched off or deleted since; nothing was written."""
    with transaction.atomic():
        row = rule_events.lock(change.rule_id)
        if row is None or not rule_events.is_watched(row, change.version):
            return False
        rule_events.apply(row, change.what, change.state, at=at)
    return True


def feed_pushed(device: Device, readings: Iterable[Sample], *, at: datetime, fresh: Collection[datetime] = ()) -> Fed:
    """Take the readings (instant, values) of one device in that come by themselves; committed on return.

    Each change of a rule is a transaction of its own that holds the rule's row: concurrent requests come one after another, and a batch
    that changes a rule hundreds of times does not hold up everybody else's reports. Readings are taken in their own order; those not newer
    than what a rule has seen already, and those from the future, are not judged, and counted. ``fresh``: the instants of those that were
    never sent before.
    """
    ordered = sorted(readings, key=lambda reading: reading[0])
    changes: list[Change] = []
    ignored: set[datetime] = {instant for instant, _ in ordered if instant > at + FUTURE}
    usable = [reading for reading in ordered if reading[0] <= at + FUTURE]
    for pk in AlertRule.objects.filter(device=device, enabled=True, device__enabled=True).order_by("pk").values_list("pk", flat=True):
        rest: Sequence[Sample] = usable
        while rest:
            with transaction.atomic():
                row = rule_events.lock(pk)
                if row is None or not rule_events.is_watched(row, row.version):
                    break
                found, rest = _push(row, rest, ignored, fresh, at=at)
                changes += found
    return Fed(changes, len(ignored))


def _push(
    row: AlertRule, readings: Sequence[Sample], ignored: set[datetime], fresh: Collection[datetime], *, at: datetime
) -> tuple[list[Change], Sequence[Sample]]:
    """Judge ``readings`` up to the first that changes the rule. Returns that change, and the readings that come after it."""
    rule, state = rule_rows.rule_of(row), rule_rows.stored_state(row)
    first = state = rule_events.repaired(row, state, at=at)
    for place, (instant, values) in enumerate(readings):
        if rule.metric not in values:
            continue
        if state.last_at is not None and instant <= state.last_at:
            if instant in fresh and _is_hidden(rule, state, instant, values[rule.metric], at=at):
                state = rules.set_back(state, instant)
            else:
                ignored.add(instant)
        state, what = rules.step(rule, state, instant, values[rule.metric])
        if what is not None:
            rule_events.apply(row, what, state, at=at)
            return [Change(row.pk, row.version, what, state)], readings[place + 1 :]
    if state != first:
        rule_events.apply(row, None, state, at=at)
    return [], ()


def _is_hidden(rule: Rule, state: State, instant: datetime, value: float | None, *, at: datetime) -> bool:
    """Whether ``value`` would raise an alarm, and only a reading from the future, by a wrong clock or a wrong sender, stands before it.

    Such a reading may delay the end of an alarm, but never its beginning.
    """
    is_ahead = state.last_at is not None and state.last_at > at and instant > at - FUTURE
    return is_ahead and not state.active and value is not None and rules.is_beyond(rule, value)


def _is_current(held: _Held, row: AlertRule, *, busy: bool) -> bool:
    """Whether what is held is as new as what is stored. ``busy``: it is newer, and could not be written yet."""
    stored: RuleState | None = getattr(row, "state", None)
    return held.version == row.version and (busy or held.stored_at == (stored.changed_at if stored is not None else None))


def _taken_up(row: AlertRule, *, at: datetime) -> _Held:
    """The rule as it was stored, in agreement with its event."""
    stored: RuleState | None = getattr(row, "state", None)
    state = rule_rows.readable(stored if stored is not None and stored.version == row.version else None)
    with transaction.atomic():
        locked = rule_events.lock(row.pk)
        if locked is not None and locked.version == row.version:
            state = rule_events.repaired(locked, state, at=at)
    return _Held(row.pk, row.version, rule_rows.rule_of(row), state, stored.changed_at if stored is not None else None)


def _led_on(held: _Held, device_id: int, *, at: datetime) -> list[Change]:
    """Judge the readings that were stored after the state was: whoever had the device before us may not have lived to do it.

    What was measured before the state belongs to the window of an aggregate, and to nothing else.
    """
    begun_at, past = held.state.last_at, State()
    changes = []
    for instant, value in rule_rows.samples(device_id, held.rule.metric, since=at - rule_rows.lookback(held.rule)):
        if begun_at is not None and instant <= begun_at:
            past, _ = rules.step(held.rule, past, instant, value)
            continue
        held.state, what = rules.step(held.rule, _with_past(held.state, past), instant, value)
        if what is not None:
            changes.append(Change(held.pk, held.version, what, held.state))
    held.state = _with_past(held.state, past)
    return changes


def _with_past(state: State, past: State) -> State:
    """``state``, with what ``past`` measured where it has nothing of its own."""
    return state._replace(ring=past.ring) if past.ring and not state.ring else state


def _worth_storing(held: _Held, before: State, at: datetime) -> bool:
    """A new phase where it may have to outlive us, a new peak now and then."""
    if held.state.phase != before.phase and held.rule.sustained_seconds >= LONG:
        return True
    if held.rule.aggregate is not None:
        held.kept_at = held.kept_at or at
        if at - held.kept_at >= max(KEEP_EVERY, timedelta(seconds=held.rule.aggregate.seconds / 60)):
            held.kept_at = at
            return True
    if not held.state.active or held.state.peak == before.peak or (held.peak_at is not None and at - held.peak_at < PEAK_EVERY):
        return False
    held.peak_at = at
    return True
