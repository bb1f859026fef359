"""Live frames through the real web server: the short way out is correct, a stuck viewer holds nobody up, an end is told."""

import asyncio
import json

import pytest
import websockets
from django.contrib.auth.models import Permission

from devices import frames
from devices.drivers.base import Sample
from devices.models import Device, DeviceViewer
from devices.publishing import publish
from sentinel_site.models import ApiKey
from tests.conftest import NOON

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PATIENT = {"open_timeout": 60, "ping_interval": None}
"""A machine may stop for seconds, and who takes nothing hears no pong."""


@pytest.fixture
def key(user):
    user.user_permissions.add(Permission.objects.get(codename="view_device"))
    Device.objects.create(slug="hall", name="Hall", host="192.0.2.1")
    return ApiKey.issue(user=user, name="test")[1]


def frame(number, padding=""):
    return frames.encode_sample("hall", Sample(NOON, {"n": number, padding: None}), sent_at=NOON)


async def look(web, key, **how):
    where = f"ws://127.0.0.1:{web.port}/ws/devices/hall/"
    return await websockets.connect(where, additional_headers={"Authorization": f"Bearer {key}"}, max_size=None, **PATIENT, **how)


async def number(line):
    """The number of the next frame."""
    while True:
        said = json.loads(await asyncio.wait_for(line.recv(), 60))
        if said["type"] == "frame" and not said.get("known"):
            return said["values"]["n"]


async def begin(*lines):
    """Publish until everybody hears: a subscription takes a moment."""

    async def speak():
        while True:
            publish("hall", frame(0))
            await asyncio.sleep(0.2)

    speaking = asyncio.create_task(speak())
    await asyncio.gather(*(number(line) for line in lines))
    speaking.cancel()


@pytest.mark.parametrize("size", [0, 10_000, 200_000], ids=["small", "medium", "larger than any buffer"])
async def test_every_viewer_gets_every_frame_whole_and_in_order(web, key, size):
    lines = [await look(web, key) for _ in range(5)]
    await begin(*lines)

    got = []
    for n in range(1, 6):
        publish("hall", frame(n, "x" * size))
        got.append([await _skipping(line, 0) for line in lines])

    assert got == [[n] * 5 for n in range(1, 6)]
    for line in lines:
        await line.close()


async def test_a_stuck_viewer_holds_nobody_up_and_ends_on_the_last_frame(web, key):
    stuck, other = await look(web, key, max_queue=1), await look(web, key)
    await begin(stuck, other)

    for n in range(1, 73):  # 72 MB: more than kernel, server and outbox hold
        publish("hall", frame(n, "x" * 1_000_000))
        assert await _skipping(other, 0) == n
    got = [0]
    while got[-1] != 72:
        got.append(await number(stuck))

    assert got == sorted(got)
    assert len(set(got)) < 72
    await stuck.close()
    await other.close()


async def test_rows_of_viewers_come_and_go_and_an_end_is_told(web, key):
    line = await look(web, key)
    while [count async for count in DeviceViewer.objects.values_list("count", flat=True)] != [1]:
        await asyncio.sleep(0.05)
    second = await look(web, key)
    await line.close()
    await second.close()
    while await DeviceViewer.objects.aexists():
        await asyncio.sleep(0.05)
    third = await look(web, key)

    code = await asyncio.to_thread(web.stop)
    await third.wait_closed()

    assert (code, third.close_code) == (0, 1012)


async def _skipping(line, unwanted):
    while (found := await number(line)) == unwanted:
        pass
    return found
