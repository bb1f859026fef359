"""What may be stored, and storing it."""

import threading

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import readings
from devices.models import Device, Reading, RollupDue
from devices.readings import NewReading
from tests.conftest import HOUR, MINUTE, NOON, SECOND


@pytest.fixture
def device(db):
    return Device.objects.create(slug="probe", name="Probe", driver="push")


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("lp", float("nan")), ("lp", float("inf")), ("lp", 999.9), ("lp", -99.9), ("humidity", 100.1), ("humidity", -0.1),
        ("room_humidity", 101), ("temperature", 1000), ("lp", True), ("lp", "61.2"), ("lp", []), ("anything", 1e13), ("anything", 10**400),
        ("LP", 60), ("", 60), ("a b", 60), ("é", 60), ("=cmd", 60), ("a" * 41, 60), ("1st", 60), ("lp\n", 60),
    ],
)  # fmt: skip
def test_what_is_no_sane_value_is_left_out_with_a_reason(metric, value):
    good, reasons = readings.validate({metric: value, "leq": 60})

    assert good == {"leq": 60.0}
    assert len(reasons) == 1


def test_what_was_not_measured_is_left_out_quietly():
    assert readings.validate({"lp": None, "leq": 60}) == ({"leq": 60.0}, [])


def test_unknown_metrics_are_welcome():
    assert readings.validate({"radon_bq": 48}) == ({"radon_bq": 48.0}, [])


def test_a_reading_has_a_bounded_number_of_values():
    good, reasons = readings.validate({f"m{number}": 1 for number in range(1000)})

    assert (len(good), len(reasons)) == (readings.MAX_METRICS, 1)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.text(max_size=50), st.one_of(st.floats(), st.integers(), st.text(), st.booleans(), st.none()), max_size=20))
def test_whatever_comes_only_sane_numbers_pass(values):
    good, _ = readings.validate(values)

    assert all(readings.NAME.fullmatch(name) and abs(value) <= 1e12 for name, value in good.items())


def test_readings_are_stored_in_one_statement(device, django_assert_num_queries):
    rows = [NewReading(device.pk, NOON + number * SECOND, {"lp": 60.0 + number}) for number in range(100)]

    with django_assert_num_queries(1):
        stored = readings.store(rows)

    assert (stored, Reading.objects.count()) == (100, 100)
    assert readings.latest(device.pk).values == {"lp": 159.0}


def test_what_is_there_already_stays_as_it_is(device):
    readings.store([NewReading(device.pk, NOON, {"lp": 60.0})])

    stored = readings.store([NewReading(device.pk, NOON, {"lp": 99.0}), NewReading(device.pk, NOON + SECOND, {"lp": 61.0})])

    assert stored == 1
    assert list(Reading.objects.order_by("at").values_list("values", flat=True)) == [{"lp": 60.0}, {"lp": 61.0}]


def test_two_readings_of_one_instant_in_one_batch_are_one(device):
    assert readings.store([NewReading(device.pk, NOON, {"lp": 60.0}), NewReading(device.pk, NOON, {"lp": 61.0})]) == 1


def test_nothing_is_stored_without_a_statement(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert readings.store([]) == 0


def test_each_minute_with_new_readings_is_due_once(device):
    rows = [NewReading(device.pk, NOON + number * 20 * SECOND, {"lp": 60.0}) for number in range(6)]

    readings.store(rows)
    readings.store(rows)

    assert list(RollupDue.objects.order_by("at").values_list("seconds", "at")) == [(60, NOON), (60, NOON + MINUTE)]


def test_a_device_without_readings_has_no_latest(device):
    assert readings.latest(device.pk) is None


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_the_same_readings_do_not_wait_for_each_other_for_ever():
    device = Device.objects.create(slug="probe", name="Probe", driver="push")
    rows = [NewReading(device.pk, NOON + number * HOUR, {"lp": 60.0}) for number in range(500)]
    stored = []

    def write(own):
        stored.append(readings.store(own))
        connection.close()

    threads = [threading.Thread(target=write, args=(own,)) for own in (rows, rows[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sum(stored), Reading.objects.count()) == (500, 500)
