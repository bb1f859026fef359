"""The web server bounds what comes in, and ends without losing anything."""

import asyncio
import json
import socket
import time

import pytest
import websockets
from django.contrib.auth.models import Permission

from sentinel_site.models import ApiKey
from sentinel_site.server import BODY_LIMIT, HANDLER_SECONDS
from tests.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture
def key(user):
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    return ApiKey.issue(user=user, name="test")[1]


def ask(web, *parts):
    """Send the parts of a raw request; the whole answer."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as line:
        for part in parts:
            line.sendall(part)
        answer = b""
        while received := line.recv(65536):
            answer += received
    return answer


def post(path, *headers):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def status(answer):
    return int(answer.split()[1])


def test_a_body_over_the_limit_is_refused_by_its_length(web):
    answer = ask(web, post("/api/v1/alerts", f"Content-Length: {2 * BODY_LIMIT}"), b"x" * 2 * BODY_LIMIT)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert (status(answer), b"application/problem+json" in head, json.loads(body)["status"]) == (413, True, 413)


def test_a_chunked_body_is_refused_once_it_is_over_the_limit(web):
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    answer = ask(web, post("/api/v1/alerts", "Transfer-Encoding: chunked"), chunk * 20, b"0\r\n\r\n")

    assert status(answer) == 413


def test_who_waits_for_leave_to_send_is_refused_at_once(web):
    answer = ask(web, post("/api/v1/alerts", f"Content-Length: {10**9}", "Expect: 100-continue"))

    assert status(answer) == 413


def test_an_endless_body_is_cut(web):
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"

    with pytest.raises(OSError):  # noqa: PT011 (reset or broken pipe, as the kernel likes)
        ask(web, post("/api/v1/alerts", "Transfer-Encoding: chunked"), *[chunk] * 80)

    assert status(ask(web, GET)) == 200


def test_a_body_at_the_limit_is_read(web):
    answer = ask(web, post("/api/v1/alerts", f"Content-Length: {BODY_LIMIT}"), b"x" * BODY_LIMIT)

    assert status(answer) == 401


def test_a_picture_may_be_larger(web):
    answer = ask(web, post("/api/v1/detections", f"Content-Length: {3 * BODY_LIMIT}"), b"x" * 3 * BODY_LIMIT)

    assert status(answer) != 413


async def test_the_end_tells_websockets_to_come_back_and_is_quick(web, key):
    opened = [await _open(web, key) for _ in range(3)]
    began = time.monotonic()

    code = await asyncio.to_thread(web.stop)
    for line in opened:
        await line.wait_closed()

    assert ([line.close_code for line in opened], code) == ([1012] * 3, 0)
    assert time.monotonic() - began < HANDLER_SECONDS


async def test_a_long_message_closes_the_line(web, key):
    line = await _open(web, key)

    await line.send("x" * 100_000)
    await asyncio.wait_for(line.wait_closed(), 60)

    assert line.close_code in (1006, 1009)


async def test_an_unknown_path_is_told(web):
    async with websockets.connect(f"ws://127.0.0.1:{web.port}/ws/other/", open_timeout=60, ping_interval=None) as line:
        await line.wait_closed()

    assert line.close_code == 4404


def test_a_port_in_use_is_one_line_and_exit_1(web):
    second = Web()
    second.port = web.port

    with pytest.raises(AssertionError, match="ended at once"):
        second.start()
    assert second.process.returncode == 1


async def _open(web, key):
    header = {"Authorization": f"Bearer {key}"}
    line = await websockets.connect(f"ws://127.0.0.1:{web.port}/ws/alerts/", additional_headers=header, open_timeout=60, ping_interval=None)
    assert json.loads(await line.recv())["type"] == "hello"
    return line
