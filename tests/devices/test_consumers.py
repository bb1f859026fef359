"""The websockets of devices: only who may see a device sees it, and sees it now."""

import asyncio
import json

import pytest
from channels.routing import URLRouter
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import path

from devices import consumers, frames
from devices.drivers.base import Sample
from devices.models import Device, DeviceStatus
from devices.publishing import publish
from sentinel_site.lib import guarded
from sentinel_site.models import ApiKey
from sentinel_site.sockets import SocketAuth
from tests import sockets
from tests.aside import aside
from tests.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)
ONE, ALL = "/ws/devices/hall/", "/ws/devices/"


@pytest.fixture
def hall(db):
    device = Device.objects.create(slug="hall", name="Hall", host="192.0.2.1", password="not-for-everyone")
    DeviceStatus.objects.create(device=device, frame=frames.decoded(frame(60.0)), last_frame_at=NOON, reachable=True)
    return device


@pytest.fixture
def viewer(user):
    user.user_permissions.add(Permission.objects.get(codename="view_device"))
    return user


@pytest.fixture
def key(viewer, hall):
    return ApiKey.issue(user=viewer, name="test")[1]


def frame(lp):
    return frames.encode_sample("hall", Sample(NOON, {"lp": lp}), sent_at=NOON)


async def live(socket):
    """The next message, while frames are published. (Reading with a time-out would end the application.)"""

    async def speak():
        while True:
            publish("hall", frame(61.0))
            await asyncio.sleep(0.1)

    speaking = asyncio.create_task(speak())
    try:
        return await socket.read()
    finally:
        speaking.cancel()


@pytest.mark.parametrize("place", [ONE, ALL])
async def test_the_last_frame_at_once_and_then_live_ones(key, place):
    socket = sockets.program(place, bearer=key)

    known = await sockets.first(socket)
    happened = await live(socket)
    await socket.leave()

    assert known == frames.decoded(frame(60.0)) | {"stale": True, "known": True}
    assert (happened["device"], happened["values"].keys()) == ("hall", {"lp"})


async def test_what_clients_say_is_ignored(key):
    socket = sockets.program(ONE, bearer=key)
    await sockets.first(socket)

    for said in ({"text": '{"type": "frame"}'}, {"bytes": b"\x00" * 1000}, {"text": "x" * 60_000}):
        await socket.send_input({"type": "websocket.receive", **said})

    assert (await live(socket))["values"] == {"lp": 61.0}
    await socket.leave()


async def test_an_unknown_device_says_so(key):
    for slug in ("nothing", "hal", "HALL", "h" * 300, "ha ll", "../alerts", "hall/more", "%00"):
        assert await sockets.first(sockets.program(f"/ws/devices/{slug}/", bearer=key)) == 4404


async def test_a_foreign_page_is_not_allowed(viewer, hall):
    session = await aside(_session, viewer)

    for origin in ("http://evil.example", "https://localhost:8000", "null", None):
        for place in (ONE, ALL):
            assert await sockets.first(sockets.browser(place, session=session, origin=origin)) == 4403


async def test_without_a_login_nobody_learns_which_devices_there_are(hall):
    for place in (ONE, ALL, "/ws/devices/nothing/"):
        assert await sockets.first(sockets.browser(place)) == 4401


@pytest.fixture
def of_alerts(user):
    """A key of somebody who may see alerts only."""
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    return ApiKey.issue(user=user, name="test")[1]


async def test_without_the_permission_nobody_learns_which_devices_there_are(of_alerts, hall):
    for place in (ONE, ALL, "/ws/devices/nothing/"):
        assert await sockets.first(sockets.program(place, bearer=of_alerts)) == 4403


@pytest.mark.parametrize("end", ["sign out", "switch off", "take the permission", "revoke"])
async def test_a_socket_ends_with_its_right(viewer, key, end):
    session = await aside(_session, viewer)
    socket = _quick(consumers.DeviceConsumer, key, session=session if end == "sign out" else None)
    await sockets.first(socket)

    await aside(_take_away, viewer, session, end)

    assert await socket.read_code() == (4403 if end == "take the permission" else 4401)


async def test_one_user_opens_twenty_sockets_at_most_and_those_of_alerts_do_not_count(key):
    held = [sockets.program(ONE, bearer=key) for _ in range(guarded.SOCKETS_PER_USER)]
    for socket in held:
        await sockets.first(socket)

    assert await sockets.first(sockets.program(ALL, bearer=key)) == 4429
    for socket in held:
        await socket.leave()


async def test_no_credential_goes_over_the_wire(key):
    socket = sockets.program(ONE, bearer=key)

    told = json.dumps([await sockets.first(socket), await live(socket)])
    await socket.leave()

    assert "not-for-everyone" not in told
    assert "192.0.2.1" not in told


def _quick(consumer, key, *, session=None):
    quick = type("Quick", (consumer,), {"recheck_seconds": 0.05})
    app = SocketAuth(URLRouter([path("ws/devices/<slug:slug>/", quick.as_asgi())]))
    return sockets.browser(ONE, session=session, app=app) if session else sockets.program(ONE, bearer=key, app=app)


def _session(viewer):
    client = Client()
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    return client.session.session_key


def _take_away(viewer, session, end):
    if end == "sign out":
        client = Client()
        client.cookies["sentinel_session"] = session
        client.session.flush()
    elif end == "revoke":
        ApiKey.objects.all().delete()
    elif end == "switch off":
        type(viewer).objects.update(is_active=False)
    else:
        viewer.user_permissions.clear()
