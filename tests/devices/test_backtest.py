"""Back-tests over readings as they came, and over minutes."""

from datetime import timedelta

import pytest
from django.db import connection

from devices import backtest, readings
from devices.errors import Busy
from devices.models import AlertRule, Device, Rollup, RuleEvent
from devices.readings import NewReading
from devices.ruling import Ruling
from tests.conftest import HOUR, MINUTE, NOON, SECOND

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db):
    device = Device.objects.create(slug="quay", name="Quay 3", host="192.0.2.7")
    return AlertRule(device=device, name="Night", threshold=80.0, sustained_seconds=2, cooldown_seconds=0)


def store_minutes(rule, *highs):
    """A roll-up per minute from noon, whose mean is 5 below its highest."""
    Rollup.objects.bulk_create(
        Rollup(device=rule.device, metric="lp", seconds=60, at=NOON + minute * MINUTE, count=48, mean=high - 5, low=high - 10, high=high,
               l10=high - 2, l50=high - 5, l90=high - 8)
        for minute, high in enumerate(highs)
    )  # fmt: skip


def tried(rule, **changes):
    for name, value in changes.items():
        setattr(rule, name, value)
    return backtest.run(rule, since=NOON, until=NOON + HOUR)


def test_it_finds_what_the_rule_finds_itself(rule):
    samples = [(NOON + second * 1.25 * SECOND, 84.0 if (second // 7) % 3 == 0 else 70.0) for second in range(200)]
    readings.store([NewReading(rule.device.pk, at, {"lp": value}) for at, value in samples])
    rule.save()
    runtime = Ruling()
    runtime.load([rule.device.pk], at=NOON)
    lived = [change.what for at, value in samples for change in runtime.feed(rule.device.pk, at, {"lp": value}) if change.what]

    found = tried(rule)

    assert [held.onset_at for held in found.held] == [change.at for change in lived[::2]]
    assert [held.clear_at for held in found.held if held.clear_at] == [change.at for change in lived[1::2]]
    assert len(found.held) > 5


def test_minutes_are_judged_by_their_worst_for_a_short_rule_and_by_their_mean_for_a_long_one(rule):
    store_minutes(rule, 70, 83, 83, 83, 83, 70, 70, 70)

    short, long = tried(rule), tried(rule, sustained_seconds=120, threshold=78.0)

    assert [(held.onset_at - NOON, held.clear_at - NOON) for held in short.held] == [(2 * MINUTE, 6 * MINUTE)]
    assert [(held.onset_at - NOON, held.clear_at - NOON) for held in long.held] == [(4 * MINUTE, 8 * MINUTE)]
    assert (short.minutes_by, long.minutes_by, short.minutes, short.raw_since) == ("high", "mean", 8, NOON + HOUR)


def test_minutes_and_readings_are_one_story(rule):
    store_minutes(rule, *[83] * 90)
    since = NOON + 90 * MINUTE
    readings.store([NewReading(rule.device.pk, since + second * SECOND, {"lp": 83.0 if second < 30 else 60.0}) for second in range(60)])

    found = backtest.run(rule, since=NOON, until=NOON + 2 * HOUR)

    assert [(held.onset_at, held.clear_at) for held in found.held] == [(NOON + MINUTE, since + 32 * SECOND)]
    assert (found.minutes, found.samples, found.raw_since) == (90, 150, since)


def test_the_minute_in_which_readings_begin_does_not_set_the_clock_back(rule):
    store_minutes(rule, *[70] * 59, 83, 83)
    first = NOON + HOUR + 10 * SECOND
    readings.store([NewReading(rule.device.pk, first + second * SECOND, {"lp": 83.0}) for second in range(150)])
    rule.sustained_seconds, rule.threshold = 120, 78.0

    found = backtest.run(rule, since=NOON, until=NOON + 2 * HOUR)

    assert [held.since for held in found.held] == [NOON + HOUR]


def test_it_stops_when_it_becomes_too_much_and_says_where(rule):
    readings.store([NewReading(rule.device.pk, NOON + second * SECOND, {"lp": 60.0}) for second in range(10)])

    found = backtest.run(rule, since=NOON, until=NOON + HOUR, budget_seconds=-1.0)

    assert (found.complete, found.judged_until, found.samples) == (False, NOON, 0)


def test_few_run_at_once_and_the_others_are_told(rule):
    readings.store([NewReading(rule.device.pk, NOON, {"lp": 60.0})])

    def another_within(execute, *statement):
        backtest.run(rule, since=NOON, until=NOON + HOUR)
        return execute(*statement)

    with connection.execute_wrapper(another_within), pytest.raises(Busy):
        backtest.run(rule, since=NOON, until=NOON + HOUR)
    assert backtest.run(rule, since=NOON, until=NOON + HOUR).samples == 1


def test_readings_are_streamed(rule, django_assert_num_queries):
    count = backtest.CHUNK + 10
    readings.store([NewReading(rule.device.pk, NOON + number * SECOND / 10, {"lp": 60.0}) for number in range(count)])

    with django_assert_num_queries(3):
        assert tried(rule).samples == count


@pytest.mark.parametrize("span", [timedelta(), -MINUTE, timedelta(days=93)])
def test_a_span_must_be_one_and_not_too_long(rule, span):
    with pytest.raises(ValueError, match=r"must lie after|at most 92 days"):
        backtest.run(rule, since=NOON, until=NOON + span)


def test_nothing_is_changed(rule):
    store_minutes(rule, *[83] * 10)

    assert tried(rule).held
    assert (RuleEvent.objects.count(), AlertRule.objects.count()) == (0, 0)
