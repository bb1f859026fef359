"""Energy mean, percentiles and short-window Leq."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import levels

PATIENT = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
LEVELS = st.lists(st.floats(-40, 220), min_size=1, max_size=50)


def test_levels_are_averaged_by_energy():
    assert levels.energy_mean([60.0, 80.0]) == pytest.approx(77.03, abs=0.01)


@pytest.mark.parametrize(
    "empty", [levels.energy_mean, lambda nothing: levels.mean("lp", nothing), lambda nothing: levels.exceeded(nothing, 10)]
)
def test_nothing_has_no_mean(empty):
    assert empty([]) is None


@PATIENT
@given(LEVELS)
def test_energy_mean_lies_between_plain_mean_and_loudest(values):
    mean = levels.energy_mean(values)

    assert math.fsum(values) / len(values) - 1e-9 <= mean <= max(values)


@PATIENT
@given(LEVELS, st.floats(-20, 20))
def test_energy_mean_moves_with_its_levels(values, gain):
    assert levels.energy_mean([value + gain for value in values]) == pytest.approx(levels.energy_mean(values) + gain, abs=1e-6)


@PATIENT
@given(LEVELS, LEVELS)
def test_energy_mean_of_parts_is_that_of_the_whole(one, other):
    parts = [levels.energy_mean(one)] * len(one) + [levels.energy_mean(other)] * len(other)

    assert levels.energy_mean(parts) == pytest.approx(levels.energy_mean(one + other), abs=1e-6)


@PATIENT
@given(LEVELS, st.floats(0, 100), st.floats(0, 100))
def test_the_more_of_the_time_the_lower_is_what_is_exceeded(values, one, other):
    rarely, often = (levels.exceeded(values, percent) for percent in sorted((one, other)))

    assert min(values) <= often <= rarely + 1e-9 <= max(values) + 1e-6


def test_l10_is_the_loud_tenth():
    values = [float(value) for value in range(101)]

    assert [levels.exceeded(values, percent) for percent in (10, 50, 90)] == [90.0, 50.0, 10.0]


def test_a_percentage_lies_between_0_and_100():
    with pytest.raises(ValueError, match="no percentage"):
        levels.exceeded([1.0], 101)


@pytest.mark.parametrize(
    "metric", ["lp", "leq", "le", "lmax", "ln5", "sub1_lp", "lpeak", "lieq", "leq_mov", "ltm5", "laeq", "laf90", "noise_db", "dba"]
)
def test_levels_are_known_by_their_names(metric):
    assert levels.is_level(metric)


@pytest.mark.parametrize("metric", ["humidity", "temperature", "lux", "leak", "level", "lpx", "db_size", "sub1_humidity"])
def test_other_metrics_are_no_levels(metric):
    assert not levels.is_level(metric)


def test_other_metrics_are_averaged_as_they_are():
    assert levels.mean("humidity", [40.0, 50.0]) == 45.0
