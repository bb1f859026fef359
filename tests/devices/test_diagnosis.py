"""What is the matter with a device, in words."""

from datetime import timedelta

import pytest

from alerts import routing
from devices import diagnosis
from devices.enums import CommandStatus
from devices.models import AlertRule, Device, DeviceCommand, DeviceStatus, DeviceViewer, Reading
from sentinel_site import doctor_devices
from tests.callers import make_caller
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db


def make_device(slug="roof", *, status=None, rule=True, **fields):
    """A meter that a monitor has and that answers, with a rule."""
    device = Device.objects.create(
        slug=slug, name="Roof", **{"host": "192.168.1.40", "username": "USER", "password": "hush-hush", **fields}
    )
    Device.objects.update(changed_at=NOON - MINUTE)
    given = {"holder": "house/1", "leased_until": NOON + 5 * SECOND, "mode": "watched", "reachable": True, "last_frame_at": NOON}
    if device.is_polled:
        DeviceStatus.objects.create(device=device, **given | (status or {}))
    if rule:
        AlertRule.objects.create(device=device, name="Night", threshold=80)
    return Device.objects.get(pk=device.pk)


def said(device, *, at=NOON):
    (facts,) = diagnosis.gather([device], at=at)
    return [(finding.level, finding.text) for finding in diagnosis.findings(facts, at=at)]


def test_a_device_that_is_well_is_said_to_be_well():
    assert said(make_device()) == [("ok", "Nothing is wrong with it.")]


@pytest.mark.parametrize(("fields", "status", "level", "words"), [
    ({"enabled": False}, {}, "warn", "switched off"),
    ({"keepalive": False}, {}, "warn", "only while somebody looks"),
    ({}, {"leased_until": NOON - MINUTE}, "error", "No monitor has it"),
    ({}, {"reachable": False, "failures": 7, "error": "it refuses."}, "error", "after 7 failures: it refuses. Look in this order"),
    ({}, {"failures": 2, "error": "it refuses."}, "warn", "The last 2 tries failed: it refuses."),
    ({}, {"last_frame_at": NOON - MINUTE}, "error", "1 min ago"),
    ({"host": "127.0.0.1"}, {}, "error", "SENTINEL_DEVICE_NETWORKS"),
    ({"port": 5555}, {}, "error", "SENTINEL_DEVICE_PORTS"),
    ({"password": "0000"}, {}, "warn", "delivered with (0000)"),
    ({"password": ""}, {}, "info", "its files cannot be fetched"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(fields, status, level, words):
    (found, *_) = said(make_device(status=status, **fields))

    assert (found[0], words in found[1]) == (level, True), found


def test_a_meter_that_hangs_wants_its_power_switched_off_and_on():
    make_source("meters")
    device = make_device(status={"reachable": False, "failures": 9})
    raise_alert(at=NOON, source="meters", type="device-wedged", subject="roof")

    ((level, text),) = said(device)
    assert (level, "Switch it off and on again" in text) == ("error", True)


def test_an_alert_of_another_source_with_the_same_word_is_not_the_devices():
    make_source("meters")
    make_source("probe")
    raise_alert(at=NOON, source="probe", subject="roof")

    (facts,) = diagnosis.gather([make_device()], at=NOON)
    assert facts.alerts == []


def test_a_meter_without_a_rule_and_one_with_a_disabled_source_are_named():
    device = make_device(rule=False, source=make_source("quarry", enabled=False))

    assert [level for level, _ in said(device)] == ["warn", "warn"]


def test_a_rule_on_what_a_stopped_meter_does_not_measure_is_named():
    device = make_device(status={"state": "stopped"})
    AlertRule.objects.create(device=device, name="Peak", metric="lpeak", threshold=120)

    ((level, text),) = said(device)
    assert (level, "these rules see nothing: Peak" in text) == ("warn", True)


@pytest.mark.parametrize(("command", "reply", "count"), [
    ("clock", {"ahead_seconds": -90.0}, 1), ("clock", {"ahead_seconds": 3.0}, 0), ("clock_set", {"code": "R+0000"}, 0),
])  # fmt: skip
def test_a_clock_that_drifted_is_named_until_it_is_set(command, reply, count):
    device = make_device()
    asked = {"device": device, "status": CommandStatus.DONE, "asked_at": NOON, "deadline_at": NOON, "finished_at": NOON}
    DeviceCommand.objects.create(command="clock", reply={"ahead_seconds": 500.0}, **asked)
    DeviceCommand.objects.create(command=command, reply=reply, **asked)

    assert len([text for _, text in said(device) if "clock" in text]) == count


def test_a_device_that_pushes_is_judged_by_what_it_sent():
    device = make_device("cellar", driver="push", silent_after_seconds=600)
    never = said(device)
    Reading.objects.create(device=device, at=NOON, values={"humidity": 40.0})

    assert "has never sent anything" in never[0][1]
    assert said(device, at=NOON + timedelta(minutes=9)) == [("ok", "Nothing is wrong with it.")]
    assert said(device, at=NOON + timedelta(minutes=11))[0] == (
        "error", "It has sent nothing for 11 min. Look at its supply, its network, and the key it sends."
    )  # fmt: skip


def test_a_password_that_cannot_be_decrypted_is_said_and_breaks_nothing(settings):
    make_device()
    settings.SENTINEL_ENCRYPTION_KEYS = ["another key, 32 characters long!!"]

    listed = make_caller("devices.view_device").read("/devices")
    found = list(doctor_devices.conditions(at=NOON))

    assert (listed.status_code, listed.json()["items"][0]["password_set"]) == (200, True)
    assert "SENTINEL_ENCRYPTION_KEYS no longer holds: enter it again" in found[0][1]


@pytest.mark.parametrize("count", [1, 3])
def test_looking_at_many_devices_takes_as_many_queries_as_at_one(count, django_assert_num_queries):
    devices = [make_device(f"roof-{number}") for number in range(count)]
    routing.table()

    with django_assert_num_queries(6):
        diagnosis.gather(devices, at=NOON)


def test_the_diagnostics_of_a_device_are_shown_without_its_password():
    device = make_device(status={"frame": {"values": {"lp": 61.2}}})
    DeviceViewer.objects.create(device=device, process="web", count=1, seen_until=NOON.replace(year=2099))

    answer = make_caller("devices.view_device").read("/devices/roof/diagnostics")

    found = answer.json()
    assert (found["slug"], found["frame"], found["rules"], found["password"], found["viewers"]) == (
        "roof", {"values": {"lp": 61.2}}, 1, "set", 1
    )  # fmt: skip
    assert "hush-hush" not in answer.content.decode()


def test_the_doctor_says_that_devices_are_well():
    make_device()

    assert list(doctor_devices.conditions(at=NOON)) == [("ok", "1 device is well.")]
