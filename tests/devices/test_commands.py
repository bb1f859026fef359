"""A command to a device is asked for by a row, taken once or never, and answered honestly."""

import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from devices import commands
from devices.commands import Outcome
from devices.enums import CommandStatus, DriverKind
from devices.errors import BadArguments, Busy, NotWatched, UnknownCommand
from devices.models import Device, DeviceCommand, DeviceStatus
from tests.conftest import HOUR, MINUTE, NOON, SECOND

pytestmark = pytest.mark.django_db


@pytest.fixture
def meter():
    return Device.objects.create(slug="roof", name="Roof", host="192.168.1.40")


def lease(device, holder="a monitor", *, seconds=10):
    DeviceStatus.objects.update_or_create(device=device, defaults={"holder": holder, "leased_until": timezone.now() + seconds * SECOND})


def statuses():
    return [(row.command, row.status) for row in DeviceCommand.objects.order_by("id")]


def test_asking_queues_one_row_with_a_deadline(meter, user):
    row = commands.ask(meter, "start", {}, by=user, at=NOON)

    assert (row.status, row.asked_by, row.deadline_at) == ("queued", user, NOON + 15 * SECOND)
    assert statuses() == [("start", "queued")]


def test_a_command_that_the_driver_does_not_know_is_not_queued(meter):
    with pytest.raises(UnknownCommand, match="start, stop"):
        commands.ask(meter, "reset", {}, by=None, at=NOON)

    assert statuses() == []


def test_wrong_arguments_are_not_queued(meter):
    with pytest.raises(BadArguments):
        commands.ask(meter, "start", {"now": True}, by=None, at=NOON)

    assert statuses() == []


@pytest.mark.parametrize("fields", [{"enabled": False}, {"driver": DriverKind.PUSH}], ids=["off", "push"])
def test_a_device_that_nobody_talks_to_takes_no_command(meter, fields):
    Device.objects.filter(pk=meter.pk).update(**fields)
    meter.driver = fields.get("driver", meter.driver)  # that it is off, the asker may not have seen yet

    with pytest.raises(NotWatched):
        commands.ask(meter, "start", {}, by=None, at=NOON)

    assert statuses() == []


def test_while_a_long_command_is_open_others_are_refused(meter):
    lease(meter)
    commands.ask(meter, "start_cycle", {}, by=None, at=NOON)
    commands.take(meter.pk, at=NOON + SECOND)

    with pytest.raises(Busy, match="start_cycle"):
        commands.ask(meter, "battery", {}, by=None, at=NOON + MINUTE)


def test_a_long_command_of_a_dead_monitor_keeps_nobody_waiting(meter):
    lease(meter, seconds=-1)
    commands.ask(meter, "start_cycle", {}, by=None, at=NOON)
    commands.take(meter.pk, at=NOON)

    commands.ask(meter, "battery", {}, by=None, at=NOON + MINUTE)

    assert statuses() == [("start_cycle", "failed"), ("battery", "queued")]


def test_a_queue_that_is_full_takes_no_more(meter):
    for _ in range(commands.OPEN_LIMIT):
        commands.ask(meter, "battery", {}, by=None, at=NOON)

    with pytest.raises(Busy, match="20 commands wait"):
        commands.ask(meter, "battery", {}, by=None, at=NOON)


def test_commands_are_taken_in_their_order_and_once(meter):
    for command in ("stop", "start"):
        commands.ask(meter, command, {}, by=None, at=NOON)

    taken = [commands.take(meter.pk, at=NOON + SECOND) for _ in range(3)]

    assert [row and row.command for row in taken] == ["stop", "start", None]
    assert statuses() == [("stop", "running"), ("start", "running")]


def test_a_command_is_not_taken_after_its_deadline(meter):
    commands.ask(meter, "start", {}, by=None, at=NOON)

    assert commands.take(meter.pk, at=NOON + 16 * SECOND) is None
    assert commands.time_out_due(at=NOON + 16 * SECOND) == 1
    assert statuses() == [("start", "timed_out")]
    assert DeviceCommand.objects.get().error == commands.NOT_SENT


def test_the_asker_gets_the_reply(meter):
    row = commands.ask(meter, "battery", {}, by=None, at=timezone.now())
    taken = commands.take(meter.pk, at=timezone.now())
    commands.finish(taken.pk, Outcome(CommandStatus.DONE, {"level": "Full"}), at=timezone.now())

    done = commands.wait(row.pk, 5)

    assert (done.status, done.reply) == ("done", {"level": "Full"})


def test_the_asker_of_a_refused_command_learns_the_devices_code(meter):
    row = commands.ask(meter, "stop", {}, by=None, at=timezone.now())
    commands.take(meter.pk, at=timezone.now())
    commands.finish(row.pk, Outcome(CommandStatus.REFUSED, code="R+0004", error="It is stopped."), at=timezone.now())

    done = commands.wait(row.pk, 5)

    assert (done.status, done.code, done.error) == ("refused", "R+0004", "It is stopped.")


def test_waiting_ends_in_time_and_says_how_far_it_is(meter):
    row = commands.ask(meter, "battery", {}, by=None, at=timezone.now())
    started = time.monotonic()

    found = commands.wait(row.pk, 0.2)

    assert (found.status, time.monotonic() - started < commands.QUEUE_SECONDS) == ("queued", True)


def test_an_asker_whose_command_nobody_took_learns_that_nothing_was_sent(meter):
    row = commands.ask(meter, "start", {}, by=None, at=timezone.now() - MINUTE)

    found = commands.wait(row.pk, 5)

    assert (found.status, found.error) == ("timed_out", commands.NOT_SENT)
    assert commands.take(meter.pk, at=NOON) is None


def test_what_ran_on_a_device_that_was_taken_over_has_failed_and_is_not_run_again(meter):
    row = commands.ask(meter, "store", {}, by=None, at=NOON)
    commands.take(meter.pk, at=NOON)

    assert commands.fail_running([meter.pk], at=NOON + SECOND) == 1

    row.refresh_from_db()
    assert (row.status, row.error) == ("failed", "The monitor stopped while it ran; look at the device before you repeat it.")
    assert commands.take(meter.pk, at=NOON + SECOND) is None


def test_a_monitor_that_was_given_up_for_dead_cannot_finish_the_command(meter):
    row = commands.ask(meter, "store", {}, by=None, at=NOON)
    commands.take(meter.pk, at=NOON)
    commands.fail_running([meter.pk], at=NOON + SECOND)

    assert not commands.finish(row.pk, Outcome(CommandStatus.DONE, {}), at=NOON + 2 * SECOND)
    assert statuses() == [("store", "failed")]


def test_what_runs_on_a_device_with_a_living_monitor_is_left_alone(meter):
    lease(meter)
    commands.ask(meter, "store", {}, by=None, at=NOON)
    commands.take(meter.pk, at=NOON)

    assert commands.fail_abandoned(at=NOON + MINUTE) == 0
    assert statuses() == [("store", "running")]


def test_progress_of_a_long_command_can_be_seen(meter):
    row = commands.ask(meter, "start_cycle", {}, by=None, at=NOON)
    commands.take(meter.pk, at=NOON)

    commands.progress(row.pk, "Setting the clock", 1, 6)

    row.refresh_from_db()
    assert row.progress == {"what": "Setting the clock", "done": 1, "of": 6}


def test_old_commands_are_forgotten(meter):
    for at in (NOON - 366 * 24 * HOUR, NOON - 364 * 24 * HOUR):
        commands.ask(meter, "battery", {}, by=None, at=at)

    assert commands.forget_old(at=NOON) == 1


@pytest.mark.django_db(transaction=True)
def test_two_monitors_never_take_the_same_command(meter):
    commands.ask(meter, "store", {}, by=None, at=NOON)
    taken, start = [], threading.Barrier(4)

    def monitor():
        start.wait(60)
        taken.append(commands.take(meter.pk, at=NOON))
        connection.close()

    threads = [threading.Thread(target=monitor) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [row.command for row in taken if row] == ["store"]


@pytest.mark.django_db(transaction=True)
def test_an_asker_is_answered_while_it_waits(meter):
    row = commands.ask(meter, "battery", {}, by=None, at=timezone.now())

    def monitor():
        taken = commands.take(meter.pk, at=timezone.now())
        commands.finish(taken.pk, Outcome(CommandStatus.DONE, {"level": "Full"}), at=timezone.now())
        connection.close()

    thread = threading.Thread(target=monitor)
    thread.start()
    done = commands.wait(row.pk, 60)
    thread.join(60)

    assert done.reply == {"level": "Full"}
