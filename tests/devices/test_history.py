"""What a device measured over a stretch of time."""

from datetime import timedelta

import pytest

from devices import history, levels, readings
from devices.models import Device, Rollup
from devices.readings import NewReading
from tests.conftest import HOUR, MINUTE, NOON, SECOND

DAY = timedelta(days=1)


@pytest.fixture
def device(db):
    return Device.objects.create(slug="meter", name="Meter", driver="push")


def keep(device, *values, begin=NOON, every=SECOND, metric="lp"):
    """Store ``values`` one after another."""
    readings.store([NewReading(device.pk, begin + number * every, {metric: value}) for number, value in enumerate(values)])


def roll(device, at, *, seconds=60, metric="lp", mean=60.0, low=50.0, high=70.0, count=60):
    Rollup.objects.create(
        device_id=device.pk, metric=metric, seconds=seconds, at=at, count=count, mean=mean, low=low, high=high, l10=high, l50=mean, l90=low
    )


def test_a_short_stretch_shows_every_reading(device):
    keep(device, 60.0, 61.0, 62.0)

    found = history.series(device.pk, ["lp"], since=NOON, until=NOON + MINUTE)

    assert (found.source, found.at) == ("raw", [NOON.timestamp() + second for second in range(3)])
    assert found.metrics["lp"].mean == [60.0, 61.0, 62.0]


def test_no_peak_is_lost_however_wide_the_points_are(device):
    keep(device, *[50.0] * 3000, 99.9, *[50.0] * 3000, 20.1, *[50.0] * 3000)

    found = history.series(device.pk, ["lp"], since=NOON, until=NOON + 5 * HOUR)

    assert len(found.at) < 2000
    assert (max(found.metrics["lp"].high), min(found.metrics["lp"].low)) == (99.9, 20.1)


def test_a_wide_point_of_levels_is_averaged_by_energy(device):
    keep(device, 60.0, 80.0, every=SECOND)

    found = history.series(device.pk, ["lp"], since=NOON, until=NOON + 6 * HOUR)

    assert found.metrics["lp"].mean == [pytest.approx(levels.energy_mean([60.0, 80.0]), abs=1e-4)]


def test_humidity_is_averaged_as_it_is(device):
    keep(device, 40.0, 50.0, metric="humidity")

    assert history.series(device.pk, ["humidity"], since=NOON, until=NOON + 6 * HOUR).metrics["humidity"].mean == [45.0]


def test_a_metric_that_is_missing_in_some_readings_has_holes(device):
    readings.store([NewReading(device.pk, NOON, {"lp": 60.0}), NewReading(device.pk, NOON + SECOND, {"lp": 61.0, "leq": 59.0})])

    found = history.series(device.pk, ["lp", "leq", "lmax"], since=NOON, until=NOON + MINUTE)

    assert {name: columns.mean for name, columns in found.metrics.items()} == {
        "lp": [60.0, 61.0],
        "leq": [None, 59.0],
        "lmax": [None, None],
    }


def test_the_end_belongs_to_the_next_stretch(device):
    keep(device, 60.0, 61.0)

    assert history.series(device.pk, ["lp"], since=NOON, until=NOON + SECOND).metrics["lp"].mean == [60.0]


def test_other_devices_are_not_shown(device):
    other = Device.objects.create(slug="other", name="Other", driver="push")
    keep(other, 60.0)

    assert history.series(device.pk, ["lp"], since=NOON, until=NOON + MINUTE).at == []


def test_a_day_is_made_of_minutes_and_of_readings_that_are_not_rolled_up_yet(device):
    roll(device, NOON)
    keep(device, 99.0, begin=NOON)
    keep(device, 80.0, 90.0, begin=NOON + MINUTE)

    found = history.series(device.pk, ["lp"], since=NOON, until=NOON + DAY)

    assert (found.source, found.metrics["lp"].high) == ("60", [70.0, 90.0])


def test_months_are_made_of_hours(device):
    roll(device, NOON, seconds=3600)
    roll(device, NOON + 40 * DAY, seconds=3600, high=99.0)

    found = history.series(device.pk, ["lp"], since=NOON, until=NOON + 60 * DAY)

    assert (found.source, found.step_seconds, found.metrics["lp"].high) == ("3600", 3600, [70.0, 99.0])


def test_years_are_still_few_points_with_their_peaks(device):
    for day in range(0, 800, 100):
        roll(device, NOON + day * DAY, seconds=3600, high=70.0 + day / 100)

    found = history.series(device.pk, ["lp"], since=NOON, until=NOON + 3000 * DAY)

    assert (found.step_seconds, max(found.metrics["lp"].high)) == (2 * 86400, 77.0)


def test_where_readings_are_gone_their_minutes_are_shown(device):
    roll(device, NOON)

    found = history.series(device.pk, ["lp"], since=NOON, until=NOON + HOUR)

    assert (found.source, found.metrics["lp"].high) == ("60", [70.0])


def test_roll_ups_weigh_by_their_count(device):
    roll(device, NOON, metric="humidity", seconds=3600, mean=40.0, count=3)
    roll(device, NOON + HOUR, metric="humidity", seconds=3600, mean=60.0, count=1)

    found = history.series(device.pk, ["humidity"], since=NOON, until=NOON + 150 * DAY)

    assert found.metrics["humidity"].mean == [45.0]


@pytest.mark.parametrize("metric", ["lp'--", '"; DROP TABLE x', "%s", "%(name0)s", "{v}"])
def test_the_name_of_a_metric_is_never_part_of_a_statement(device, metric):
    keep(device, 60.0)

    assert history.series(device.pk, [metric, "lp"], since=NOON, until=NOON + HOUR).metrics["lp"].mean == [60.0]


def test_the_last_reading_says_what_there_is(device):
    readings.store([NewReading(device.pk, NOON, {"sub1_lp": 60.0, "lp": 60.0, "leq": 60.0})])

    assert history.metrics_of(device.pk) == ["leq", "lp", "sub1_lp"]
