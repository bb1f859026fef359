"""The step of a rule, on values alone."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import aggregates, rules
from devices.enums import Closing, Comparison, RulePhase
from devices.rules import Clear, Onset, Rule, State
from notifications.hours import Hours
from tests.conftest import NOON

PARIS = ZoneInfo("Europe/Paris")
LOUD = Rule("lp", Comparison.ABOVE, 80.0, Hours(PARIS), sustained_seconds=2, hysteresis=3.0)
AT_ONCE = replace(LOUD, sustained_seconds=0, hysteresis=0.0)


def run(rule, samples, state=None):
    """Every change that (seconds after noon, value) pairs make, and the last state."""
    state, changes = state or State(), []
    for seconds, value in samples:
        state, change = rules.step(rule, state, NOON + timedelta(seconds=seconds), value)
        changes += [change] if change else []
    return changes, state


def told(changes):
    """Changes as (what, seconds after noon)."""
    return [(type(change).__name__, (change.at - NOON).total_seconds()) for change in changes]


def test_what_stays_beyond_long_enough_has_an_onset_with_its_peak():
    changes, state = run(LOUD, [(0, 85.0), (1, 91.0), (2, 84.0)])

    assert changes == [Onset(NOON + timedelta(seconds=2), NOON, 84.0, 91.0)]
    assert state.phase == RulePhase.ACTIVE


def test_what_comes_back_too_soon_has_none():
    assert run(LOUD, [(0, 85.0), (1, 85.0), (1.9, 79.0), (3, 85.0), (4, 85.0)])[0] == []


def test_it_clears_when_it_stayed_back_by_the_hysteresis():
    changes, state = run(LOUD, [(0, 85.0), (2, 85.0), (3, 78.0), (6, 78.0), (7, 77.0), (9, 76.0)])

    assert told(changes) == [("Onset", 2), ("Clear", 9)]
    assert changes[1] == Clear(NOON + timedelta(seconds=9), Closing.CLEARED, 76.0, 85.0, NOON + timedelta(seconds=2))
    assert (state.phase, state.ended_at) == (RulePhase.QUIET, NOON + timedelta(seconds=9))


def test_one_loud_sample_keeps_it_from_clearing():
    assert told(run(LOUD, [(0, 85.0), (2, 85.0), (3, 70.0), (4, 81.0), (5, 70.0), (6, 70.0)])[0]) == [("Onset", 2)]


def test_above_holds_at_the_threshold_and_below_under_it():
    below = replace(AT_ONCE, comparison=Comparison.BELOW, threshold=35.0)

    assert told(run(AT_ONCE, [(0, 80.0)])[0]) == [("Onset", 0)]
    assert run(below, [(0, 35.0)])[0] == []
    assert told(run(below, [(0, 34.9), (1, 35.0)])[0]) == [("Onset", 0), ("Clear", 1)]


def test_below_clears_over_the_threshold_and_hysteresis():
    dry = replace(AT_ONCE, comparison=Comparison.BELOW, threshold=35.0, hysteresis=2.0)

    changes, _ = run(dry, [(0, 30.0), (1, 28.0), (2, 36.9), (3, 37.0)])

    assert told(changes) == [("Onset", 0), ("Clear", 3)]
    assert changes[1].peak == 28.0


@pytest.mark.parametrize("silence", [5.1, 60.0, 86_400.0])
def test_a_gap_is_not_sustained(silence):
    changes, state = run(LOUD, [(0, 85.0), (silence, 85.0)])

    assert changes == []
    assert (state.phase, state.since) == (RulePhase.RISING, NOON + timedelta(seconds=silence))


def test_a_gap_does_not_sustain_the_clear_either():
    changes, state = run(LOUD, [(0, 85.0), (2, 85.0), (3, 60.0), (100, 60.0)])

    assert told(changes) == [("Onset", 2)]
    assert state.phase == RulePhase.FALLING


def test_no_value_sustains_nothing_and_ends_nothing():
    assert run(LOUD, [(0, 85.0), (1, None), (2, None), (6, 85.0)])[0] == []
    assert told(run(LOUD, [(0, 85.0), (2, 85.0), (3, None), (9, None)])[0]) == [("Onset", 2)]


def test_older_and_doubled_samples_are_none():
    once, state = run(LOUD, [(0, 85.0), (2, 85.0)])
    again, same = run(LOUD, [(2, 60.0), (1, 60.0), (0, 60.0)], state)

    assert (told(once), again, same) == ([("Onset", 2)], [], state)


def test_a_clock_that_was_set_back_does_not_make_a_polled_rule_blind():
    _, state = run(LOUD, [(7200, 60.0)])

    assert told(run(LOUD, [(0, 85.0), (2, 85.0)], state)[0]) == [("Onset", 2)]
    assert run(replace(LOUD, polled=False), [(0, 85.0), (2, 85.0)], state)[0] == []


def test_the_cool_down_delays_an_onset_and_loses_none():
    rule = replace(AT_ONCE, cooldown_seconds=300)
    changes, _ = run(rule, [(0, 85.0), (4, 60.0), *((second, 85.0) for second in range(8, 400, 4))])

    assert told(changes) == [("Onset", 0), ("Clear", 4), ("Onset", 304)]
    assert changes[2].since == NOON + timedelta(seconds=8)


def test_leaving_the_hours_clears_at_once():
    rule = replace(AT_ONCE, hours=Hours(PARIS, time(9), time(13, 1)))  # until 12:01 UTC

    changes, state = run(rule, [(0, 85.0), (59, 85.0), (60, 85.0)])

    assert [(type(change), change.at) for change in changes] == [(Onset, NOON), (Clear, NOON + timedelta(seconds=60))]
    assert (changes[1].closing, state.phase) == (Closing.WINDOW, RulePhase.QUIET)


def test_leaving_the_hours_clears_without_a_value():
    rule = replace(AT_ONCE, hours=Hours(PARIS, time(9), time(13, 1)))

    assert told(run(rule, [(0, 85.0), (61, None)])[0]) == [("Onset", 0), ("Clear", 61)]


def test_a_late_sample_from_before_the_hours_changes_nothing():
    rule = replace(AT_ONCE, polled=False, hours=Hours(PARIS, time(13), time(14)))  # from noon UTC

    assert told(run(rule, [(0, 85.0), (-60, 85.0), (10, 85.0)])[0]) == [("Onset", 0)]


def test_noise_before_the_hours_is_not_sustained_into_them():
    rule = replace(LOUD, hours=Hours(PARIS, time(13), time(14)))

    assert told(run(rule, [(-3, 85.0), (-1, 85.0), (1, 85.0), (2, 85.0), (3, 85.0)])[0]) == [("Onset", 3)]


def test_the_end_of_the_measurement_clears_what_the_meter_accumulated():
    rule = replace(LOUD, metric="lmax", cumulative=True)

    assert told(run(rule, [(0, 85.0), (2, 85.0), (3, 85.0), (4, None), (6, None)])[0]) == [("Onset", 2), ("Clear", 6)]


def test_it_is_learnt_how_often_a_device_pushes():
    rule = replace(LOUD, polled=False, gap_seconds=900.0)
    hour = 3600

    changes, _ = run(rule, [(0, 60.0), (hour, 60.0), (2 * hour, 60.0), (3 * hour, 60.0), (4 * hour, 85.0), (5 * hour, 85.0)])

    assert told(changes) == [("Onset", 5 * hour)]


def test_an_leq_needs_its_window_to_be_measured():
    rule = replace(AT_ONCE, aggregate=aggregates.parse("leq:60"), threshold=70.0)

    changes, _ = run(rule, [(second, 75.0) for second in range(0, 70, 2)])

    assert told(changes) == [("Onset", 48)]


QUIETLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
STEPS = st.lists(st.tuples(st.floats(0.0, 12.0), st.one_of(st.none(), st.floats(60.0, 100.0), st.sampled_from([77.0, 80.0]))), max_size=60)
RULES = st.builds(
    Rule,
    metric=st.just("lp"), comparison=st.sampled_from(Comparison), threshold=st.just(80.0),
    hours=st.sampled_from([Hours(PARIS), Hours(PARIS, time(12), time(13, 2)), Hours(PARIS, time(13, 1), time(13, 3))]),
    sustained_seconds=st.sampled_from([0.0, 2.0, 10.0]), hysteresis=st.sampled_from([0.0, 3.0]),
    cooldown_seconds=st.sampled_from([0.0, 30.0]), gap_seconds=st.just(5.0), polled=st.booleans(), cumulative=st.booleans(),
    aggregate=st.sampled_from([None, *map(aggregates.parse, ("leq:10", "l10:10", "rate:10", "mean:10", "max:10"))]),
)  # fmt: skip


def walked(steps):
    """(seconds after noon, value): the first of each pair is how long after the one before."""
    seconds, walk = 0.0, []
    for pause, value in steps:
        seconds += pause
        walk.append((seconds, value))
    return walk


@QUIETLY
@given(RULES, STEPS)
def test_onsets_and_clears_always_alternate(rule, steps):
    changes, state = run(rule, walked(steps))

    kinds = [type(change) for change in changes]
    assert kinds == [Onset, Clear] * (len(kinds) // 2) + [Onset] * (len(kinds) % 2)
    assert state.active == bool(len(kinds) % 2)


@QUIETLY
@given(RULES, STEPS, st.integers(0, 60))
def test_a_restart_at_any_point_changes_nothing(rule, steps, place):
    walk = walked(steps)
    whole, last = run(rule, walk)

    first, state = run(rule, walk[:place])
    rest, end = run(rule, walk[place:], rules.state_of(json.loads(json.dumps(rules.document(state)))))

    assert (first + rest, end) == (whole, last)


@QUIETLY
@given(RULES, st.lists(st.tuples(st.floats(5.1, 600.0), st.floats(80.0, 100.0)), max_size=40))
def test_gaps_never_sustain(rule, steps):
    rule = replace(rule, sustained_seconds=2.0, polled=True)

    changes, _ = run(rule, walked(steps))

    assert [change for change in changes if isinstance(change, Onset)] == []


@QUIETLY
@given(RULES, STEPS)
def test_an_onset_is_as_old_as_it_must_be_and_its_peak_is_the_worst(rule, steps):
    for change in run(rule, walked(steps))[0]:
        if isinstance(change, Onset):
            worse = max if rule.comparison == Comparison.ABOVE else min
            assert change.at - change.since >= timedelta(seconds=rule.sustained_seconds)
            assert change.peak == worse(change.peak, change.value)


@QUIETLY
@given(STEPS, st.randoms(use_true_random=False))
def test_samples_out_of_order_are_as_if_they_had_not_come(steps, random):
    walk = walked(steps)
    mixed = [each for number, one in enumerate(walk) for each in (one, *random.sample(walk[:number], min(number, 2)))]
    near = [(seconds, value) for seconds, value in walk]
    rule = replace(LOUD, polled=False)

    assert run(rule, mixed)[0] == run(rule, near)[0]


def test_a_state_keeps_its_instants_to_the_microsecond():
    at = datetime(2026, 10, 25, 0, 59, 59, 999_999, tzinfo=UTC)
    state = State(RulePhase.FALLING, at, at, at, 93.4, None, at, ((1.25, 1.0, 10.0**9.34, 2),), (60.0,))

    assert rules.state_of(json.loads(json.dumps(rules.document(state)))) == state
