"""The fast door stores what Django would store, and leaves the rest to Django."""

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.contrib.auth.models import Permission, User

from alerts.models import Alert, Report
from sentinel_site import ingest
from sentinel_site.models import ApiKey
from tests.factories import make_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key():
    user = User.objects.create_user("probe")
    user.user_permissions.add(Permission.objects.get(codename="report_alert"))
    make_source()
    return ApiKey.issue(user=user, name="probe")[1]


class Behind:
    """What stands behind the door: counts what reaches it, and keeps the bodies it can still read."""

    def __init__(self):
        self.bodies = []

    async def __call__(self, scope, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


async def post(door, body, *, key="", path=ingest.SINGLE, parts=1, **headers):
    """Status and JSON answer of a POST whose body comes in ``parts``."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {key}".encode())]
    pairs += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    app = ApplicationCommunicator(door, {"type": "http", "method": "POST", "path": path, "headers": pairs, "scheme": "http"})
    size = len(raw) // parts + 1
    for start in range(0, parts * size, size):
        more = start + size < parts * size
        await app.send_input({"type": "http.request", "body": raw[start : start + size], "more_body": more})
    started = await app.receive_output(10)
    content = await app.receive_output(10)
    return started["status"], json.loads(content["body"])


async def test_many_at_once_are_each_answered_with_their_own_alert(key):
    door = ingest.Ingest(Behind())
    bodies = [{"source": "probe", "title": f"Disk {n % 10}", "subject": str(n % 10)} for n in range(60)]

    answers = await asyncio.gather(*(post(door, body, key=key, parts=1 + n % 3) for n, body in enumerate(bodies)))

    assert sorted(status for status, _ in answers) == [200] * 50 + [201] * 10
    assert [alert["subject"] for _, alert in answers] == [body["subject"] for body in bodies]
    assert sum([occurrences async for occurrences in Alert.objects.values_list("occurrences", flat=True)]) == 60
    assert await Report.objects.filter(reported_by__username="probe").acount() == 60


async def test_a_batch_is_answered_item_by_item(key):
    behind = Behind()
    items = [{"source": "probe", "title": "One"}, {"source": "probe"}, {"source": "nobody", "title": "Three"}]

    status, answer = await post(ingest.Ingest(behind), {"alerts": items}, key=key, path=ingest.BATCH)

    assert (status, [result["index"] for result in answer["results"]], behind.bodies) == (200, [0, 1, 2], [])
    assert answer["results"][0]["created"] is True
    assert [result["error"]["status"] for result in answer["results"][1:]] == [422, 422]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"AAA"', b'{"source": "probe"}', b'{"source": "probe", "title": "\\u0000"}', b"x" * (ingest.MAX_BODY + 5)]
)
async def test_what_is_not_plain_goes_on_whole(key, body):
    behind = Behind()

    status, _ = await post(ingest.Ingest(behind), body, key=key, parts=3)

    assert (status, behind.bodies) == (299, [body])
    assert not await Alert.objects.aexists()


@pytest.mark.parametrize("wrong", ["", "snt_00000000_" + "x" * 43, "nonsense"])
async def test_without_a_living_key_django_answers(key, wrong):
    behind = Behind()

    status, _ = await post(ingest.Ingest(behind), {"source": "probe", "title": "x"}, key=wrong)

    assert (status, len(behind.bodies)) == (299, 1)


async def test_an_idempotency_key_is_django_s(key):
    status, _ = await post(ingest.Ingest(Behind()), {"source": "probe", "title": "x"}, key=key, idempotency_key="one")

    assert status == 299


async def test_a_browser_is_django_s_who_asks_for_its_page(key):
    status, _ = await post(ingest.Ingest(Behind()), {"source": "probe", "title": "x"}, key=key, origin="https://evil.example")

    assert status == 299


async def test_a_user_who_may_not_report_is_django_s(key):
    _, other = await database_sync_to_async(lambda: ApiKey.issue(user=User.objects.create_user("viewer"), name="v"))()

    status, _ = await post(ingest.Ingest(Behind()), {"source": "probe", "title": "x"}, key=other)

    assert status == 299
