"""Files from the monitor to a web process, and what happens when one of the two dies."""

import asyncio
import functools
import threading
import time
from contextlib import aclosing, contextmanager
from datetime import datetime

import pytest
import redis
from django.conf import settings as site
from django.db import connection
from django.utils import timezone, translation

from devices import commands, transfers
from devices.commands import Outcome
from devices.drivers import Target
from devices.enums import CommandStatus
from devices.errors import BadArguments, Busy, FileProblem
from devices.models import Device, DeviceCommand
from tests.meters import Meter

pytestmark = pytest.mark.django_db(transaction=True)
BIG = 20 * 1024 * 1024


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.SENTINEL_DEVICE_LOOPBACK = True


@pytest.fixture(autouse=True)
def _nothing_before_and_nobody_after():
    with redis.Redis.from_url(site.REDIS_URL) as client:
        client.delete("nothing", *client.keys("sentinel:transfer:*"))
    yield
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "meter-files"])


@pytest.fixture
def device():
    return Device.objects.create(slug="roof", name="Roof", host="127.0.0.1", username="USER", password="0000")


@pytest.fixture(scope="module")
def card():
    with Meter() as meter:
        for name, size in (("Auto_0001/one two.rnd", 100_000), ("Auto_0001/empty", 0), ("big", BIG)):
            meter.inner.instrument.card.put(f"/NL-43/{name}", datetime(2026, 3, 2), functools.partial(bytes, size))
        yield meter


@contextmanager
def monitor(device, meter):
    """Takes the device's commands and does them, in a thread. Yields what they became of."""
    stop, outcomes = threading.Event(), []
    where = Target(device.slug, "127.0.0.1", 1, meter.ftp_port, "USER", "0000", "UTC")

    async def place():
        return where

    def work():
        while not stop.is_set():
            row = commands.take(device.pk, at=timezone.now())
            if row is None:
                stop.wait(0.02)
                continue
            outcomes.append(asyncio.run(transfers.perform(row.command, row.arguments, place)))
            commands.finish(row.pk, outcomes[-1], at=timezone.now())
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield outcomes
    finally:
        stop.set()
        thread.join(60)


def begin(device, path):
    return transfers.begin(device, path, by=None, at=timezone.now())


def read(incoming):
    async def all_of_it():
        async with aclosing(incoming.chunks) as chunks:
            return b"".join([chunk async for chunk in chunks])

    return asyncio.run(all_of_it())


def left_behind():
    with redis.Redis.from_url(site.REDIS_URL) as client:
        return [key for key in client.keys("sentinel:transfer:*") if not key.endswith(b":gone")]


def until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_folder_is_listed(device, card):
    with monitor(device, card):
        found = transfers.listing(device, "/NL-43/Auto_0001", by=None, at=timezone.now())

    assert [(each["name"], each["folder"], each["size"]) for each in found] == [("empty", False, 0), ("one two.rnd", False, 100_000)]
    assert found[0]["changed_at"].startswith("2026-03-02T00:00:00")


@pytest.mark.parametrize(("path", "size"), [("/NL-43/Auto_0001/one two.rnd", 100_000), ("/NL-43/Auto_0001/empty", 0), ("/NL-43/big", BIG)])
def test_a_file_comes_whole_and_nothing_stays(device, card, path, size):
    with monitor(device, card) as outcomes:
        incoming = begin(device, path)
        content = read(incoming)
        until(lambda: outcomes)

    assert (incoming.kind, incoming.size, len(content)) == ("file", size, size)
    assert outcomes == [Outcome(CommandStatus.DONE, {"path": path, "kind": "file", "bytes": size})]
    assert left_behind() == []


def test_a_folder_comes_as_an_archive(device, card):
    with monitor(device, card):
        incoming = begin(device, "/NL-43/Auto_0001")
        content = read(incoming)

    assert (incoming.name, incoming.kind, incoming.size, content[:2]) == ("Auto_0001.zip", "zip", None, b"PK")


@pytest.mark.parametrize(("path", "code"), [("/NL-43/nothing", "not_found"), ("/nowhere/x", "not_found")])
def test_a_problem_of_the_meter_is_the_askers(device, card, path, code):
    with monitor(device, card) as outcomes:
        with pytest.raises(FileProblem) as problem:
            begin(device, path)
        until(lambda: outcomes)

    assert (problem.value.code, outcomes[0].status, outcomes[0].code) == (code, CommandStatus.FAILED, code)


@pytest.mark.parametrize("path", ["../x", "/NL-43/../x", "/a\r\nDELE b", ""])
def test_a_path_that_leads_elsewhere_is_refused_before_anything_is_asked(device, path):
    with pytest.raises(BadArguments):
        begin(device, path)

    assert not DeviceCommand.objects.exists()


def test_a_reader_that_takes_nothing_holds_the_monitor_up_and_no_memory(device, card):
    with monitor(device, card) as outcomes, redis.Redis.from_url(site.REDIS_URL) as client:
        incoming = begin(device, "/NL-43/big")
        until(lambda: left_behind() and client.llen(left_behind()[0]) >= transfers.HELD_PIECES)
        held = client.llen(left_behind()[0])

        assert (held, outcomes) == (transfers.HELD_PIECES, [])
        assert 0 < client.ttl(left_behind()[0]) <= transfers.EXPIRE_SECONDS
        assert len(read(incoming)) == BIG


def test_a_reader_that_goes_away_ends_the_transfer(device, card):
    async def look(incoming):
        await anext(incoming.chunks)
        await incoming.chunks.aclose()

    with monitor(device, card) as outcomes:
        asyncio.run(look(begin(device, "/NL-43/big")))
        until(lambda: outcomes)

    assert "nobody takes the file" in outcomes[0].error
    assert left_behind() == []


def test_a_meter_that_stops_in_the_middle_is_told_to_the_reader(device):
    with Meter() as meter:
        meter.inner.instrument.card.put("/NL-43/big", datetime(2026, 3, 2), functools.partial(bytes, BIG))
        with monitor(device, meter):
            incoming = begin(device, "/NL-43/big")
            meter._call(lambda: [session._transfer.cancel() for session in meter.inner.ftp_sessions])
            meter._call(lambda: [session.close() for session in meter.inner.ftp_sessions])

            with pytest.raises(FileProblem) as problem:
                read(incoming)

    assert problem.value.code == "unreachable"
    assert left_behind() == []


def test_files_of_a_device_are_fetched_one_after_another(device, card):
    async def twice():
        async def place():
            return Target(device.slug, "127.0.0.1", 1, card.ftp_port, "USER", "0000", "UTC")

        first = asyncio.ensure_future(transfers.perform("send_file", {"path": "/NL-43/big", "transfer": "a" * 32}, place))
        await asyncio.sleep(0)
        second = await transfers.perform("list_files", {"path": "/", "transfer": "b" * 32}, place)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return second

    with translation.override("fr"):  # the site's: what is kept is English, and the asker's language is found where it is read
        refused = asyncio.run(twice())

    assert (refused.code, refused.error) == ("busy", "files of this device are being fetched already; wait until that is done")


def test_an_asker_hears_that_the_device_is_busy(device, card):
    def refuse():
        until(lambda: DeviceCommand.objects.exists())
        row = commands.take(device.pk, at=timezone.now())
        commands.finish(row.pk, Outcome(CommandStatus.FAILED, code="busy", error="wait"), at=timezone.now())
        connection.close()

    thread = threading.Thread(target=refuse)
    thread.start()

    with pytest.raises(Busy, match="wait"):
        begin(device, "/NL-43/big")
    thread.join()
