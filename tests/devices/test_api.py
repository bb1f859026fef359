"""REST of devices."""

import pytest

from devices.models import Device, DeviceStatus, DeviceViewer
from tests.callers import make_caller
from tests.conftest import NOON, SECOND
from tests.factories import make_source

pytestmark = pytest.mark.django_db
CRUD = tuple(f"devices.{verb}_device" for verb in ("view", "add", "change", "delete", "operate"))
METER = {"slug": "roof", "host": "192.168.1.40"}
FAR = NOON.replace(year=2099)


@pytest.fixture
def operator():
    return make_caller(*CRUD, name="operator")


def test_a_device_is_made_with_the_documented_defaults(operator):
    made = operator.send("/devices", METER)

    assert made.status_code == 201
    assert made.json() | {"id": "", "created_at": "", "changed_at": ""} == {
        "id": "", "slug": "roof", "name": "roof", "driver": "nl43", "host": "192.168.1.40", "port": 2255, "ftp_port": 21, "username": "",
        "place": "", "time_zone": "UTC", "enabled": True, "keepalive": True, "poll_seconds": 1.25, "silent_after_seconds": None,
        "source": None, "password_set": False, "created_at": "", "changed_at": "",
    }  # fmt: skip


def test_a_password_is_kept_encrypted_and_stays_when_it_is_not_sent(operator):
    operator.send("/devices", METER | {"password": "hush-hush"})

    operator.send("/devices/roof", {"place": "Roof, east"}, method="PATCH")

    device = Device.objects.get()
    assert (device.place, device.password) == ("Roof, east", "hush-hush")
    assert operator.read("/devices/roof").json()["password_set"] is True


@pytest.mark.parametrize("moved", [{"host": "192.168.1.66"}, {"ftp_port": 80}])
def test_a_stored_password_is_not_sent_to_a_new_address_unseen(operator, moved):
    operator.send("/devices", METER | {"password": "hush-hush"})

    refused = operator.send("/devices/roof", moved, method="PATCH")
    again = operator.send("/devices/roof", moved | {"password": "other"}, method="PATCH")

    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["body", "password"])
    assert (again.status_code, Device.objects.get().password) == (200, "other")


def test_an_empty_password_forgets_the_stored_one(operator):
    operator.send("/devices", METER | {"password": "hush-hush"})

    answer = operator.send("/devices/roof", {"host": "10.0.0.9", "password": ""}, method="PATCH")

    assert (answer.status_code, answer.json()["password_set"], Device.objects.get().password) == (200, False, "")


def test_a_device_gets_another_slug_and_the_old_one_is_free(operator):
    operator.send("/devices", METER)

    renamed = operator.send("/devices/roof", {"slug": "cellar"}, method="PATCH")

    assert (renamed.json()["slug"], operator.read("/devices/roof").status_code) == ("cellar", 404)
    assert operator.send("/devices", METER).status_code == 201


def test_a_slug_that_is_taken_is_refused(operator):
    operator.send("/devices", METER)

    assert operator.send("/devices", METER).status_code == 409


BAD = [
    {"slug": "a b"}, {"slug": ""}, {"slug": "monitor"}, {"slug": "Commands"}, {"slug": "push-tokens"}, {"driver": "ufo"}, {"port": 0},
    {"port": 65_536}, {"ftp_port": -1}, {"host": ""}, {"host": "http://10.0.0.1"}, {"host": "10.0.0.1 "}, {"host": "a@b"},
    {"host": "x" * 254},
    {"poll_seconds": 0.5}, {"poll_seconds": 1e9}, {"time_zone": "Mars/Olympus"}, {"source": "ghost"}, {"silent_after_seconds": 0},
    {"name": "two\nlines"}, {"username": "USER\r\nDELE x"}, {"password": "0000\r\nDELE x"}, {"password": "x" * 121}, {"place": "a\x1b[2J"},
    {"id": 3}, {"password_set": True}, {"created_at": "2026-01-01T00:00:00Z"},
]  # fmt: skip


def test_a_bad_device_is_refused(operator):
    taken = [body for body in BAD if operator.send("/devices", METER | body).status_code != 422]

    assert (taken, Device.objects.count()) == ([], 0)


def test_a_device_that_pushes_needs_no_address(operator):
    made = operator.send("/devices", {"slug": "cellar", "driver": "push", "silent_after_seconds": 900})

    assert (made.status_code, made.json()["silent_after_seconds"]) == (201, 900)


def test_a_device_names_the_source_of_its_alerts(operator):
    make_source("quarry")

    made = operator.send("/devices", METER | {"source": "quarry"})

    assert (made.json()["source"], Device.objects.get().source.slug) == ("quarry", "quarry")


def test_a_deleted_device_is_gone_with_what_belongs_to_it(operator):
    operator.send("/devices", METER)
    DeviceStatus.objects.create(device=Device.objects.get())

    assert operator.send("/devices/roof", method="DELETE").status_code == 204
    assert (Device.objects.count(), DeviceStatus.objects.count()) == (0, 0)


def test_the_monitor_is_stopped_and_started(operator):
    operator.send("/devices", METER)

    stopped = operator.send("/devices/roof/monitor/stop")
    kept = Device.objects.get().keepalive
    started = operator.send("/devices/roof/monitor/start")

    assert (stopped.json()["keepalive"], kept, started.json()["keepalive"], Device.objects.get().keepalive) == (False, False, True, True)


def test_the_status_says_how_every_device_is(operator):
    operator.send("/devices", METER)
    device = Device.objects.get()
    DeviceStatus.objects.create(
        device=device, holder="house:1", leased_until=FAR, mode="watched", reachable=True, last_frame_at=NOON, frame={"secret": 1}
    )
    DeviceViewer.objects.create(device=device, process="web:1", count=2, seen_until=FAR)
    DeviceViewer.objects.create(device=device, process="web:2", count=5, seen_until=NOON - SECOND)

    assert operator.read("/devices/monitor/status").json() == {
        "roof": {
            "running": True, "viewers": 2, "keepalive": True, "reachable": True, "mode": "watched", "holder": "house:1",
            "last_frame_at": "2026-03-02T12:00:00.000Z",
        }
    }  # fmt: skip


def test_a_lease_that_ran_out_is_no_running_monitor(operator):
    operator.send("/devices", METER)
    DeviceStatus.objects.create(device=Device.objects.get(), holder="house:1", leased_until=NOON, mode="watched")

    found = operator.read("/devices/monitor/status").json()["roof"]

    assert (found["running"], found["holder"]) == (False, "")


@pytest.mark.parametrize("count", [1, 3])
def test_the_status_takes_as_many_queries_for_many_devices_as_for_one(operator, count, django_assert_num_queries):
    for number in range(count):
        Device.objects.create(slug=f"roof-{number}", host="10.0.0.1")
    operator.read("/devices/monitor/status")

    with django_assert_num_queries(2):  # devices, viewers; the caller is kept for a second
        assert len(operator.read("/devices/monitor/status").json()) == count
