"""What the monitor found waits in memory while the database is away, bounded, and goes there in its order."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import DataError, OperationalError, connection, transaction
from django.utils import timezone

from devices import commands, findings
from devices.demand import Demand
from devices.desk import Desk
from devices.device_loop import DeviceLoop
from devices.drivers import Sample, Target
from devices.enums import RunState
from devices.findings import Findings
from devices.leases import Leases
from devices.models import Device, DeviceCommand, DeviceStatus, Reading
from devices.roster import Config
from tests.conftest import NOON, SECOND
from tests.devices.watching import Feed, Line, NoRules, Scripted, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def desk():
    made = Desk("test", 1)
    yield made
    made.close()


@pytest.fixture
def found(desk):
    return Findings(desk, NoRules(), Feed(), holder="me")


async def looped(found, device_id=1):
    target = Target("m1", "m1", 1, 1, "", "", "UTC")
    config = Config(device_id, "1", "nl43", "M 1", target, 1.0)
    return DeviceLoop(config, Scripted(Line(), target, None), found, Demand(), probe=None)


def sample(second, level=60.0):
    return Sample(NOON + second * SECOND, {"lp": level, "leq": None}, RunState.MEASURING)


def levels():
    return [values["lp"] for values in Reading.objects.order_by("at").values_list("values", flat=True)]


async def broken(desk):
    """The next statement of the desk's only thread fails as if the server had gone."""
    await desk.do(lambda: connection.ensure_connection())
    await desk.do(lambda: connection.connection.close())


async def test_readings_are_stored_together(found):
    loop = await looped(found)
    for second in range(3):
        found.heard(loop, sample(second, 60.0 + second))

    await found.write_readings()

    assert await sync_to_async(levels)() == [60.0, 61.0, 62.0]


async def test_readings_wait_for_a_database_that_is_away_and_none_is_lost_or_doubled(found, desk):
    loop = await looped(found)
    found.heard(loop, sample(0, 60.0))
    await broken(desk)
    with pytest.raises(OperationalError):
        await found.write_readings()
    found.heard(loop, sample(1, 61.0))

    await found.write_readings()

    assert (await sync_to_async(levels)(), found.dropped) == ([60.0, 61.0], 0)


async def test_of_too_many_readings_the_oldest_are_dropped_and_counted(found):
    loop = await looped(found)
    for second in range(findings.READINGS_LIMIT + 2):
        found.heard(loop, sample(second))

    assert (found.dropped, len(found._readings), found._readings[0].at) == (2, findings.READINGS_LIMIT, NOON + 2 * SECOND)


async def test_values_out_of_range_are_not_stored(found):
    loop = await looped(found)
    found.heard(loop, sample(0, 999.9))

    await found.write_readings()

    assert await sync_to_async(levels)() == []


async def test_rows_of_devices_are_written_together_and_again_after_a_failure(found, desk):
    device = await sync_to_async(Device.objects.create)(slug="m1", name="M 1", host="m1")
    await desk.do(Leases("me").take, [device.pk])
    loop = await looped(found, device.pk)
    loop.reachable = True
    found.changed(loop)
    await broken(desk)
    with pytest.raises(OperationalError):
        await found.write_snapshots()

    await found.write_snapshots()

    assert await sync_to_async(DeviceStatus.objects.filter(reachable=True, holder="me").count)() == 1


async def test_the_row_of_a_device_that_is_anothers_is_left_alone(found, desk):
    device = await sync_to_async(Device.objects.create)(slug="m1", name="M 1", host="m1")
    await desk.do(Leases("another").take, [device.pk])
    loop = await looped(found, device.pk)
    loop.reachable = True
    found.changed(loop)

    await found.write_snapshots()

    assert await sync_to_async(DeviceStatus.objects.filter(reachable=True).count)() == 0


async def test_notes_are_written_in_order_and_wait_for_the_database_but_not_for_one_that_is_bad(found, caplog):
    written, fails = [], [OperationalError("gone")]

    def first():
        if fails:
            raise fails.pop()
        written.append("first")

    def bad():
        raise DataError("never")

    for note in (first, bad, lambda: written.append("last")):
        found._note(note)
    with pytest.raises(OperationalError):
        await found.write_notes()

    await found.write_notes()

    assert written == ["first", "last"]
    assert "is left out" in caplog.text


@pytest.fixture
async def row():
    """A command that waits."""
    meter = await sync_to_async(Device.objects.create)(slug="m1", name="M 1", host="192.0.2.7")
    return await sync_to_async(commands.ask)(meter, "state", {}, by=None, at=timezone.now())


@pytest.fixture
async def slow_table(row):
    """Commands can be taken only when the test lets them; they must then have been sent before that."""
    held, let = asyncio.Event(), threading.Event()
    loop, other = asyncio.get_running_loop(), Desk("other", 1)

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK devices_devicecommand IN EXCLUSIVE MODE")
            loop.call_soon_threadsafe(held.set)
            let.wait(60)
            DeviceCommand.objects.filter(pk=row.pk).update(deadline_at=timezone.now())

    holding = asyncio.create_task(other.do(hold))
    await held.wait()
    yield let
    let.set()
    await holding
    other.close()


async def blocked(task):
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'devices_devicecommand'::regclass"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    await until(sync_to_async(lambda: one(waiting)))
    return task


def one(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


async def test_a_command_that_the_database_gives_after_its_deadline_is_not_sent(found, row, slow_table):
    task = await blocked(asyncio.create_task(found.take_command(row.device_id)))
    slow_table.set()

    assert await task is None
    await found.write_notes()
    assert (await sync_to_async(DeviceCommand.objects.get)()).status == "timed_out"


async def test_a_command_that_is_taken_while_its_loop_ends_does_not_run_for_ever(found, row, slow_table):
    task = await blocked(asyncio.create_task(found.take_command(row.device_id)))
    task.cancel()
    slow_table.set()

    await found.write_notes()
    assert (await sync_to_async(DeviceCommand.objects.get)()).status == "timed_out"


async def test_a_desk_ends_by_itself_when_it_is_closed():
    desk = Desk("test", 1)
    assert await desk.do(lambda: 7) == 7

    desk.close()

    await until(lambda: not any(thread.is_alive() for thread in desk._threads))
