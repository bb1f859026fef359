"""What is odd about a backup is odd against its own history; a history that scatters is patient, and a new habit is none."""

from hypothesis import given
from hypothesis import strategies as st

from backups import suspicion
from backups.enums import Suspicion
from backups.suspicion import ENOUGH, HISTORY, Run

SIZES = st.floats(1.0, 1e15)
STEADY = [Run(1000.0, 60.0, 600.0, 1)] * HISTORY


def found(run, history=STEADY):
    return suspicion.judge(run, history).suspicions


def test_each_oddity_is_called_by_its_name():
    assert found(Run(1000.0, 60.0, 600.0, 1)) == []
    assert found(Run(600.0, 60.0, 600.0, 1)) == [Suspicion.TOO_SMALL]
    assert found(Run(1000.0, 20.0, 600.0, 1)) == [Suspicion.TOO_SHORT]
    assert found(Run(1000.0, 60.0, -1800.0, 1)) == [Suspicion.TOO_EARLY]
    assert found(Run(1000.0, 60.0, 600.0, 3)) == [Suspicion.TOO_OFTEN]


def test_a_repeat_by_hand_a_little_less_and_a_little_sooner_are_not_odd():
    assert found(Run(750.0, 31.0, -900.0, 2)) == []


def test_what_is_usual_is_said():
    assert suspicion.judge(STEADY[0], STEADY).usual == {"size_bytes": 1000.0, "duration_seconds": 60.0, "delay_seconds": 600.0}


def test_what_nobody_knows_is_not_odd():
    assert found(Run()) == []
    assert found(Run(1.0, 0.0, -3600.0, 9), [Run()] * HISTORY) == []


def test_after_three_in_the_same_way_it_is_the_habit():
    shrunk = [Run(500.0)] * 3 + [Run(1000.0)] * 17

    assert found(Run(500.0), shrunk) == []
    assert found(Run(500.0), shrunk[1:]) == [Suspicion.TOO_SMALL]


@given(st.lists(SIZES, max_size=ENOUGH - 1), SIZES)
def test_few_runs_are_no_habit(past, size):
    assert found(Run(size), [Run(each) for each in past]) == []


@given(st.lists(SIZES, min_size=ENOUGH, max_size=HISTORY), st.data())
def test_a_little_smaller_than_usual_is_not_small_however_steady_the_history(past, data):
    usual = suspicion.habit(past)
    size = data.draw(st.floats(usual.median * (1.001 - suspicion.SMALLER), 2e15))

    assert found(Run(size), [Run(each) for each in past]) == []


@given(st.lists(SIZES, min_size=ENOUGH, max_size=HISTORY), SIZES, SIZES)
def test_smaller_is_never_less_suspicious(past, one, other):
    small, large = sorted((one, other))
    history = [Run(each) for each in past]

    assert found(Run(small), history) or not found(Run(large), history)


@given(st.lists(st.integers(1, 10**12), min_size=ENOUGH, max_size=HISTORY), st.integers(1, 10**12), st.integers(1, 20))
def test_the_unit_does_not_matter(past, size, power):
    scale = 2.0**power
    assert found(Run(size), [Run(each) for each in past]) == found(Run(size * scale), [Run(each * scale) for each in past])


@given(st.lists(SIZES, min_size=HISTORY, max_size=3 * HISTORY), SIZES)
def test_only_the_newest_twenty_count(past, size):
    history = [Run(each) for each in past]

    assert found(Run(size), history) == found(Run(size), history[:HISTORY])
