"""REST of commands to devices."""

import threading
import time
from contextlib import contextmanager

import pytest
from django.db import connection
from django.utils import timezone

from devices import commands
from devices.commands import Outcome
from devices.enums import CommandStatus
from devices.models import Device, DeviceCommand
from sentinel_site import beats
from sentinel_site.models import ProcessBeat
from tests.callers import make_caller
from tests.conftest import HOUR

pytestmark = pytest.mark.django_db(transaction=True)
RIGHTS = ("devices.view_device", "devices.operate_device", "devices.view_devicecommand")
DONE = Outcome(CommandStatus.DONE, reply={"state": "Start"})


@pytest.fixture
def operator():
    return make_caller(*RIGHTS, name="operator")


@pytest.fixture
def device():
    beats.beat(ProcessBeat.Role.MONITOR, at=timezone.now() + HOUR)  # the machine may take its time
    return Device.objects.create(slug="roof", name="Roof", host="192.168.1.40")


@contextmanager
def monitor(device, outcome):
    """Somebody on the monitor's side, who answers every command with ``outcome``. Gives the list of what was taken."""
    ended, taken = threading.Event(), []

    def run():
        while not ended.is_set():
            row = commands.take(device.pk, at=timezone.now())
            if row is None:
                time.sleep(0.01)  # as the monitor would wait for NOTIFY
                continue
            taken.append(row.command)
            commands.finish(row.pk, outcome, at=timezone.now())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


def test_a_command_is_answered_with_the_devices_reply(operator, device):
    with monitor(device, DONE):
        answer = operator.send("/devices/roof/commands", {"command": "state"})

    found = answer.json()
    assert (answer.status_code, found["status"], found["reply"], found["asked_by"]) == (200, "done", {"state": "Start"}, "operator")
    assert operator.read(f"/devices/roof/commands/{found['id']}").json() == found


@pytest.mark.parametrize(("outcome", "status", "code"), [
    (Outcome(CommandStatus.REFUSED, code="R+0004", error="The meter is busy."), 502, "R+0004"),
    (Outcome(CommandStatus.UNREACHABLE, error="It does not answer."), 502, "unreachable"),
    (Outcome(CommandStatus.FAILED, error="No reply of this protocol."), 502, "failed"),
    (Outcome(CommandStatus.TIMED_OUT, error="Not in time."), 504, "timed_out"),
])  # fmt: skip
def test_what_the_device_does_not_do_is_a_gateways_error(operator, device, outcome, status, code):
    with monitor(device, outcome):
        answer = operator.send("/devices/roof/commands", {"command": "start"})

    found = answer.json()
    assert (answer.status_code, found["code"], found["detail"]) == (status, code, outcome.error)
    assert found["command"] == str(DeviceCommand.objects.get().pk)


def test_a_long_command_is_taken_on_and_reports_how_far_it_is(operator, device):
    answer = operator.send("/devices/roof/commands", {"command": "start_cycle"})
    row = commands.take(device.pk, at=timezone.now())
    commands.progress(row.pk, "clock", 1, 4)

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    found = operator.read(f"/devices/roof/commands/{answer.json()['id']}").json()
    assert (found["status"], found["progress"]) == ("running", {"what": "clock", "done": 1, "of": 4})


def test_a_second_command_during_a_long_one_is_refused_as_busy(operator, device):
    operator.send("/devices/roof/commands", {"command": "start_cycle"})

    answer = operator.send("/devices/roof/commands", {"command": "start"})

    assert (answer.status_code, answer.json()["code"], DeviceCommand.objects.count()) == (409, "busy", 1)


def test_without_a_monitor_nobody_waits(operator, device):
    ProcessBeat.objects.all().delete()
    began = time.monotonic()

    answer = operator.send("/devices/roof/commands", {"command": "state"})

    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "no_monitor", "10")
    assert (DeviceCommand.objects.count(), time.monotonic() - began < commands.QUEUE_SECONDS) == (0, True)


@pytest.mark.parametrize(("body", "loc"), [
    ({"command": "explode"}, ["body", "command"]),
    ({"command": "start", "args": {"now": True}}, ["body", "args", "now"]),
    ({"command": "setting_set", "args": {"name": "Store Mode"}}, ["body", "args", "value"]),
    ({"command": "setting_set", "args": {"name": "Store Mode", "value": "Auto\r\nMeasure,Stop"}}, ["body", "args", "value"]),
    ({"command": "setting_set", "args": {"name": "TCP", "value": "Off"}}, ["body", "args", "name"]),
    ({"command": "state", "device": 7}, ["body", "device"]),
    ({"command": "x" * 41}, ["body", "command"]),
    ({}, ["body", "command"]),
])  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_queued(operator, device, body, loc):
    answer = operator.send("/devices/roof/commands", body)

    assert (answer.status_code, answer.json()["errors"][0]["loc"], DeviceCommand.objects.count()) == (422, loc, 0)


@pytest.mark.parametrize("fields", [{"enabled": False}, {"driver": "push"}])
def test_a_device_that_nobody_talks_to_takes_no_command(operator, device, fields):
    Device.objects.update(**fields)

    answer = operator.send("/devices/roof/commands", {"command": "state"})

    assert answer.status_code in {409, 422}
    assert DeviceCommand.objects.count() == 0


@pytest.mark.parametrize("outcome", [DONE, Outcome(CommandStatus.UNREACHABLE, error="It does not answer.")])
def test_the_same_key_sends_a_command_once_whatever_became_of_it(operator, device, outcome):
    with monitor(device, outcome) as taken:
        answers = [operator.send("/devices/roof/commands", {"command": "start"}, **{"Idempotency-Key": "k1"}) for _ in range(3)]

    assert (len({answer.status_code for answer in answers}), taken, DeviceCommand.objects.count()) == (1, ["start"], 1)
    assert len({answer.content for answer in answers}) == 1


def test_a_key_is_for_one_command_alone(operator, device):
    with monitor(device, Outcome(CommandStatus.REFUSED, code="R+0004", error="No.")):
        operator.send("/devices/roof/commands", {"command": "start"}, **{"Idempotency-Key": "k1"})
        other = operator.send("/devices/roof/commands", {"command": "stop"}, **{"Idempotency-Key": "k1"})

    assert (other.status_code, other.json()["errors"][0]["loc"]) == (422, ["header", "Idempotency-Key"])


def test_the_log_says_who_gave_which_command(operator, device):
    with monitor(device, DONE):
        for command in ("state", "battery"):
            operator.send("/devices/roof/commands", {"command": command})

    first = operator.read("/devices/roof/commands", limit=1).json()
    rest = operator.read("/devices/roof/commands", limit=1, cursor=first["next"]).json()
    assert [(row["command"], row["asked_by"]) for row in (*first["items"], *rest["items"])] == [
        ("battery", "operator"),
        ("state", "operator"),
    ]
    assert rest["next"] is None


def test_a_command_of_another_device_is_not_found(operator, device):
    Device.objects.create(slug="cellar", host="192.168.1.41")
    row = commands.ask(device, "state", {}, by=None, at=timezone.now())

    assert operator.read(f"/devices/cellar/commands/{row.pk}").status_code == 404
    assert operator.read(f"/devices/roof/commands/{row.pk}").json()["asked_by"] is None


def test_the_catalogue_names_every_command_and_its_arguments(operator):
    found = operator.read("/devices/commands").json()

    assert found["push"] == []
    assert found["nl43"] == found["simulated"]
    (setting,) = [spec for spec in found["nl43"] if spec["command"] == "setting_set"]
    assert (setting["changes"], [argument["name"] for argument in setting["args"]]) == (True, ["name", "value"])
