"""Push, against a stub of Firebase and of Google's token service that speak HTTP."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from notifications import transports
from notifications.errors import DeadAddress, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import Delivery
from notifications.rendering import Wording
from notifications.transports import push
from tests.conftest import NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT, queue

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:google.*"),
]


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.fixture
def firebase(receiver, settings, private_key):
    """The stub; ``firebase.say(status, code)`` chooses Firebase's next answers."""
    settings.FIREBASE_BASE_URL = receiver.url
    settings.FIREBASE_CREDENTIALS = json.dumps(
        {"type": "service_account", "project_id": "house", "client_email": "sentinel@house.example.org", "private_key_id": "1",
         "private_key": private_key, "token_uri": f"{receiver.url}/token", "client_id": "1"}
    )  # fmt: skip
    receiver.status, receiver.content, receiver.headers = 200, {"name": "projects/house/messages/77"}, {}
    receiver.answer = lambda request: _answer(receiver, request)
    return receiver


def _answer(firebase, request):
    if request.path == "/token":
        return 200, {"Content-Type": "application/json"}, b'{"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}'
    if request.json.get("validate_only") and getattr(firebase, "token_is_good", False):
        return 200, {}, b'{"name": "fake"}'
    return firebase.status, {"Content-Type": "application/json", **firebase.headers}, json.dumps(firebase.content).encode()


def fail(firebase, status, code, name="INVALID_ARGUMENT", **headers):
    detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
    firebase.status, firebase.headers = status, headers
    firebase.content = {"error": {"code": status, "status": name, "message": "text of Google", "details": [detail]}}


@pytest.fixture
def told(firebase) -> Delivery:
    robin = make_recipient()
    make_method(robin, kind="push", address="phone-token", platform="android")
    return queue(robin, kinds=["push"])[0]


def send(delivery):
    return push.send(delivery, delivery.method, Wording(delivery))


def messages(firebase):
    return [request.json["message"] for request in firebase.requests if request.path != "/token"]


def test_a_message_is_data_only_on_android_and_critical_on_ios(told, firebase):
    assert send(told).provider_id == "projects/house/messages/77"

    (message,) = messages(firebase)
    assert (message["token"], message["android"]["priority"], "notification" in message) == ("phone-token", "high", False)
    assert message["android"]["collapse_key"] == told.notification.thread
    assert message["apns"]["payload"]["aps"]["sound"] == {"name": "alarm.caf", "critical": 1, "volume": 1.0}


def test_the_data_names_delivery_alert_and_receipt(told, firebase):
    send(told)

    data = messages(firebase)[0]["data"]
    assert data["delivery_id"] == str(told.pk)
    assert (data["alert_id"], data["receipt"]) == (ALERT["id"], f"/api/v1/alerts/{ALERT['id']}/delivered")
    assert all(isinstance(value, str) for value in data.values())


def test_a_long_message_stays_below_firebases_limit(firebase):
    robin = make_recipient(language="fr")
    make_method(robin, kind="push", address="phone-token")
    long = {**ALERT, "title": "é" * 300, "description": "x" * 9000, "subject": "s" * 200}
    (delivery,) = queue(robin, kinds=["push"], context={"alert": long})

    send(delivery)

    assert len(json.dumps(messages(firebase)[0], ensure_ascii=False).encode()) < 4096


def test_the_access_token_is_used_again(told, firebase):
    send(told)
    send(told)

    assert [request.path for request in firebase.requests].count("/token") == 1


@pytest.mark.parametrize(("status", "code", "name", "error"), [
    (404, "UNREGISTERED", "NOT_FOUND", DeadAddress), (403, "SENDER_ID_MISMATCH", "PERMISSION_DENIED", DeadAddress),
    (401, "THIRD_PARTY_AUTH_ERROR", "UNAUTHENTICATED", TemporaryError), (429, "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED", TemporaryError),
    (500, "INTERNAL", "INTERNAL", TemporaryError), (503, "UNAVAILABLE", "UNAVAILABLE", TemporaryError),
])  # fmt: skip
def test_every_error_has_its_meaning(told, firebase, status, code, name, error):
    fail(firebase, status, code, name)

    with pytest.raises(error) as raised:
        send(told)

    assert type(raised.value) is error
    assert "phone-token" not in str(raised.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_nothing_is_sent_twice_by_the_library(told, firebase, status):
    fail(firebase, status, "UNAVAILABLE", "UNAVAILABLE", **{"Retry-After": "30"})

    with pytest.raises(TemporaryError) as raised:
        send(told)

    assert (len(messages(firebase)), raised.value.retry_seconds) == (1, 30)


@pytest.mark.parametrize(("token_is_good", "error"), [(False, DeadAddress), (True, PermanentError)])
def test_an_invalid_argument_is_looked_into(told, firebase, token_is_good, error):
    fail(firebase, 400, "INVALID_ARGUMENT")
    firebase.token_is_good = token_is_good

    with pytest.raises(error) as raised:
        send(told)

    assert type(raised.value) is error


def test_firebase_hanging_leaves_the_outcome_unknown(told, firebase, settings):
    settings.FIREBASE_TIMEOUT = 0.5
    firebase.hold.clear()
    firebase.answer = lambda request: _answer(firebase, request) if request.path == "/token" else (200, {}, b"{}")

    with pytest.raises((OutcomeUnknown, TemporaryError)):
        send(told)


def test_no_token_service_is_temporary(told, firebase):
    firebase.answer = lambda request: (503, {}, b"")

    with pytest.raises(TemporaryError):
        send(told)


def test_credentials_that_cannot_be_read_are_temporary(told, settings):
    settings.FIREBASE_CREDENTIALS = "/nowhere/firebase.json"

    with pytest.raises(TemporaryError, match="FIREBASE_CREDENTIALS cannot be read"):
        send(told)


def test_without_credentials_push_is_not_used(settings):
    settings.FIREBASE_CREDENTIALS = ""
    robin = make_recipient()
    make_method(robin, kind="push", address="phone-token")

    assert transports.missing("push") == "push is not set up (FIREBASE_CREDENTIALS)"
    assert [delivery.transport for delivery in queue(robin, kinds=["push"], at=NOON)] == ["email"]
