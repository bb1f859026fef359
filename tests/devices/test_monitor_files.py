"""The monitor fetches files beside the connection."""

import functools
from datetime import datetime

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from devices import drivers, transfers
from devices.enums import CommandStatus
from devices.models import DeviceCommand, DeviceStatus
from tests.devices.watching import Running, add, until
from tests.meters import Meter

pytestmark = pytest.mark.django_db(transaction=True)
SIZE = 8 * 1024 * 1024


class Watching(Running):
    """With the real drivers."""

    def make(self, kind, target, check):
        return drivers.make(kind, target, check)


@pytest.fixture
def meter(settings):
    settings.SENTINEL_DEVICE_LOOPBACK = True
    with Meter() as meter:
        meter.inner.instrument.card.put("/NL-43/big", datetime(2026, 3, 2), functools.partial(bytes, SIZE))
        yield meter


@sync_to_async
def begin(device):
    return transfers.begin(device, "/NL-43/big", by=None, at=timezone.now())


@sync_to_async
def ended():
    return DeviceCommand.objects.filter(status=CommandStatus.DONE).first()


@pytest.mark.parametrize("keepalive", [True, False], ids=["watched", "standby"])
async def test_a_file_comes_while_the_device_is_asked_as_ever(meter, keepalive):
    device = await add(
        host="127.0.0.1", port=meter.port, ftp_port=meter.ftp_port, username="USER", password="0000", keepalive=keepalive
    )  # fmt: skip
    async with Watching():
        incoming = await begin(device)
        if keepalive:
            await until(lambda: meter.counters.commands["DOD?"] >= 1)
        size = sum([len(chunk) async for chunk in incoming.chunks])
        row = await until(ended)

        assert (size, row.reply["bytes"]) == (SIZE, SIZE)
        assert meter.counters.connections <= 1
        assert meter.violations == 0


async def test_what_is_fetched_when_the_monitor_stops_fails_and_says_so(meter):
    device = await add(host="127.0.0.1", port=meter.port, ftp_port=meter.ftp_port, username="USER", password="0000")
    async with Watching():
        incoming = await begin(device)

    row = await sync_to_async(DeviceCommand.objects.get)()
    with pytest.raises(transfers.FileProblem):
        async for _ in incoming.chunks:
            pass

    assert (row.status, "stopped" in row.error) == (CommandStatus.FAILED, True)
    assert not await sync_to_async(DeviceStatus.objects.exclude(holder="").exists)()
