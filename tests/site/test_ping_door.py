"""The door for pings answers what Django would, for many at once, and leaves to Django what could not be stored together."""

import asyncio
from uuid import uuid4

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection

from backups import pings
from backups.models import ExpectedBackupJob, Ping
from sentinel_site.ping_door import BODY_BYTES, PingDoor, _again, _read
from tests.aside import aside
from tests.factories import make_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _unhurried():
    pings.bursts.forget()
    pings.guesses.forget()


@pytest.fixture
def jobs():
    make_source("backups")
    return [ExpectedBackupJob.objects.create(database_name=f"n{n}", period_seconds=3600, reported_by="ping") for n in range(20)]


class Behind:
    """What stands behind the door: keeps what it was asked."""

    def __init__(self):
        self.asked = []

    async def __call__(self, scope, receive, send):
        message = await receive()
        self.asked.append((scope["path"], message["body"]))
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(door, path, *, parts=(b"",), method="POST", **scope):
    """Status, headers and body of the answer."""
    path, _, query = path.partition("?")
    whole = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": [], "client": ["192.0.2.9", 1]}
    app = ApplicationCommunicator(door, whole | scope)
    for number, part in enumerate(parts, 1):
        await app.send_input({"type": "http.request", "body": part, "more_body": number < len(parts)})
    started = await app.receive_output(20)
    content = await app.receive_output(20)
    return started["status"], dict(started["headers"]), content["body"]


async def test_many_at_once_are_each_answered_and_stored(jobs):
    door = PingDoor(Behind())
    paths = [f"/ping/{job.ping_id}{rest}" for job in jobs for rest in ("/start", "/log", "")] + [f"/ping/{uuid4()}"]

    answers = await asyncio.gather(*(ask(door, path, parts=(b"said ", path.encode())) for path in paths))

    assert [status for status, _, _ in answers] == [200] * 60 + [404]
    kinds = [kind async for kind in Ping.objects.values_list("kind", flat=True)]
    assert (sorted(kinds), await ExpectedBackupJob.objects.filter(current_status="ok").acount()) == (
        ["log"] * 20 + ["start"] * 20 + ["success"] * 20, 20,
    )  # fmt: skip
    assert (await Ping.objects.filter(address="192.0.2.9").afirst()).body_head.startswith("said /ping/")


async def test_the_answer_is_never_kept_and_a_head_has_no_body(jobs):
    status, headers, content = await ask(PingDoor(Behind()), f"/ping/{jobs[0].ping_id}", method="HEAD")

    assert (status, content, headers[b"content-length"]) == (200, b"", b"2")
    assert (headers[b"cache-control"], headers[b"access-control-allow-origin"], headers[b"ping-body-limit"]) == (
        b"no-store",
        b"*",
        b"20000",
    )


async def test_of_a_long_body_the_ends_are_kept(jobs):
    parts = [b"<" * 9_000, *([b"." * 50_000] * 40), b">" * 9_000]
    await ask(PingDoor(Behind()), f"/ping/{jobs[0].ping_id}", parts=parts)

    ping = await Ping.objects.aget()
    assert (len(ping.body_head), len(ping.body_tail), ping.body_bytes) == (10_000, 10_000, 2_018_000)
    assert (ping.body_head[8999:9001], ping.body_tail[999:1001]) == ("<.", ".>")


async def test_the_server_may_have_cut_the_body_already(jobs):
    whole = {"extensions": {BODY_BYTES: 5_000_000}}
    await ask(PingDoor(Behind()), f"/ping/{jobs[0].ping_id}", parts=[b"<" * 10_000 + b">" * 10_000], **whole)

    ping = await Ping.objects.aget()
    assert (set(ping.body_head), set(ping.body_tail), ping.body_bytes) == ({"<"}, {">"}, 5_000_000)


async def test_whoever_breaks_off_has_not_pinged(jobs):
    app = ApplicationCommunicator(PingDoor(Behind()), {"type": "http", "method": "POST", "path": f"/ping/{jobs[0].ping_id}", "headers": []})
    await app.send_input({"type": "http.request", "body": b"half", "more_body": True})
    await app.send_input({"type": "http.disconnect"})

    await app.wait(60)

    assert not await Ping.objects.aexists()


async def test_everything_else_is_passed_on(jobs):
    behind = Behind()

    assert [(await ask(PingDoor(behind), path))[0] for path in ("/pings", "/ping", "/api/v1/alerts", "/b/2/x.svg")] == [299] * 4
    assert len(behind.asked) == 4


async def test_what_cannot_be_stored_together_goes_to_django_one_by_one(jobs):
    await aside(_forbid, "poison")
    behind = Behind()
    door = PingDoor(behind)

    answers = await asyncio.gather(*(ask(door, f"/ping/{jobs[n].ping_id}", parts=(b"poison",)) for n in range(3)))
    await aside(_allow)

    assert ([status for status, _, _ in answers], len(behind.asked), await Ping.objects.acount()) == ([299] * 3, 3, 0)
    assert behind.asked[0][1] == b"poison"


def _forbid(text):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE backups_ping ADD CONSTRAINT no_poison CHECK (body_head <> '{text}')")
    connection.close()


def _allow():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE backups_ping DROP CONSTRAINT no_poison")
    connection.close()


async def test_django_reads_the_same_body_and_then_waits_for_the_sender_to_go(jobs):
    messages = iter([{"type": "http.request", "body": b"all", "more_body": False}, {"type": "http.disconnect"}])

    async def receive():
        return next(messages)

    again = _again(await _read(receive), receive)

    assert [await again(), await again()] == [{"type": "http.request", "body": b"all", "more_body": False}, {"type": "http.disconnect"}]
