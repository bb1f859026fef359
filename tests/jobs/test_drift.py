import pytest

from jobs import drift
from jobs.drift import DURATION, Figures

STEADY = [Figures(60_000 + 500 * n, {"rows": 1000 + n, "errors": 0, "ratio": 0.5}) for n in range(10)]


def odd(duration_ms=60_000, history=STEADY, **stats):
    return [each.name for each in drift.find(Figures(duration_ms, stats), history)]


def test_a_run_like_the_others_is_no_drift():
    assert odd(63_000, rows=1012, errors=0, ratio=0.5) == []


@pytest.mark.parametrize("duration_ms", [200_000, 1_000])
def test_a_run_much_longer_or_much_shorter_than_usual_is_one(duration_ms):
    assert odd(duration_ms) == [DURATION]


def test_a_figure_that_was_always_nothing_and_is_five_now_is_one():
    assert odd(errors=5) == ["errors"]


def test_the_oddest_comes_first():
    assert odd(rows=0, errors=400) == ["errors", "rows"]


def test_one_odd_night_does_not_change_what_is_usual():
    history = [*STEADY, Figures(3_600_000, {"rows": 0})]

    assert (odd(63_000, history, rows=1004), odd(63_000, history, rows=0)) == ([], ["rows"])


def test_a_short_history_says_nothing():
    assert odd(900_000, STEADY[: drift.FEWEST - 1], rows=0) == []


def test_seconds_more_or_less_interest_nobody():
    assert odd(4_000, [Figures(20, {})] * 10) == []


@pytest.mark.parametrize("value", [None, "many", True, float("nan"), float("inf"), 10**400, [1], {"a": 1}])
def test_what_is_no_number_is_left_out(value):
    assert odd(rows=value) == []
    assert drift.find(Figures(None, {"rows": 1}), [Figures(None, {"rows": value})] * 20) == []


def test_so_many_times_the_usual():
    (found,) = drift.find(Figures(180_000, {}), [Figures(60_000, {})] * 10)

    assert (found.value, found.usual, found.times) == (180_000, 60_000, 3)
