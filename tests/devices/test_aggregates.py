"""What rules judge over the last seconds, against the plain formulas."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import aggregates, levels
from devices.aggregates import Aggregate

PLAINLY = {
    "leq": levels.energy_mean, "l10": lambda values: levels.exceeded(values, 10), "l90": lambda values: levels.exceeded(values, 90),
    "mean": lambda values: sum(values) / len(values), "min": min, "max": max,
}  # fmt: skip


def ring_of(aggregate, values, *, every=1.25):
    """The ring after one value every so many seconds, and the instant of the last."""
    ring, at = (), 0.0
    for value in values:
        at += every
        ring = aggregates.add(aggregate, ring, at, value, every)
    return ring, at


def over(text, values, *, every=1.25):
    aggregate = aggregates.parse(text)
    ring, at = ring_of(aggregate, values, every=every)
    return aggregates.value(aggregate, ring, at)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(PLAINLY)), st.lists(st.floats(20.0, 120.0), min_size=8, max_size=60))
def test_it_is_what_the_formula_says_of_the_samples_in_the_window(kind, values):
    assert over(f"{kind}:10", values) == pytest.approx(PLAINLY[kind](values[-8:]), abs=1e-5)


@pytest.mark.parametrize("kind", ["leq", "mean", "min", "max"])
def test_putting_neighbours_together_changes_nothing_but_the_edge(kind):
    values = [60.0 + (number * 7) % 31 for number in range(36_000)]  # ten a second, for an hour

    assert over(f"{kind}:3600", values, every=0.1) == pytest.approx(PLAINLY[kind](values), abs=0.02)


def test_two_equal_halves_of_60_and_80_db_are_77_db():
    assert over("leq:10", [60.0, 80.0] * 5, every=1.0) == pytest.approx(77.03, abs=0.01)


def test_a_rate_is_the_change_within_its_time():
    assert over("rate:60", [40.0 + number for number in range(10)], every=20.0) == pytest.approx(3.0)
    assert over("rate:60", [40.0 - number for number in range(10)], every=45.0) == pytest.approx(-60 / 45)


@pytest.mark.parametrize("kind", ["leq", "l10", "mean", "min", "max", "rate"])
def test_without_most_of_its_window_there_is_no_value(kind):
    assert over(f"{kind}:60", [70.0] * 47, every=1.0) is None
    assert over(f"{kind}:60", [70.0] * 62, every=1.0) is not None


def test_the_ring_is_bounded_however_many_samples_come():
    for text, most in (("leq:86400", 602), ("l10:3600", 3602), ("rate:600", 604)):
        aggregate = aggregates.parse(text)
        assert len(ring_of(aggregate, [60.0] * 20_000, every=0.5)[0]) <= most


@pytest.mark.parametrize(
    ("text", "found"),
    [("", None), ("leq:300", Aggregate("leq", 300)), ("l10:300", Aggregate("l", 300, 10)), ("l1:60", Aggregate("l", 60, 1)),
     ("rate:60", Aggregate("rate", 60))],
)  # fmt: skip
def test_an_aggregate_is_read_as_it_is_written(text, found):
    assert aggregates.parse(text) == found
    assert str(found or "") == text


@pytest.mark.parametrize(
    "text", ["leq", "leq:", "leq:0", "leq:-5", "leq:86401", "l100:60", "l0:60", "l10:3601", "LEQ:300", "leq:٣٠٠", "leq:300\n"]
)
def test_what_is_no_aggregate_is_refused(text):
    with pytest.raises(ValueError, match=r"is no aggregate|may look back"):
        aggregates.parse(text)


@pytest.mark.parametrize(
    ("metric", "aggregate", "fed"),
    [("lp", "leq:300", "lp"), ("leq", "leq:300", "lp"), ("sub2_lmax", "max:60", "sub2_lp"), ("leq", "", "leq")],
)
def test_an_aggregate_is_never_fed_by_what_the_meter_accumulates(metric, aggregate, fed):
    assert aggregates.fed_by(metric, aggregates.parse(aggregate)) == fed


@pytest.mark.parametrize("metric", ["leq", "le", "lmax", "lmin", "lpeak", "lieq", "ln1", "ln5", "sub3_ln2"])
def test_what_the_meter_accumulates_is_known(metric):
    assert aggregates.is_cumulative(metric)
    assert not aggregates.is_cumulative(aggregates.instead_of(metric)[0])


@pytest.mark.parametrize("metric", ["lp", "sub1_lp", "humidity", "temperature", "leq_mov", "level"])
def test_what_can_fall_again_is_not_taken_for_it(metric):
    assert not aggregates.is_cumulative(metric)
