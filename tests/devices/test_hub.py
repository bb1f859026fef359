"""The fan-out of one web process: everybody gets everything, nobody holds anybody up, and Redis may come and go."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from channels.layers import get_channel_layer

from devices import frames, hub, listening
from devices.drivers.base import Sample
from devices.models import Device, DeviceStatus, DeviceViewer
from devices.publishing import GROUP, MESSAGE
from devices.viewing import OUTBOX_LIMIT, DevicesViewer, Said, Viewer
from tests.conftest import NOON
from tests.valkey import Valkey

pytestmark = pytest.mark.django_db
stores = pytest.mark.django_db(transaction=True)


@pytest.fixture
def valkey(settings):
    with Valkey() as server:
        settings.CHANNEL_LAYERS = server.layer
        yield server


@pytest.fixture
def stored_hall():
    return Device.objects.create(slug="hall", name="Hall", host="192.0.2.1")


@pytest.fixture
def hall():
    """A device of which the database knows nothing."""
    return Device(pk=7, slug="hall")


def frame(lp=60.0, slug="hall"):
    return frames.encode_sample(slug, Sample(NOON, {"lp": lp}), sent_at=NOON)


def status(slug="hall"):
    return frames.encode_status(slug, reachable=False, since=NOON, sent_at=NOON)


class Peer:
    """The other end of a websocket that the server can push to: it takes what it gets, unless told otherwise."""

    def __init__(self):
        self.taking, self.pushed, self.ended = True, [], []

    def push(self, message):
        if self.taking:
            self.pushed.append(message)
        return self.taking


def viewer(device=None, *, peer=None):
    kind = Viewer if device else DevicesViewer
    push, end = (peer.push, peer.ended.append) if peer else (None, [].append)
    return kind(device_id=device and device.pk, slug=device.slug if device else "", push=push, end=end)


async def publish(*texts, slug="hall"):
    layer = get_channel_layer()
    await layer.group_send(GROUP, {"type": MESSAGE, "frames": [[slug, text] for text in texts]})
    await layer.flush()


async def take(viewer):
    return await asyncio.wait_for(viewer.take(), 60)


@asynccontextmanager
async def listening_hub():
    """A hub that is subscribed: what is published from now on arrives."""
    ours, probe = hub.LocalHub(), viewer()
    async with ours.watching(probe):
        while True:
            await publish(frame(slug="probe"), slug="probe")
            with suppress(TimeoutError):
                await asyncio.wait_for(probe.take(), 0.3)
                break
        yield ours
    ours._stop()


async def test_a_frame_goes_to_everybody_who_looks_at_its_device_and_to_nobody_else(valkey, hall):
    yard = Device(pk=8, slug="yard")
    first, second, other = viewer(hall), viewer(hall), viewer(yard)
    async with listening_hub() as ours, ours.watching(first), ours.watching(second), ours.watching(other):
        await publish(frame(1), status(), frame(2))
        await publish(frame(3, "yard"), slug="yard")

        assert [await take(first) for _ in range(3)] == [await take(second) for _ in range(3)] == [frame(1), status(), frame(2)]
        assert await take(other) == frame(3, "yard")


async def test_who_keeps_up_gets_every_frame_the_short_way(valkey, hall):
    peer = Peer()
    looking = viewer(hall, peer=peer)
    async with listening_hub() as ours, ours.watching(looking):
        taking = asyncio.create_task(looking.take())
        await asyncio.sleep(0)
        for lp in range(3):
            await publish(frame(lp))
        while len(peer.pushed) < 3:
            await asyncio.sleep(0.01)
        taking.cancel()

    assert peer.pushed == [Said("hall", frame(lp)).message for lp in range(3)]


async def test_a_slow_viewer_loses_the_oldest_and_ends_on_the_last(hall):
    peer = Peer()
    peer.taking = False
    looking = viewer(hall, peer=peer)

    for lp in range(100):
        looking.hand(Said("hall", frame(lp)), 0.0)

    assert [await take(looking) for _ in range(OUTBOX_LIMIT)] == [frame(lp) for lp in range(100 - OUTBOX_LIMIT, 100)]


async def test_what_waits_is_never_overtaken(hall):
    peer = Peer()
    looking = viewer(hall, peer=peer)
    looking.hand(Said("hall", frame(1)), 0.0)
    assert await take(looking) == frame(1)

    looking.hand(Said("hall", frame(2)), 0.0)  # frame 1 was taken, and is still being sent

    assert (peer.pushed, await take(looking)) == ([], frame(2))


async def test_who_looks_at_all_devices_gets_one_frame_of_each_a_second(valkey, hall):
    looking = viewer()
    async with listening_hub() as ours, ours.watching(looking):
        began = asyncio.get_running_loop().time()
        for lp in range(50):
            await publish(frame(lp))
        got = [await take(looking)]
        while got[-1] != frame(49):
            got.append(await take(looking))
        got = [text for text in got if '"hall"' in text]
        took = asyncio.get_running_loop().time() - began

    assert got[0] == frame(0)
    assert len(got) <= 1 + took / hub.EACH_SECONDS


async def test_a_new_viewer_gets_the_last_frame_heard_at_once(valkey, hall):
    first, second = viewer(hall), viewer(hall)
    async with listening_hub() as ours, ours.watching(first):
        await publish(frame(1))
        await take(first)
        await publish(status())
        await take(first)

        async with ours.watching(second):
            assert [await take(second), await take(second)] == [frames.known(frame(1)), frames.known(status())]


@stores
async def test_a_new_viewer_gets_the_stored_frame_marked_as_stale(valkey, stored_hall):
    stored = frames.decoded(frame(1))
    await DeviceStatus.objects.acreate(device=stored_hall, frame=stored, last_frame_at=NOON, reachable=False, unreachable_since=NOON)
    one, every = viewer(stored_hall), viewer()
    ours = hub.LocalHub()
    async with ours.watching(one), ours.watching(every):
        told = [json.loads(await take(looking)) for looking in (one, one, every, every)]
    ours._stop()

    assert told[0] == told[2] == stored | {"stale": True, "known": True}
    assert [(each["type"], each["reachable"], each["since"]) for each in told[1::2]] == [("status", False, "2026-03-02T12:00:00.000Z")] * 2


async def test_a_stored_frame_never_follows_a_newer_one(hall):
    looking = viewer(hall)
    looking.put(Said("hall", frame(2)), 0.0)

    looking.welcome([Said("hall", frame(1)), Said("hall", status())], 0.0)

    assert await take(looking) == frame(2)
    assert looking._texts == {}


async def test_redis_killed_and_back(valkey, hall):
    looking = viewer(hall)
    async with listening_hub() as ours, ours.watching(looking):
        valkey.kill()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(valkey.start)

        assert await _heard_again(looking) == frame(7)


async def test_redis_dead_from_the_beginning(valkey, hall):
    valkey.kill()
    looking = viewer(hall)
    ours = hub.LocalHub()
    async with ours.watching(looking):
        await asyncio.to_thread(valkey.start)

        assert await _heard_again(looking) == frame(7)
    ours._stop()


async def test_a_subscription_that_is_dead_without_anybody_knowing_is_made_anew(valkey, hall):
    heard = asyncio.Queue()
    task = asyncio.create_task(listening.listen(lambda slug, text: heard.put_nowait(text), echo_seconds=0.2))
    await _until_heard(heard)
    layer = get_channel_layer()
    subscribers = layer._get_layer()._shards[0]
    await layer.group_send("other", {})
    await subscribers._redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    await _until_heard(heard)

    task.cancel()
    await layer.flush()


@stores
async def test_the_database_is_told_who_looks_and_that_nobody_does_any_more(valkey, stored_hall):
    ours = hub.LocalHub()
    async with AsyncExitStack() as stack:
        for _ in range(50):
            await stack.enter_async_context(ours.watching(viewer(stored_hall)))
        await stack.enter_async_context(ours.watching(viewer()))
        while await _counts() != [50]:
            await asyncio.sleep(0.02)
    while await _counts() != []:
        await asyncio.sleep(0.02)
    ours._stop()


@stores
async def test_rows_that_ran_out_while_the_process_slept_are_written_again_and_nobody_is_closed(valkey, stored_hall):
    ours, peer = hub.LocalHub(), Peer()
    async with ours.watching(viewer(stored_hall, peer=peer)):
        while await _counts() != [1]:
            await asyncio.sleep(0.02)
        await DeviceViewer.objects.all().adelete()

        await ours._tell({stored_hall.pk: 1})

        assert (await _counts(), peer.ended) == ([1], [])
    ours._stop()


@stores
@pytest.mark.parametrize("change", ["deleted", "renamed"])
async def test_who_looks_at_a_device_that_is_gone_is_told_so(valkey, stored_hall, change):
    ours, peer = hub.LocalHub(), Peer()
    async with ours.watching(viewer(stored_hall, peer=peer)):
        if change == "deleted":
            await Device.objects.all().adelete()
        else:
            await Device.objects.aupdate(slug="new")

        await ours._tell({stored_hall.pk: 1})

        assert set(peer.ended) == {4404}
    ours._stop()


async def _counts():
    return [count async for count in DeviceViewer.objects.values_list("count", flat=True)]


async def _heard_again(looking):
    while True:
        with suppress(Exception):
            await publish(frame(7))
        with suppress(TimeoutError):
            while (text := await asyncio.wait_for(looking.take(), 0.3)) != frame(7):
                pass
            return text


async def _until_heard(heard):
    while True:
        await publish(frame(7))
        with suppress(TimeoutError):
            await asyncio.wait_for(heard.get(), 0.2)
            return
