"""Forgetting readings and roll-ups."""

from datetime import timedelta

import pytest

from devices import readings, retention, rollups
from devices.models import Device, Reading, Rollup
from devices.readings import NewReading
from tests.conftest import HOUR, MINUTE, NOON, SECOND

DAY = timedelta(days=1)


@pytest.fixture
def device(db):
    return Device.objects.create(slug="meter", name="Meter", driver="push")


def keep(device, *instants):
    readings.store([NewReading(device.pk, at, {"lp": 60.0, "leq": 60.0}) for at in instants])


def instants(rows):
    return sorted(rows.values_list("at", flat=True))


def test_readings_are_kept_seven_days(device):
    keep(device, NOON - 7 * DAY - SECOND, NOON - 7 * DAY, NOON)
    rollups.run_due(at=NOON + 2 * HOUR)

    assert retention.sweep(at=NOON)["readings"] == 1
    assert instants(Reading.objects) == [NOON - 7 * DAY, NOON]


def test_minutes_are_kept_ninety_days_and_hours_for_ever(device):
    keep(device, NOON - 1000 * DAY, NOON - 91 * DAY, NOON - 89 * DAY)
    rollups.run_due(at=NOON)

    assert retention.sweep(at=NOON)["minutes"] == 4
    assert instants(Rollup.objects.filter(seconds=60, metric="lp")) == [NOON - 89 * DAY]
    assert Rollup.objects.filter(seconds=3600).count() == 6


def test_how_long_is_a_setting(device, settings):
    settings.SENTINEL_KEEP_READINGS_DAYS, settings.SENTINEL_KEEP_MINUTES_DAYS = 1, 2
    keep(device, NOON - 3 * DAY, NOON - 1.5 * DAY, NOON)
    rollups.run_due(at=NOON + 2 * HOUR)

    assert retention.sweep(at=NOON) == {"readings": 2, "minutes": 2}


def test_readings_that_are_not_rolled_up_yet_are_kept_longer(device):
    keep(device, NOON - 8 * DAY, NOON - 8 * DAY + HOUR)

    assert retention.sweep(at=NOON)["readings"] == 0


def test_nothing_keeps_readings_for_ever(device):
    keep(device, NOON - 15 * DAY)

    assert retention.sweep(at=NOON)["readings"] == 1


def test_a_deleted_device_takes_its_readings_and_roll_ups_with_it(device):
    keep(device, NOON)
    rollups.run_due(at=NOON + 2 * HOUR)
    gone = Device.objects.create(slug="gone", name="Gone", driver="push")
    keep(gone, NOON, NOON + MINUTE)
    rollups.run_due(at=NOON + 2 * HOUR)
    gone.delete()

    retention.sweep(at=NOON)

    assert set(Reading.objects.values_list("device_id", flat=True)) == {device.pk}
    assert set(Rollup.objects.values_list("device_id", flat=True)) == {device.pk}


def test_more_than_a_batch_goes_batch_by_batch(device, django_assert_max_num_queries):
    keep(device, *(NOON - 20 * DAY + number * SECOND for number in range(retention.BATCH + 1)))

    with django_assert_max_num_queries(8):
        assert retention.sweep(at=NOON)["readings"] == retention.BATCH + 1


def test_without_time_nothing_is_deleted(device):
    keep(device, NOON - 20 * DAY)

    assert retention.sweep(at=NOON, budget_seconds=0).total() == 0


def test_an_empty_house_has_nothing_to_forget(db):
    assert retention.sweep(at=NOON).total() == 0
