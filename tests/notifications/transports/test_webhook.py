"""Signed webhooks, against a real server."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.delivery import deliver_due
from notifications.enums import DeliveryStatus
from notifications.errors import DeadAddress, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports import webhook
from tests.conftest import NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT, queue, wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(receiver):
    robin = make_recipient()
    make_method(robin, kind="webhook", address=f"{receiver.url}/hook?team=night")
    return queue(robin, kinds=["webhook"])[0]


def send(delivery):
    return webhook.send(delivery, delivery.method, Wording(delivery))


def test_the_body_is_the_documented_one(told, receiver):
    send(told)

    (request,) = receiver.requests
    data = request.json["data"]
    assert (request.path, request.json["type"]) == ("/hook?team=night", "alert.notification")
    assert data["alert"] == ALERT
    assert {name: data[name] for name in ("delivery", "reason", "step", "urgency", "recipient")} == {
        "delivery": str(told.pk), "reason": "first", "step": 0, "urgency": "high", "recipient": "Robin Vale",
    }  # fmt: skip
    assert data["answer_url"].startswith("http://localhost:8000/a/")
    assert data["text"].startswith("[P1] Fall in room 12")


def test_the_signature_is_what_the_convention_says(told, receiver):
    send(told)

    (request,) = receiver.requests
    key = base64.b64decode(told.method.secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    assert request.headers["webhook-id"] == str(told.pk)
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_a_published_example_has_the_published_signature():
    signed = webhook.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_without_a_secret_gets_one(told):
    assert ContactMethod.objects.get(kind="webhook").secret.startswith("whsec_")


def test_a_repeat_has_the_same_id(told, receiver):
    send(told)
    send(told)

    assert {request.headers["webhook-id"] for request in receiver.requests} == {str(told.pk)}


@pytest.mark.parametrize(
    ("body", "receipt"),
    [(b'{"delivered": true}', True), (b'{"delivered": 1}', False), (b"[]", False), (b"ok", False), (b"[" * 60000, False), (b"", False)],
)
def test_only_a_clear_confirmation_is_a_receipt(told, receiver, body, receipt):
    receiver.answer = lambda request: (200, {}, body)

    assert send(told).receipt is receipt


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, PermanentError), (302, PermanentError), (307, PermanentError), (400, PermanentError), (401, PermanentError),
     (404, PermanentError), (408, TemporaryError), (410, DeadAddress), (425, TemporaryError), (429, TemporaryError), (500, TemporaryError),
     (503, TemporaryError)],
)  # fmt: skip
def test_every_answer_has_its_meaning(told, receiver, status, error):
    receiver.answer = lambda request: (status, {"Location": "http://169.254.169.254/"}, b"secret text of the other side")

    with pytest.raises(error) as raised:
        send(told)

    assert type(raised.value) is error
    assert "secret" not in str(raised.value)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(("header", "seconds"), [
    ("7", 7), ("-1", None), ("soon", None), ("", None), ("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", None),
])  # fmt: skip
def test_retry_after_is_read(told, receiver, header, seconds):
    receiver.answer = lambda request: (429, {"Retry-After": header}, b"")

    with pytest.raises(TemporaryError) as raised:
        send(told)

    assert raised.value.retry_seconds == seconds


def test_retry_after_may_be_a_date(told, receiver):
    later = (timezone.now() + timedelta(seconds=60)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.answer = lambda request: (503, {"Retry-After": later}, b"")

    with pytest.raises(TemporaryError) as raised:
        send(told)

    assert 50 < raised.value.retry_seconds <= 60


def test_a_server_that_hangs_leaves_the_outcome_unknown(told, receiver, settings):
    settings.WEBHOOK_TIMEOUT = 0.3
    receiver.hold.clear()

    with pytest.raises(OutcomeUnknown):
        send(told)


def test_a_server_that_is_not_there_is_temporary(told, receiver):
    receiver.server_close()

    with pytest.raises(TemporaryError):
        send(told)


@pytest.mark.django_db(transaction=True)
def test_a_confirmation_makes_the_delivery_delivered(told, receiver):
    receiver.answer = lambda request: (200, {}, json.dumps({"delivered": True}).encode())

    deliver_due(at=NOON, budget_seconds=60)

    assert Delivery.objects.get().status == DeliveryStatus.DELIVERED


@pytest.mark.django_db(transaction=True)
def test_a_gone_address_disables_the_method_and_mail_is_sent_instead(told, receiver, mailbox):
    receiver.answer = lambda request: (410, {}, b"")

    deliver_due(at=NOON, budget_seconds=60)
    deliver_due(at=NOON, budget_seconds=60)

    assert ContactMethod.objects.get(kind="webhook").disabled_reason == "the address is gone (410)"
    wait_until(lambda: len(mailbox.messages) == 1)
