"""Readings that devices send by themselves."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from alerts.models import Alert, Report
from devices import pushed, ruling, silent
from devices.models import AlertRule, Device, DeviceStatus, Reading, RuleEvent
from sentinel_site.lib.problems import Problem
from tests.callers import as_json
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_source

DAY = timedelta(days=1)
TEN = range(10)


@pytest.fixture
def device(db):
    make_source("sensors")
    return Device.objects.create(slug="probe", name="Probe", driver="push")


def send(device, *items, at=NOON):
    return pushed.take(device, as_json({"readings": list(items)}), at=at)


def reading(at=NOON, **values):
    return {"at": at.isoformat(), "values": values}


def test_good_readings_are_taken_whatever_the_others_are(device):
    outcome = send(
        device, reading(humidity=45), reading(NOON - MINUTE, humidity="wet"), {"values": {}}, 7, reading(NOON - HOUR, humidity=44)
    )

    assert (outcome.accepted, [refused["index"] for refused in outcome.rejected]) == (2, [1, 2, 3])
    assert sorted(Reading.objects.values_list("at", flat=True)) == [NOON - HOUR, NOON]


def test_a_bad_value_is_left_out_and_told(device):
    outcome = send(device, reading(humidity=45, temperature=1e6))

    assert (outcome.accepted, outcome.rejected, [each["index"] for each in outcome.left_out]) == (1, [], [0])
    assert Reading.objects.get().values == {"humidity": 45.0}


def test_a_reading_without_an_instant_is_of_now(device):
    send(device, {"values": {"humidity": 45}})

    assert Reading.objects.get().at == NOON


@pytest.mark.parametrize(
    ("at", "word"),
    [
        ("2026-03-02T12:06:00Z", "future"), ("9999-12-31T23:59:59-14:00", "future"), ("2026-02-20T12:00:00Z", "long ago"),
        ("0001-01-01T00:00:00+14:00", "long ago"), ("2026-03-02T12:00:00", "zone"), ("noon", "instant"), (1772452800, "instant"),
        ({}, "instant"), ("", "instant"),
    ],
)  # fmt: skip
def test_an_impossible_instant_is_refused_with_a_reason(device, at, word):
    outcome = send(device, {"at": at, "values": {"humidity": 45}})

    assert (outcome.accepted, Reading.objects.count()) == (0, 0)
    assert word in outcome.rejected[0]["reason"]


def test_a_reading_that_comes_twice_is_accepted_quietly(device):
    send(device, reading(humidity=45))

    assert send(device, reading(humidity=45)).document() == {"accepted": 1, "rejected": [], "left_out": [], "not_judged": 1}
    assert Reading.objects.count() == 1


def test_metrics_of_one_instant_that_come_apart_are_one_reading(device):
    send(device, {"values": {"humidity": 45}}, {"values": {"temperature": 20, "humidity": 99}})
    send(device, reading(co2=600, humidity=98))

    assert Reading.objects.get().values == {"humidity": 45.0, "temperature": 20.0, "co2": 600.0}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"readings": {}}', b'{"readings": null}', b"\xff", b"{", b'{"readings":' + b"[" * 100_000]
)
def test_what_is_no_batch_is_a_problem(device, body):
    with pytest.raises(Problem) as caught:
        pushed.take(device, body, at=NOON)

    assert caught.value.status == 422


def test_a_batch_is_bounded(device):
    with pytest.raises(Problem, match="at most 1000"):
        send(device, *[reading(humidity=45)] * 1001)


def test_a_device_that_is_polled_takes_no_readings(db):
    meter = Device.objects.create(slug="meter", name="Meter", driver="nl43", host="192.168.1.40")

    with pytest.raises(Problem) as caught:
        send(meter, reading(lp=60))

    assert (caught.value.status, caught.value.extra["code"]) == (409, "not_pushing")


def test_the_newest_reading_is_the_status_and_the_frame(device):
    send(device, reading(NOON - MINUTE, humidity=44), reading(humidity=45), reading(NOON - HOUR, humidity=43))

    status = DeviceStatus.objects.get()
    assert (status.reachable, status.last_frame_at, status.frame["values"]) == (True, NOON, {"humidity": 45.0})


def test_a_late_reading_does_not_take_the_place_of_a_newer_one(device):
    send(device, reading(humidity=45))

    send(device, reading(NOON - HOUR, humidity=60), at=NOON + MINUTE)

    status = DeviceStatus.objects.get()
    assert (status.last_frame_at, status.frame["values"]) == (NOON, {"humidity": 45.0})


def test_a_clock_that_is_a_little_ahead_hides_no_silence(device):
    send(device, reading(NOON + 4 * MINUTE, humidity=45))

    assert DeviceStatus.objects.get().last_frame_at == NOON


@pytest.mark.parametrize("sustained", [0, 60])
def test_a_reading_from_the_future_delays_no_alarm(device, sustained):
    AlertRule.objects.create(device=device, name="hot", metric="temperature", threshold=30, sustained_seconds=sustained)
    send(device, reading(NOON + 4 * MINUTE, temperature=20))

    send(device, reading(NOON + SECOND, temperature=40), at=NOON + SECOND)
    send(device, reading(NOON + MINUTE + SECOND, temperature=40), at=NOON + MINUTE + SECOND)

    assert Alert.objects.count() == 1


def test_a_clock_that_is_ahead_raises_nothing_twice_for_what_is_sent_again(device):
    AlertRule.objects.create(device=device, name="hot", metric="temperature", threshold=30, sustained_seconds=0, cooldown_seconds=0)
    window = [reading(NOON + (1 + place) * MINUTE, temperature=value) for place, value in enumerate((20, 40, 20))]
    for _ in range(2):
        send(device, *window)

    assert Alert.objects.count() == 1


def test_a_batch_takes_as_many_statements_as_one_reading(device, django_assert_max_num_queries):
    send(device, reading(temperature=20))

    with django_assert_max_num_queries(4):
        send(device, *(reading(NOON + number * SECOND, temperature=20) for number in range(200)), at=NOON + HOUR)


def test_redis_that_is_away_loses_no_reading_and_no_alert(device, settings):
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": ["redis://127.0.0.1:1"]}}
    }

    outcome = send(device, reading(humidity=20))

    assert (outcome.accepted, Reading.objects.count(), Alert.objects.filter(type="threshold").count()) == (1, 1, 1)


def test_what_was_stored_before_a_failure_is_judged_when_it_is_sent_again(device):
    send(device, reading(NOON - HOUR, humidity=45))
    rows = [pushed.NewReading(device.pk, NOON, {"humidity": 20.0})]
    pushed.readings.store(rows)

    send(device, reading(humidity=20))

    assert Alert.objects.filter(type="threshold").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_from_many_at_once_raises_one_alert():
    make_source("sensors")
    device = Device.objects.create(slug="probe", name="Probe", driver="push")

    def push():
        send(Device.objects.get(pk=device.pk), reading(humidity=20))
        connection.close()

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (Reading.objects.count(), AlertRule.objects.count(), Alert.objects.count(), Report.objects.count()) == (1, 4, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_each_change_of_a_rule_is_committed_before_the_next_so_that_no_batch_holds_up_other_reports():
    make_source("sensors")
    device = Device.objects.create(slug="probe", name="Probe", driver="push")
    AlertRule.objects.create(device=device, name="hot", metric="temperature", threshold=30, sustained_seconds=0, cooldown_seconds=0)
    seen = []

    def looking(execute, sql, *rest):
        if sql.startswith("INSERT") and "devices_ruleevent" in sql:
            with ThreadPoolExecutor(1) as pool:
                seen.append(pool.submit(committed_events).result())
        return execute(sql, *rest)

    with connection.execute_wrapper(looking):
        send(device, *(reading(NOON + place * SECOND, temperature=20 + place % 2 * 20) for place in range(6)))

    assert seen == [(0, 0), (1, 1), (2, 2)]


def committed_events():
    try:
        return RuleEvent.objects.count(), RuleEvent.objects.exclude(clear_at=None).count()
    finally:
        connection.close()


def test_a_device_that_is_switched_off_keeps_its_readings_and_raises_nothing(device):
    Device.objects.update(enabled=False)

    send(Device.objects.get(), reading(humidity=20))

    assert (Reading.objects.count(), Alert.objects.count()) == (1, 0)


def test_readings_end_the_alert_about_silence_at_once(device):
    Device.objects.update(silent_after_seconds=600, created_at=NOON - DAY)
    silent.check(at=NOON)
    device = Device.objects.select_related("source").get()

    send(device, reading(NOON - HOUR, temperature=20))
    still_open = Alert.objects.get(type=silent.TYPE).is_open
    send(device, reading(temperature=20))

    assert (still_open, Alert.objects.get(type=silent.TYPE).resolution) == (True, "recovered")


def test_rules_judge_what_was_pushed(device):
    AlertRule.objects.create(device=device, name="Hot", metric="temperature", threshold=30, sustained_seconds=0)

    send(device, reading(temperature=31))
    send(device, reading(NOON + MINUTE, temperature=20), at=NOON + MINUTE)

    alert = Alert.objects.get()
    assert (alert.subject, alert.status, alert.resolution) == ("probe", "RESOLVED", "recovered")
    assert ruling.feed_pushed(device, [], at=NOON).changes == []
