"""Roll-ups of minutes and hours."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from devices import levels, readings, rollups
from devices.models import Device, Rollup, RollupDue
from devices.readings import NewReading
from tests.conftest import HOUR, MINUTE, NOON, SECOND

LATER = NOON + 2 * HOUR
DAY = timedelta(days=1)


@pytest.fixture
def device(db):
    return Device.objects.create(slug="meter", name="Meter", driver="push")


def keep(device, *values, begin=NOON, every=SECOND, metric="lp"):
    readings.store([NewReading(device.pk, begin + number * every, {metric: value}) for number, value in enumerate(values)])


def rolled(device, seconds=60, metric="lp"):
    """The roll-ups there are, oldest first."""
    return list(Rollup.objects.filter(device_id=device.pk, seconds=seconds, metric=metric).order_by("at"))


def test_a_minute_of_levels_is_averaged_by_energy(device):
    keep(device, 60.0, 80.0)

    rollups.run_due(at=LATER)

    (minute,) = rolled(device)
    assert (minute.at, minute.count, minute.low, minute.high) == (NOON, 2, 60.0, 80.0)
    assert minute.mean == pytest.approx(levels.energy_mean([60.0, 80.0]))


def test_humidity_is_averaged_as_it_is(device):
    keep(device, 40.0, 50.0, metric="humidity")

    rollups.run_due(at=LATER)

    assert [minute.mean for minute in rolled(device, metric="humidity")] == [45.0]


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    values=st.lists(st.floats(-40, 200), min_size=1, max_size=59), metric=st.sampled_from(["lp", "sub2_lmax", "temperature", "noise_db"])
)
def test_the_database_counts_as_the_pure_functions_do(db, values, metric):
    with transaction.atomic():
        values = [readings.validate({metric: value})[0][metric] for value in values]
        device = Device.objects.create(slug="any", name="Any", driver="push")
        keep(device, *values, metric=metric)
        rollups.run_due(at=LATER)
        (minute,) = rolled(device, metric=metric)
        transaction.set_rollback(True)

    expected = [levels.mean(metric, values), *(levels.exceeded(values, percent) for percent in (10, 50, 90))]
    assert [minute.mean, minute.l10, minute.l50, minute.l90] == pytest.approx(expected, abs=1e-6)


def test_the_hour_is_counted_from_its_readings(device):
    keep(device, *[50.0] * 59, 90.0, every=MINUTE)

    rollups.run_due(at=LATER)

    (hour,) = rolled(device, seconds=3600)
    assert (hour.at, hour.count, hour.low, hour.high, hour.l50) == (NOON, 60, 50.0, 90.0, 50.0)


def test_a_minute_that_is_not_over_waits(device):
    keep(device, 60.0)

    assert rollups.run_due(at=NOON + MINUTE)[60] == 0
    assert RollupDue.objects.count() == 1


def test_an_hour_that_is_not_over_waits(device):
    keep(device, 60.0)

    done = rollups.run_due(at=NOON + HOUR)

    assert (done[60], done[3600], rolled(device, seconds=3600)) == (1, 0, [])


def test_what_comes_late_is_rolled_up_again(device):
    keep(device, 60.0)
    rollups.run_due(at=LATER)

    keep(device, 80.0, begin=NOON + 30 * SECOND)
    rollups.run_due(at=LATER)

    assert [[row.high for row in rolled(device, seconds)] for seconds in (60, 3600)] == [[80.0], [80.0]]


def test_rolling_up_twice_is_rolling_up_once(device):
    keep(device, 60.0, 61.0)
    rollups.run_due(at=LATER)

    assert rollups.run_due(at=LATER).total() == 0


def test_a_run_does_what_was_left_for_days_as_long_as_its_budget_lasts(device):
    keep(device, *[60.0] * (3 * 24 * 60), every=MINUTE)

    assert rollups.run_due(at=NOON + 4 * DAY, budget_seconds=0).total() == 0
    done = rollups.run_due(at=NOON + 4 * DAY)

    assert (done[60], done[3600], RollupDue.objects.count()) == (3 * 24 * 60, 3 * 24, 0)


def test_a_batch_takes_the_same_statements_for_one_minute_and_for_many(device, django_assert_num_queries):
    keep(device, 60.0)
    with django_assert_num_queries(4 + 4 + 3):  # minutes: take, roll, mark hours, done; hours: the same without marking; four savepoints
        rollups.run_due(at=LATER)

    keep(device, *[60.0] * 40, begin=NOON + MINUTE, every=MINUTE)
    with django_assert_num_queries(4 + 4 + 3):
        rollups.run_due(at=LATER)


def test_a_roll_up_is_not_replaced_when_its_readings_are_gone(device):
    keep(device, 60.0, 80.0)
    rollups.run_due(at=LATER)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_reading")

    keep(device, 50.0, begin=NOON + 30 * SECOND)
    rollups.run_due(at=LATER)

    assert [(row.count, row.high) for row in rolled(device)] == [(2, 80.0)]


def test_a_reading_that_cannot_be_counted_with_keeps_no_other_from_it(device):
    keep(device, 60.0)
    keep(device, 5e-324, begin=NOON + MINUTE)
    keep(device, 60.0, begin=NOON + 2 * MINUTE)

    rollups.run_due(at=LATER)

    assert [row.at for row in rolled(device)] == [NOON, NOON + 2 * MINUTE]
    assert RollupDue.objects.count() == 0


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Paris", (2026, 3, 29)), ("Europe/Paris", (2026, 10, 25)), ("Australia/Lord_Howe", (2026, 4, 5))]
)
def test_a_day_on_which_clocks_change_has_24_hours(device, zone, day):
    begin = datetime(*day, tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(minute=0)
    keep(device, *[60.0] * (24 * 60), begin=begin, every=MINUTE)
    rollups.run_due(at=begin + 2 * DAY)

    assert [(hour.at, hour.count) for hour in rolled(device, seconds=3600)] == [(begin + number * HOUR, 60) for number in range(24)]


def test_the_last_second_of_a_month_belongs_to_it(device):
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    keep(device, 60.0, 70.0, begin=midnight - timedelta(microseconds=1), every=timedelta(microseconds=1))

    rollups.run_due(at=midnight + 2 * HOUR)

    assert [(hour.at, hour.high) for hour in rolled(device, seconds=3600)] == [(midnight - HOUR, 60.0), (midnight, 70.0)]


@pytest.mark.django_db(transaction=True)
def test_a_minute_whose_writer_has_not_committed_is_left_for_the_next_run():
    device = Device.objects.create(slug="meter", name="Meter", driver="push")
    keep(device, 60.0)
    stored, release = threading.Event(), threading.Event()

    def write_late():
        with transaction.atomic():
            keep(device, 80.0, begin=NOON + SECOND)
            stored.set()
            release.wait(60)
        connection.close()

    writer = threading.Thread(target=write_late)
    writer.start()
    stored.wait(60)
    first = rollups.run_due(at=LATER)[60]
    release.set()
    writer.join()
    second = rollups.run_due(at=LATER)[60]

    assert (first, second, [row.high for row in rolled(device)]) == (0, 1, [80.0])


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_work():
    device = Device.objects.create(slug="meter", name="Meter", driver="push")
    keep(device, *[60.0] * 1000, every=MINUTE)
    done = []

    def work():
        done.append(rollups.run_due(at=NOON + 2 * DAY)[60])
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rollups.run_due(at=NOON + 2 * DAY)

    assert (len(rolled(device)), len(rolled(device, seconds=3600)), RollupDue.objects.count()) == (1000, 17, 0)
