"""The monitor, whole, with a driver that does what the test says; test_monitor_meter.py has real sockets."""

import asyncio
import contextlib

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from alerts.models import Alert
from devices import commands, monitor, viewers
from devices.errors import CommandRefused, NoReply, Unreachable
from devices.models import DeviceCommand, DeviceStatus, Reading
from tests.conftest import HOUR, SECOND
from tests.devices.watching import Running, add, asked, change, status, until
from tests.factories import make_policy, make_source

pytestmark = pytest.mark.django_db(transaction=True)
WOKEN_ONLY = 3600.0
"""How often a monitor looks by itself that shall follow because somebody wakes it."""


@sync_to_async
def house():
    make_source("meters", policy=make_policy())


async def test_a_device_is_watched_from_the_start_and_its_readings_are_kept():
    device = await add()

    async with Running() as running:
        await until(asked(running.line()))
        found = await until(sync_to_async(lambda: Reading.objects.filter(device_id=device.pk).first()))

    assert found.values == {"lp": 60.0}
    assert running.rules.fed[0] == (device.pk, 60.0)
    assert running.rules.loaded[0] == [device.pk]
    assert next(slug for slug, text in running.feed.texts if '"frame"' in text) == "m1"


async def test_the_row_says_how_the_device_is():
    await add()

    async with Running(holder="me") as running:
        await until(sync_to_async(lambda: DeviceStatus.objects.filter(reachable=True).exists()))
        row = await status()

        assert (row.holder, row.mode, row.state, row.frame["values"]["lp"]) == ("me", "idle", "measuring", 60.0)
        assert running.line().open == 1


async def test_a_clean_stop_closes_connections_and_gives_the_leases_back():
    await add()

    async with Running() as running:
        await until(asked(running.line()))

    row = await status()
    assert (running.line().open, row.holder, row.mode, row.reachable, row.leased_until) == (0, "", "standby", None, None)


async def test_a_lease_that_is_being_taken_while_the_monitor_stops_is_given_back():
    await add()
    async with await psycopg.AsyncConnection.connect(**monitor._parameters()) as other:
        await other.execute("SELECT FROM devices_device FOR UPDATE")
        async with Running(holder="me") as running:
            await until(sync_to_async(somebody_waits_for_a_lock))

            running.monitor.stop()
            await until(lambda: "roster" not in {task.get_name() for task in asyncio.all_tasks()})
            await other.commit()

    assert (await status()).holder == ""


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.rowcount


async def test_a_device_that_is_made_while_the_monitor_runs_is_followed_at_once():
    async with Running(look_seconds=WOKEN_ONLY) as running:
        await until(lambda: running.beats)
        await add("new")

        await until(asked(running.line("new")))


@pytest.mark.parametrize("fields", [{"enabled": False}, {"keepalive": False}], ids=["off", "standby"])
async def test_a_device_that_is_switched_off_is_let_go_at_once_even_in_the_middle_of_a_question(fields):
    await add()
    async with Running(look_seconds=WOKEN_ONLY) as running:
        running.line().hold.clear()
        await until(asked(running.line()))

        await change(**fields)

        await until(lambda: running.line().open == 0)
        await until(sync_to_async(lambda: DeviceStatus.objects.filter(holder="", mode="standby").exists()))


async def test_a_device_on_standby_stays_released_over_a_restart():
    await add(keepalive=False)

    async with Running() as running:
        await until(lambda: running.beats)
        await add("other")
        await until(asked(running.line("other")))

    assert (running.line().asked, await status()) == (0, None)


async def test_a_device_that_is_deleted_is_let_go():
    device = await add()
    async with Running(look_seconds=WOKEN_ONLY) as running:
        await until(asked(running.line()))

        await sync_to_async(device.delete)()

        await until(lambda: running.line().open == 0)
        assert running.monitor.devices == []


async def test_a_new_address_is_followed_with_one_connection_at_a_time():
    await add()
    async with Running(look_seconds=WOKEN_ONLY) as running:
        await until(asked(running.line()))

        await change(host="m2")

        await until(asked(running.line("m2")))
        assert running.line("m1").open == 0


async def test_a_new_name_does_not_cost_the_connection():
    await add()
    async with Running(look_seconds=WOKEN_ONLY) as running:
        await until(asked(running.line()))

        await change(name="Other")
        await add("m2")
        await until(asked(running.line("m2")))

        assert (running.line().open, running.line().most_open) == (1, 1)


async def test_a_viewer_wakes_an_idle_device_and_it_is_asked_faster():
    device, _ = await add(), await add("m2")
    async with Running(look_seconds=WOKEN_ONLY) as running:
        await until(asked(running.line()))
        await until(asked(running.line("m2")))

        await sync_to_async(viewers.write)("web", {device.pk: 1}, at=timezone.now())

        await until(asked(running.line(), 6))
        assert running.line("m2").asked < 4  # left alone, it is asked every ten seconds


async def test_a_viewer_wakes_a_device_on_standby():
    device = await add(keepalive=False)
    async with Running(look_seconds=WOKEN_ONLY) as running:
        await until(lambda: running.beats)
        await sync_to_async(viewers.write)("web", {device.pk: 1}, at=timezone.now())
        await until(asked(running.line()))

        await sync_to_async(viewers.write)("web", {}, at=timezone.now())

        await until(lambda: running.line().open == 0)


async def test_a_command_is_answered():
    device = await add()
    async with Running(look_seconds=WOKEN_ONLY) as running:
        await until(asked(running.line()))
        row = await sync_to_async(commands.ask)(device, "start", {}, by=None, at=timezone.now())

        done = await sync_to_async(commands.wait)(row.pk, 60)

        assert (done.status, done.reply) == ("done", {"done": "start"})
        assert running.line().done == ["start"]


async def test_a_command_wakes_a_device_on_standby_which_is_let_go_afterwards():
    device = await add(keepalive=False)
    async with Running() as running:
        await until(lambda: running.beats)
        row = await sync_to_async(commands.ask)(device, "battery", {}, by=None, at=timezone.now())

        done = await sync_to_async(commands.wait)(row.pk, 60)

        assert done.status == "done"
        await until(lambda: running.line().open == 0)
        await until(sync_to_async(lambda: DeviceStatus.objects.filter(holder="").exists()))


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (CommandRefused("R+0004", "It is stopped already."), ("refused", "R+0004", "It is stopped already.")),
        (NoReply("It did not answer."), ("timed_out", "", "It did not answer.")),
        (Unreachable("There is no way."), ("unreachable", "", "There is no way.")),
        (ValueError("a fault of ours"), ("failed", "", "The monitor failed while it ran; see its log, and look at the device.")),
    ],
    ids=["refused", "no reply", "unreachable", "a fault"],
)
async def test_a_command_that_fails_says_how_and_is_not_sent_again(error, answer):
    device = await add(keepalive=False)
    async with Running() as running:
        running.line().error = error
        row = await sync_to_async(commands.ask)(device, "stop", {}, by=None, at=timezone.now())

        done = await sync_to_async(commands.wait)(row.pk, 60)

        assert (done.status, done.code, done.error) == answer
        assert await sync_to_async(DeviceCommand.objects.count)() == 1


async def test_a_command_that_runs_when_the_monitor_stops_has_failed():
    device = await add(keepalive=False)
    async with Running() as running:
        running.line().hold.clear()
        row = await sync_to_async(commands.ask)(device, "store", {}, by=None, at=timezone.now())
        await until(sync_to_async(lambda: DeviceCommand.objects.filter(status="running").exists()))

    row = await sync_to_async(DeviceCommand.objects.get)(pk=row.pk)
    assert row.status == "failed"
    assert "Look at the device" in row.error


async def test_what_a_dead_monitor_had_in_hand_is_not_run_again():
    device = await add()
    row = await sync_to_async(commands.ask)(device, "store", {}, by=None, at=timezone.now())
    await sync_to_async(commands.take)(device.pk, at=timezone.now())

    async with Running() as running:
        done = await sync_to_async(commands.wait)(row.pk, 60)

    assert (done.status, done.error, running.line().done) == ("failed", commands.STOPPED, [])


async def test_a_device_that_does_not_answer_raises_one_alert_which_recovery_resolves():
    await house()
    await add()
    async with Running() as running:
        running.line().error = Unreachable("No route to it.")
        alert = await until(sync_to_async(lambda: Alert.objects.first()))
        row = await until(sync_to_async(lambda: DeviceStatus.objects.filter(reachable=False).first()))
        assert (alert.type, alert.subject, row.mode, row.failures >= 3) == ("device-unreachable", "m1", "back_off", True)

        running.line().error = None

        await until(sync_to_async(lambda: Alert.objects.get().resolution == "recovered"))
    kinds = [text.partition(",")[0] for _, text in running.feed.texts]
    assert '{"type":"status"' in kinds


async def test_a_device_that_is_to_be_watched_day_and_night_while_it_does_not_answer_raises_its_alert():
    await house()
    device = await add(keepalive=False)
    await sync_to_async(viewers.write)("web", {device.pk: 1}, at=timezone.now())
    async with Running() as running:
        running.line().error = Unreachable("No route to it.")
        await until(sync_to_async(lambda: DeviceStatus.objects.filter(reachable=False).exists()))
        assert not await sync_to_async(Alert.objects.exists)()

        await change(keepalive=True)

        assert (await until(sync_to_async(lambda: Alert.objects.first()))).type == "device-unreachable"


async def test_a_wedged_meter_is_told_apart():
    await house()
    await add()
    async with Running() as running:
        running.line().error, running.line().ftp_answers = Unreachable("Refused.", refused=True), True

        alert = await until(sync_to_async(lambda: Alert.objects.first()))

    assert (alert.type, alert.title) == ("device-wedged", "M1 must be switched off and on")


async def test_a_loop_that_fails_goes_on_and_says_so(caplog):
    await add()
    async with Running() as running:
        running.line().error = ZeroDivisionError("ours")
        await until(sync_to_async(lambda: DeviceStatus.objects.filter(error__startswith="The monitor failed").exists()))

        running.line().error = None

        await until(sync_to_async(lambda: DeviceStatus.objects.filter(reachable=True, error="").exists()))
    assert "the loop of m1 failed; it goes on" in caplog.text


async def test_two_monitors_share_nothing_and_the_second_takes_over_what_the_first_gives_back():
    await add()
    async with Running("one") as one, Running("two") as two:
        await until(lambda: one.line().asked or two.line().asked)
        first, second = (one, two) if one.line().asked else (two, one)
        await until(sync_to_async(lambda: DeviceStatus.objects.filter(reachable=True).exists()))
        assert second.line().asked == 0

        first.monitor.stop()

        await until(asked(second.line()))
        assert first.line().open == 0


async def test_a_monitor_whose_lease_another_took_closes_at_once():
    await add()
    async with Running("one") as one:
        await until(asked(one.line()))

        later = timezone.now() + HOUR
        await sync_to_async(DeviceStatus.objects.update)(holder="two", leased_until=later)

        await until(lambda: one.line().open == 0)
        assert (await status()).holder == "two"


async def test_a_monitor_that_was_stopped_does_not_send_when_it_goes_on():
    await add()
    async with Running("one") as one:
        await until(asked(one.line()))
        one.monitor.leases._until = dict.fromkeys(one.monitor.leases._until, 0.0)  # as if seconds had passed unseen
        count = one.line().asked
        await sync_to_async(DeviceStatus.objects.update)(holder="two", leased_until=timezone.now() + 60 * SECOND)

        await until(lambda: one.line().open == 0)

        assert one.line().asked == count


async def test_the_loop_beats_and_a_device_without_a_driver_disturbs_nobody(caplog):
    await add("push", driver="simulated", host="unknown")
    await add()
    async with Running() as running:
        make = running.make
        running.monitor._make = lambda kind, target, check: make(kind, target, check) if target.host == "m1" else {}[target.host]

        await until(asked(running.line()))
        await until(lambda: running.beats)

    assert "there is no driver for push" in caplog.text
    with contextlib.suppress(AttributeError):
        assert (await status("push")).holder == ""
