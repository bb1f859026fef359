"""Frames go to the channel layer, the newest of each device, and nobody ever waits for it."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from channels.layers import get_channel_layer

from devices import frames, publishing
from devices.drivers.base import Sample
from devices.publishing import GROUP, Publisher
from tests.conftest import NOON
from tests.valkey import Valkey


@pytest.fixture
def valkey(settings):
    with Valkey() as server:
        settings.CHANNEL_LAYERS = server.layer
        yield server


def frame(slug="hall", lp=60.0):
    return frames.encode_sample(slug, Sample(NOON, {"lp": lp}), sent_at=NOON)


def status(slug="hall"):
    return frames.encode_status(slug, reachable=False, since=NOON, sent_at=NOON)


@asynccontextmanager
async def running():
    """A publisher that sends, and what comes out at the other end: ``await took()`` is the frames of the next message."""
    layer, publisher = get_channel_layer(), Publisher()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    task = asyncio.create_task(publisher.run())

    async def took():
        return [tuple(each) for each in (await asyncio.wait_for(layer.receive(channel), 60))["frames"]]

    try:
        yield publisher, took
    finally:
        task.cancel()
        await layer.flush()


async def until(took, wanted):
    """Read until ``wanted`` came; everything that came."""
    came = []
    while wanted not in came:
        came += await took()
    return came


async def test_what_is_put_is_sent(valkey):
    async with running() as (publisher, took):
        publisher.put("hall", frame())

        assert await took() == [("hall", frame())]


async def test_many_devices_go_together_and_of_each_only_the_newest(valkey):
    async with running() as (publisher, took):
        for lp in range(5):
            for slug in ("hall", "yard"):
                publisher.put(slug, frame(slug, lp))

        assert await took() == [("hall", frame("hall", 4)), ("yard", frame("yard", 4))]


async def test_a_status_does_not_push_out_the_last_values_and_the_order_stays(valkey):
    async with running() as (publisher, took):
        publisher.put("hall", status())
        publisher.put("hall", frame())
        publisher.put("hall", status())

        assert await took() == [("hall", frame()), ("hall", status())]


async def test_a_hundred_at_most_go_in_one_message(valkey):
    async with running() as (publisher, took):
        for number in range(150):
            publisher.put(f"d{number}", frame())

        assert [len(await took()), len(await took())] == [100, 50]


async def test_while_redis_is_dead_nobody_waits_and_afterwards_the_newest_is_sent(valkey, caplog):
    async with running() as (publisher, took):
        valkey.kill()
        for lp in range(1000):
            publisher.put("hall", frame(lp=lp))
            await asyncio.sleep(0)
        await asyncio.to_thread(valkey.start)
        publisher.put("hall", frame(lp=1000))
        came = await until(took, ("hall", frame(lp=1000)))

    assert len(came) < 10
    assert len([each for each in caplog.records if each.name == publishing.__name__]) <= 1


async def test_while_redis_is_frozen_nobody_waits_and_afterwards_the_newest_is_sent(valkey):
    async with running() as (publisher, took):
        publisher.put("hall", frame())
        await took()
        valkey.freeze()
        for _ in range(250):  # who waited, would wait until the thaw or for a time-out, each time
            publisher.put("hall", frame(lp=70.0))
            await asyncio.sleep(0.01)
        valkey.thaw()
        publisher.put("hall", frame(lp=80.0))
        await until(took, ("hall", frame(lp=80.0)))


async def test_any_thread_may_publish_and_none_waits_while_redis_is_away(valkey):
    valkey.kill()
    for lp in range(100):
        await asyncio.to_thread(publishing.publish, "yard", frame("yard", lp))
    await asyncio.to_thread(valkey.start)

    async with running() as (_publisher, took):
        assert await until(took, ("yard", frame("yard", 99))) == [("yard", frame("yard", 99))]
        await until(took, ("yard", frame("yard", 99)))  # said once more after Redis was away: not into somebody else's test
