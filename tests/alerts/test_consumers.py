"""The websocket says hello, then what was missed, then what happens; and only to those who may see it."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from alerts import consumers, lifecycle, record
from alerts.enums import EventKind
from sentinel_site.asgi import application
from sentinel_site.lib import guarded
from sentinel_site.models import ApiKey
from sentinel_site.sockets import SocketAuth
from tests import sockets
from tests.aside import aside
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def viewer(user):
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    return user


@pytest.fixture
def key(viewer):
    return ApiKey.issue(user=viewer, name="test")[1]


@pytest.fixture
def session(viewer):
    client = Client()
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    return client.session.session_key


@pytest.fixture
def alert(db):
    make_source()
    return raise_alert(at=NOON)


def announce(alert, count=1):
    for _ in range(count):
        record.announce([(EventKind.UPDATED, alert.pk)], at=NOON)


async def test_hello_then_missed_then_live(alert, key, user):
    socket = sockets.program("/ws/alerts/?since=0", bearer=key)

    hello = await sockets.first(socket)
    missed = await socket.read()
    await aside(lifecycle.acknowledge, alert, by=user, at=NOON)
    happened = await socket.read()
    await socket.leave()

    assert hello == {"type": "hello", "last_event_id": 1}
    assert [(event["id"], event["kind"]) for event in (missed, happened)] == [(1, "raised"), (2, "status")]


async def test_without_since_nothing_is_replayed(alert, key):
    socket = sockets.program(bearer=key)

    await sockets.first(socket)
    await aside(announce, alert)
    event = await socket.read()
    await socket.leave()

    assert event["id"] == 2


@pytest.mark.parametrize("since", ["99", "-1", "x", "9" * 30, "1%00"])
async def test_an_impossible_since_is_reset(alert, key, since):
    socket = sockets.program(f"/ws/alerts/?since={since}", bearer=key)

    await sockets.first(socket)
    answer = await socket.read()
    await socket.leave()

    assert answer == {"type": "reset"}


async def test_a_quiet_feed_beats(key):
    socket = _direct(key, heartbeat_seconds=0.05)

    await sockets.first(socket)
    beat = await socket.read()
    await socket.leave()

    assert beat["type"] == "heartbeat"


@pytest.mark.parametrize(
    ("origin", "host", "code"),
    [
        ("http://localhost:8000", "localhost:8000", "hello"),
        ("http://127.0.0.1:9000", "127.0.0.1:9000", "hello"),
        ("https://localhost:8000", "localhost:8000", 4403),
        ("http://localhost:8001", "localhost:8000", 4403),
        ("http://localhost", "localhost:8000", 4403),
        ("http://evil.example", "localhost:8000", 4403),
        ("http://evil.example", "evil.example", 4403),
        ("http://localhost:8000.evil.example", "localhost:8000", 4403),
        ("null", "localhost:8000", 4403),
        (None, "localhost:8000", 4403),
    ],
)
async def test_a_session_counts_only_on_our_own_pages(session, origin, host, code):
    socket = sockets.browser(session=session, origin=origin, host=host)

    answer = await sockets.first(socket)

    if code == "hello":
        await socket.leave()
        answer = answer["type"]
    assert answer == code


@pytest.mark.parametrize("session_key", [None, "", "unknown", "x" * 500])
async def test_no_session_is_no_login(db, session_key):
    assert await sockets.first(sockets.browser(session=session_key)) == 4401


async def test_without_the_permission_it_is_not_allowed(user):
    key = (await sync_to_async(ApiKey.issue)(user=user, name="test"))[1]

    assert await sockets.first(sockets.program(bearer=key)) == 4403


async def test_a_key_may_come_as_a_subprotocol(key):
    socket = sockets.program(subprotocols=["sentinel.v1", f"bearer.{key}"])

    subprotocol = await socket.open()
    hello = await socket.read()
    await socket.leave()

    assert (subprotocol, hello["type"]) == ("sentinel.v1", "hello")


@pytest.mark.parametrize(
    "change",
    [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(days=1)}, {"digest": "0" * 64}, {"prefix": "00000000"}],
)
async def test_a_key_that_is_not_good_is_no_login(key, change):
    await ApiKey.objects.aupdate(**change)

    assert await sockets.first(sockets.program(bearer=key)) == 4401


async def test_a_key_in_the_url_is_not_read(key):
    assert await sockets.first(sockets.program(f"/ws/alerts/?key={key}&token={key}")) == 4403


async def test_an_unknown_path_says_so(db):
    assert await sockets.first(sockets.program("/ws/nothing/")) == 4404


@pytest.mark.parametrize("end", ["sign out", "switch off", "take the permission", "revoke"])
async def test_a_socket_ends_with_its_right(viewer, session, key, end):
    socket = _direct(key, session=session if end == "sign out" else None, recheck_seconds=0.05)
    await sockets.first(socket)

    await aside(_take_away, viewer, session, end)

    assert await socket.read_code() == (4403 if end == "take the permission" else 4401)


async def test_a_reader_too_slow_is_cut_off(alert, key):
    socket = sockets.program(bearer=key, app=_never_reads)
    await sockets.first(socket)

    await aside(record.announce, [(EventKind.UPDATED, alert.pk)] * 3000, at=NOON)

    assert await socket.read_code() == 4408


async def test_one_user_opens_twenty_sockets_at_most(key):
    held = [sockets.program(bearer=key) for _ in range(guarded.SOCKETS_PER_USER)]
    for socket in held:
        await sockets.first(socket)

    assert await sockets.first(sockets.program(bearer=key)) == 4429
    for socket in held:
        await socket.leave()


def _direct(key, *, session=None, **timing):
    consumer = type("QuickConsumer", (consumers.AlertsConsumer,), timing)
    app = SocketAuth(consumer.as_asgi())
    return sockets.browser(session=session, app=app) if session else sockets.program(bearer=key, app=app)


async def _never_reads(scope, receive, send):
    """The application, behind a server whose client takes no event: its sends wait."""

    async def wait_for_room(message):
        if message["type"] == "websocket.send" and '"event"' in message["text"]:
            await asyncio.Event().wait()
        await send(message)

    await application(scope, receive, wait_for_room)


def _take_away(viewer, session, end):
    if end == "sign out":
        client = Client()
        client.cookies["sentinel_session"] = session
        client.session.flush()
    elif end == "revoke":
        ApiKey.objects.update(revoked_at=timezone.now())
    elif end == "switch off":
        type(viewer).objects.update(is_active=False)
    else:
        viewer.user_permissions.clear()
