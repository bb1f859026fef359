"""S3, S4, S11: what does not come from Slack, or comes too late, changes nothing; hostile bodies break nothing."""

import json
import time
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from alerts import escalation
from notifications import slack_buttons
from notifications.delivery import deliver_due
from notifications.models import Delivery, RecipientGroup
from notifications.transports import slack, slack_blocks
from tests.conftest import NOON
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.notifications.conftest import queue, slack_server, wait_until  # noqa: F401 (a fixture)
from tests.notifications.slack import CHANNEL, SECRET, press, signed
from tests.providers import Provider

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/integrations/slack/interactive"
FIVE_MINUTES = 301


@pytest.fixture
def alert(slack_server):  # noqa: F811
    make_method(RecipientGroup.objects.create(slug="oncall", name="Night team"), kind="slack", address=CHANNEL)
    make_source(policy=make_policy())
    alert = raise_alert(at=timezone.now())
    escalation.advance_due(at=timezone.now())
    deliver_due(at=timezone.now(), budget_seconds=60)
    return alert


@pytest.fixture
def body(alert, slack_server):  # noqa: F811
    (message,) = slack_server.messages.values()
    return press(message, "answer:handling")


def post(body, headers):
    client = Client(raise_request_exception=False)
    return client.generic("POST", URL, body, content_type="application/x-www-form-urlencoded", headers=headers).status_code


def untouched(alert):
    alert.refresh_from_db()
    return alert.status == "PENDING"


@pytest.mark.parametrize("change", [
    {"X-Slack-Signature": "v0=" + "0" * 64}, {"X-Slack-Signature": ""}, {"X-Slack-Signature": "v0=é"},
    {"X-Slack-Request-Timestamp": "soon"},
    {"X-Slack-Request-Timestamp": ""}, {"X-Slack-Request-Timestamp": "9" * 5000}, {"X-Slack-Request-Timestamp": "-1"},
    {"X-Slack-Request-Timestamp": "nan"},
])  # fmt: skip
def test_a_forged_header_is_refused(alert, body, change):
    assert post(body, {**signed(body), **change}) == 401
    assert untouched(alert)


def test_missing_headers_are_refused(alert, body):
    assert post(body, {}) == 401
    assert untouched(alert)


def test_every_flipped_bit_is_refused(alert, body):
    headers = signed(body)
    flipped = [body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :] for place in range(0, len(body), max(1, len(body) // 40))]

    assert {post(each, headers) for each in [*flipped, body[:-1], body + b"&", b"", b"\xff\xfe" + body]} == {401}
    assert untouched(alert)


def test_another_apps_signature_is_refused(alert, body):
    assert post(body, signed(body, secret="another" + SECRET)) == 401
    assert untouched(alert)


@pytest.mark.parametrize("shift", [-FIVE_MINUTES, 2 * FIVE_MINUTES, -86400])
def test_what_is_replayed_after_five_minutes_is_refused(alert, body, shift):
    assert post(body, signed(body, at=time.time() + shift)) == 401
    assert untouched(alert)


def test_without_the_secret_everything_is_refused_in_words(alert, body, settings):
    settings.SLACK_SIGNING_SECRET = ""

    answer = Client().generic("POST", URL, body, content_type="application/x-www-form-urlencoded", headers=signed(body))

    assert (answer.status_code, b"SLACK_SIGNING_SECRET is not set" in answer.content) == (503, True)
    assert untouched(alert)


def test_a_body_that_is_too_long_is_not_even_verified(alert, settings):
    body = b"payload=" + b"x" * 65_536

    assert post(body, signed(body)) == 413


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_a_post_is_taken(alert, body, verb):
    assert Client().generic(verb, URL, body, headers=signed(body)).status_code == 405


@pytest.mark.parametrize("payload", [
    "", "null", "[]", "1", "{", "[" * 5000, '{"type": "block_actions"}', '{"type": "block_actions", "actions": [1], "user": 2}',
    '{"type": "view_submission"}',
    '{"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "answer:pass_on", "value": "x"}]}',
    '{"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "answer:handling"}]}',
    '{"type": "block_actions", "user": {"id": "U1"}, "container": 7, "actions": [{"action_id": "answer:handling", "value": "x"}]}',
])  # fmt: skip
def test_a_signed_body_of_any_shape_does_nothing(alert, payload):
    body = urlencode({"payload": payload}).encode()

    assert post(body, signed(body)) == 200
    assert untouched(alert)


@pytest.mark.parametrize("value", ["", "x", "\0", "0" * 2000, "00000000-0000-0000-0000-000000000000", "{id}", "{id}." + "0" * 32])
def test_a_signed_body_with_a_foreign_reference_does_nothing(alert, value):
    forged = value.replace("{id}", Delivery.objects.get().pk.hex)
    payload = {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "answer:handling", "value": forged}]}
    body = urlencode({"payload": json.dumps(payload)}).encode()

    assert post(body, signed(body)) == 200
    assert untouched(alert)


def test_a_reference_to_a_message_of_another_transport_is_not_known(slack_server):  # noqa: F811
    (mail,) = queue(make_recipient(), at=NOON)
    payload = {"type": "block_actions", "user": {"id": "U1"},
               "actions": [{"action_id": "answer:handling", "value": slack_blocks.reference(mail.pk)}]}  # fmt: skip

    pressed = slack_buttons.read(urlencode({"payload": json.dumps(payload)}).encode())

    assert slack_buttons.take(pressed, at=NOON).startswith("This button is not known")


@pytest.mark.parametrize(
    "start", ["https://evil.example/", "https://hooks.slack.com.evil.example/", "http://hooks.slack.com/", "file:///etc/"]
)
def test_a_reply_goes_to_slack_alone(slack_server, start):  # noqa: F811
    with Provider() as inside:
        slack.whisper(start + "x", "hello")
        slack.whisper(f"{inside.url}/response/1", "hello")
        slack.whisper(f"{slack_server.url}/response/1", "<!channel>")

        wait_until(lambda: slack_server.to("/response/1"))
        assert inside.arrivals == []
    assert slack_server.to("/response/1")[0].json["text"] == "&lt;!channel&gt;"
