"""Push to browsers, against a push service that speaks HTTP and reads what comes as the browser would."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from notifications import delivery as sending
from notifications import transports, web_push
from notifications.breakers import Breakers
from notifications.errors import DeadAddress, PermanentError, TemporaryError
from notifications.gate import Gate
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports import push
from tests.callers import make_caller
from tests.conftest import NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT, queue
from tests.notifications.web_push_service import Browser, claims_of, topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(receiver, settings):
    settings.SENTINEL_WEB_PUSH_HOSTS, settings.FIREBASE_CREDENTIALS = ["127.0.0.1"], ""
    receiver.answer = lambda request: (201, {"Location": "https://push.example/m/1"}, b"")
    return receiver


@pytest.fixture
def browser(service):
    return Browser(service.url)


@pytest.fixture
def told(browser) -> Delivery:
    return tell(browser, at=NOON)


def tell(browser, **message) -> Delivery:
    robin = make_recipient()
    make_method(robin, kind="push", address=web_push.written(browser.subscription))
    (delivery,) = queue(robin, kinds=["push"], **message)
    return delivery


def send(delivery):
    return push.send(delivery, delivery.method, Wording(delivery))


def test_only_the_browser_can_read_it_and_it_says_how_to_answer(service, browser, told):
    assert (transports.lacking(told.method), send(told).receipt) == ("", False)

    (request,) = service.requests
    found = browser.read(request.body)
    claims, key = claims_of(request.headers["Authorization"])
    assert b"room 12" not in request.body
    assert (claims["aud"], key) == (service.url, web_push.public_key())
    heads = [request.headers[name] for name in ("TTL", "Urgency", "Topic", "Content-Encoding")]
    assert heads == ["600", "high", topic("alert:1"), "aes128gcm"]
    assert (found["url"], found["alert"], found["loud"]) == (f"/live/alerts/{ALERT['id']}", {"id": ALERT["id"], "number": 1042}, True)
    assert [action["action"] for action in found["actions"]] == ["calling", "on_my_way"]
    assert found["answer"].startswith("/a/")
    assert "Fall in room 12" in found["title"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, DeadAddress), (410, DeadAddress), (413, PermanentError), (403, PermanentError), (301, PermanentError), (500, TemporaryError)],
)
def test_what_the_push_service_answers_means(service, told, status, error):
    service.answer = lambda request: (status, {"Location": "http://169.254.169.254/"}, b"secret text")

    with pytest.raises(error) as raised:
        send(told)

    assert (len(service.requests), "secret" in str(raised.value)) == (1, False)


def test_a_push_service_may_ask_for_patience(service, told):
    service.answer = lambda request: (429, {"Retry-After": "77"}, b"")

    with pytest.raises(TemporaryError) as raised:
        send(told)

    assert raised.value.retry_seconds == 77


def test_an_address_that_is_no_push_service_any_more_is_not_called(service, told, settings):
    settings.SENTINEL_WEB_PUSH_HOSTS = ["fcm.googleapis.com"]

    _, outcome = sending.attempt(told, now=lambda: NOON)

    assert (outcome.status, "SENTINEL_WEB_PUSH_HOSTS" in outcome.error, service.requests) == ("dead", True, [])


def test_a_name_that_leads_inside_is_not_called(service, told, settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = []

    with pytest.raises(PermanentError, match="private or special network"):
        send(told)


def test_the_longest_words_still_fit(service, browser):
    long = ALERT | {"title": "\U0001f525" * 300, "subject": "\U0001f525" * 200, "source_name": "\U0001f525" * 100}

    send(tell(browser, context={"alert": long}, thread=f"alert:{ALERT['id']}"))

    assert len(service.requests[0].body) <= 4096


def test_a_browser_is_registered_as_a_phone_is(service, browser):
    robin, kim = make_caller(name="robin"), make_caller(name="kim")
    form = {"token": browser.subscription, "platform": "web", "label": "Pixel"}
    made, again = robin.send("/devices/push-tokens", form), robin.send("/devices/push-tokens", form)

    method = ContactMethod.objects.get()
    assert (made.status_code, again.status_code, method.push_kind, method.usable) == (201, 200, "web", True)
    assert made.json()["address"] == f"{service.url.removeprefix('http://')}/…"
    assert kim.send("/devices/push-tokens", form | {"token": '{"endpoint":"https://evil.example/"}'}).status_code == 422
    assert robin.read("/devices/web-push").json() == {"public_key": web_push.public_key()}


def test_nobody_collects_browsers_without_end(service):
    robin = make_caller(name="robin")
    answers = [robin.send("/devices/push-tokens", {"token": f"token-{number:04}", "platform": "web"}).status_code for number in range(21)]

    assert answers == [201] * 20 + [409]


@pytest.mark.django_db(transaction=True)
def test_a_receipt_is_good_for_its_own_message_and_purpose(service, browser):
    told = tell(browser, at=timezone.now())
    send(told)
    found = browser.read(service.requests[0].body)
    stranger = Client(enforce_csrf_checks=True)
    path = found["receipt"]
    altered = f"{path[:-9]}{'A' if path[-9] != 'A' else 'B'}{path[-8:]}"
    forged = [f"{altered}/seen", f"{path}/resolved", f"/push/{found['answer'].removeprefix('/a/')}/seen"]

    assert [stranger.post(each).status_code for each in forged] == [410, 410, 410]
    assert (stranger.get(f"{path}/seen").status_code, stranger.post(f"/a/{path.removeprefix('/push/')}").status_code) == (405, 410)
    told.refresh_from_db()
    assert told.delivered_at is None
    assert [stranger.post(f"{path}/{word}").status_code for word in ("delivered", "delivered", "seen")] == [204, 204, 204]
    told.refresh_from_db()
    assert (told.status, told.method.proved_at is not None) == ("seen", True)


def test_a_subscription_that_cannot_be_read_is_said(told):
    told.method.address = json.dumps({"endpoint": "x"})

    with pytest.raises(PermanentError, match="is not a browser's subscription"):
        send(told)


def test_a_browser_whose_address_becomes_a_phones_token_is_a_phone(told):
    told.method.address = "token-12345678"
    told.method.save()

    told.method.refresh_from_db()
    assert (told.method.push_kind, told.method.platform, push.destination(told.method)) == ("token", "", "")


@pytest.mark.parametrize("address", ["token-12345678", "{}", '{"endpoint":"https://[x"}', "[]"])
def test_a_subscription_that_cannot_be_read_keeps_no_other_message_back(told, address):
    ContactMethod.objects.filter(pk=told.method_id).update(address=address)
    broken, gate = Delivery.objects.select_related("method").get(pk=told.pk), Gate()
    gate.breakers = Breakers(read_seconds=0)

    go, held = gate.admit("push", [broken, told], room=2, crowd=lambda _name: 0.0, at=NOON)

    assert ([delivery for delivery, _ in go], go[0][1], held) == ([broken, told], "", [])
