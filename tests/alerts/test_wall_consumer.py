"""The socket of a wall: the whole wall whenever something changes, nothing that it may not show, and an end within seconds of its right."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from alerts import consumers, walls
from alerts.models import Wall
from sentinel_site.sockets import SocketAuth
from tests import sockets
from tests.aside import aside
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db(transaction=True)


class Quick(consumers.WallConsumer):
    look_seconds, rest_seconds = 0.1, 0.01


@pytest.fixture
def token(db):
    make_source()
    return walls.issue(name="Desk", matchers=["site=north"])[1].rpartition("/")[2]


def wall_socket(token, *, origin=sockets.OURS, session=None, foreign_cookie="", subprotocols=()):
    cookies = [foreign_cookie] if foreign_cookie else []
    cookies += [f"sentinel_wall={token}"] if token else []
    cookies += [f"sentinel_session={session}"] if session else []
    headers = [(b"host", sockets.HOST.encode()), (b"origin", origin.encode()), (b"cookie", "; ".join(cookies).encode())]
    return sockets.Socket("/live/wall/socket", headers, subprotocols, app=SocketAuth(Quick.as_asgi()))


async def wall_after(socket, wanted):
    """The first whole wall whose titles are ``wanted``, and every text that was sent until then."""
    seen = []
    while True:
        said = await socket.read()
        assert not isinstance(said, int), said
        seen.append(json.dumps(said))
        if said["type"] == "wall" and [alert["title"] for alert in said["open"]] == wanted:
            return said, "".join(seen)


async def test_what_is_raised_shows_and_what_is_another_sites_is_never_sent(token):
    socket = wall_socket(token)
    first = await sockets.first(socket)

    await aside(raise_alert, at=NOON, title="secret of the south", subject="s", labels={"site": "south"})
    await aside(raise_alert, at=NOON, title="Fall", subject="n", labels={"site": "north"})
    said, everything = await wall_after(socket, ["Fall"])
    await socket.leave()

    assert (first["type"], first["open"], said["counts"]) == ("wall", [], {"P3": 1})
    assert "south" not in everything


async def test_when_nothing_happens_it_says_that(token):
    socket = wall_socket(token)
    await sockets.first(socket)

    beat = await socket.read()
    await socket.leave()

    assert beat.keys() == {"type", "sent_at", "version"}
    assert beat["type"] == "beat"


async def test_what_it_may_show_can_be_narrowed_while_it_is_open(token):
    await aside(raise_alert, at=NOON, title="Fall", labels={"site": "north"})
    socket = wall_socket(token)
    await sockets.first(socket)

    await Wall.objects.aupdate(matchers=["site=south"])
    await wall_after(socket, [])
    await socket.leave()


@pytest.mark.parametrize("end", ["revoke", "expire", "delete"])
async def test_it_ends_with_its_right(token, end):
    socket = wall_socket(token)
    await sockets.first(socket)

    if end == "delete":
        await Wall.objects.all().adelete()
    else:
        at = timezone.now()
        await Wall.objects.aupdate(**{"revoked_at": at} if end == "revoke" else {"expires_at": at - timedelta(seconds=1)})

    assert await socket.read_code() == 4401


@pytest.mark.parametrize("change", [lambda token: "", lambda token: token[:-2] + "xx", lambda token: "x" * 3000, lambda token: '"'])
async def test_without_its_token_it_is_no_login(token, change):
    assert await sockets.first(wall_socket(change(token))) == 4401


async def test_a_page_of_another_site_is_refused(token):
    assert await sockets.first(wall_socket(token, origin="https://evil.example")) == 4403


async def test_a_page_of_another_site_gains_nothing_by_a_key_that_is_none(token):
    socket = wall_socket(token, origin="https://evil.example", subprotocols=("sentinel.v1", "bearer.x"))

    assert await sockets.first(socket) == 4401


async def test_a_strange_cookie_of_another_application_hides_no_wall(token):
    socket = wall_socket(token, foreign_cookie='prefs={"size": [1, 2]}')

    said = await sockets.first(socket)
    await socket.leave()

    assert said["type"] == "wall"


async def test_the_token_opens_no_other_socket(token):
    headers = [(b"host", sockets.HOST.encode()), (b"origin", sockets.OURS.encode()), (b"cookie", f"sentinel_wall={token}".encode())]

    codes = {await sockets.first(sockets.Socket(path, headers)) for path in ("/ws/alerts/", "/ws/devices/")}
    bearer = {await sockets.first(sockets.program(path, bearer=token)) for path in ("/ws/alerts/", "/live/wall/socket")}

    assert (codes, bearer) == ({4401}, {4401})


async def test_who_is_signed_in_and_may_see_alerts_sees_all_of_them(token, user):
    await user.user_permissions.aadd(await Permission.objects.aget(codename="view_alert"))
    client = Client()
    await sync_to_async(client.force_login)(user, backend="django.contrib.auth.backends.ModelBackend")
    await aside(raise_alert, at=NOON, title="South", labels={"site": "south"})

    socket = wall_socket("", session=client.cookies["sentinel_session"].value)
    said = await sockets.first(socket)
    await socket.leave()

    assert [alert["title"] for alert in said["open"]] == ["South"]
