"""REST of subscriptions, and the feed for those who ask."""

import pytest

from alerts import lifecycle, live, publishing
from alerts.models import AlertEvent, Subscription
from tests.callers import RESPONDER, make_caller
from tests.conftest import MINUTE, NOON
from tests.factories import make_source, raise_alert
from tests.providers import Answer, Provider

pytestmark = pytest.mark.django_db
CRUD = tuple(f"alerts.{verb}_subscription" for verb in ("view", "add", "change", "delete"))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HIDDEN = "https://hooks.example.org/T0KEN-in-the-path"
NEW = {"name": "Wiki", "url": HIDDEN, "secret": SECRET}


@pytest.fixture
def admin():
    return make_caller(*CRUD, name="admin")


def test_a_subscription_is_made_with_the_documented_defaults_and_begins_with_the_next_event(admin):
    make_source()
    raise_alert(at=NOON)

    made = admin.send("/subscriptions", NEW)

    assert made.status_code == 201
    assert made.json() | {"id": ""} == {
        "id": "", "name": "Wiki", "address": "https://hooks.example.org/…", "matchers": [], "format": "structured", "enabled": True,
        "kinds": ["fired", "acked", "unanswered", "resolved", "expired"], "state": "on", "cursor": live.last_event_id(), "waiting": 0,
        "sent": 0, "lost": 0, "failures": 0, "failing_since": None, "sent_at": None, "next_attempt_at": None, "last_error": None,
    }  # fmt: skip


def test_neither_address_nor_secret_come_out_or_lie_open_in_the_database(admin):
    made = admin.send("/subscriptions", NEW).json()

    answers = admin.read("/subscriptions").content + admin.read(f"/subscriptions/{made['id']}").content
    stored = AlertEvent.objects.raw("SELECT 1 AS id, (SELECT url || secret FROM alerts_subscription) AS both")[0].both
    assert b"T0KEN" not in answers
    assert SECRET[6:].encode() not in answers
    assert ("T0KEN" in stored, SECRET[6:] in stored) == (False, False)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"url": "ftp://x"}, "url"), ({"url": "https://user:word@x.org/"}, "url"), ({"url": None}, "url"), ({"secret": None}, "secret"),
        ({"secret": "short"}, "secret"), ({"kinds": ["exploded"]}, "kinds"), ({"matchers": ['room=~"(?=a)"']}, "matchers"),
        ({"matchers": ["nonsense"]}, "matchers"), ({"format": "xml"}, "format"), ({"name": " "}, "name"), ({"cursor": 1}, "cursor"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(admin, change, place):
    answer = admin.send("/subscriptions", NEW | change)

    assert (answer.status_code, answer.json()["errors"][0]["loc"][1], Subscription.objects.count()) == (422, place, 0)


def test_a_change_keeps_address_secret_and_place_and_is_tried_at_once(admin):
    made = admin.send("/subscriptions", NEW).json()
    Subscription.objects.update(cursor=3, failures=9, next_attempt_at=NOON, gone_at=NOON, last_error="the address is gone (410)")

    answer = admin.send(f"/subscriptions/{made['id']}", {"kinds": []}, method="PATCH")

    row = Subscription.objects.get()
    assert answer.status_code == 200
    assert (row.url, row.secret, row.kinds, row.cursor) == (HIDDEN, SECRET, [], 3)
    assert (row.failures, row.next_attempt_at, row.gone_at, row.last_error) == (0, None, None, "")


@pytest.mark.parametrize("path", ["", "/test", "/start"])
def test_whoever_may_only_look_changes_nothing(admin, path):
    made = admin.send("/subscriptions", NEW).json()
    viewer = make_caller("alerts.view_subscription", name="viewer")
    method, body = ("PATCH", {"enabled": False}) if not path else ("POST", {"after": None})

    answer = viewer.send(f"/subscriptions/{made['id']}{path}", body, method=method)

    assert answer.status_code == 403
    assert make_caller(*RESPONDER, name="responder").read("/subscriptions").status_code == 403


def test_a_test_says_what_became_of_it(admin, settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Provider() as receiver:
        made = admin.send("/subscriptions", NEW | {"url": receiver.url}).json()
        receiver.say(Answer(), Answer("secret words", status=500))

        answers = [admin.send(f"/subscriptions/{made['id']}/test") for _ in range(2)]

        assert [each.status_code for each in answers] == [204, 502]
        assert answers[1].json()["detail"] == "The test did not arrive: the address answered 500."
        assert receiver.arrivals[0].json["type"] == "org.sentinel.test"


def test_it_can_be_sent_everything_since_an_event_again(admin):
    make_source()
    made = admin.send("/subscriptions", NEW | {"kinds": []}).json()
    lifecycle.resolve(raise_alert(at=NOON), by=None, at=NOON + MINUTE)
    newest = live.last_event_id()

    answers = [admin.send(f"/subscriptions/{made['id']}/start", {"after": after}).json() for after in (None, newest - 1, 2**62)]

    assert [(each["cursor"], each["waiting"]) for each in answers] == [(newest, 0), (newest - 1, 1), (newest, 0)]
    assert publishing.parcels(Subscription.objects.get()) == []


def test_the_feed_says_where_the_reader_stands(admin):
    make_source()
    lifecycle.resolve(raise_alert(at=NOON), by=None, at=NOON + MINUTE)
    reader = make_caller(*RESPONDER, name="reader")
    newest = live.last_event_id()

    page = reader.read("/alerts/events", since=newest - 2, limit=1).json()
    rest = reader.read("/alerts/events", since=page["last"], limit=1).json()
    nothing = reader.read("/alerts/events", since=newest).json()

    assert (page["next"], page["last"], page["lost"], page["reset"]) == (str(newest - 1), newest - 1, 0, False)
    assert [(each["kind"], each["became"], each["at"]) for each in rest["items"]] == [("status", "RESOLVED", "2026-03-02T12:01:00.000Z")]
    assert nothing == {"items": [], "next": None, "last": newest, "lost": 0, "reset": False}


def test_the_feed_says_what_is_lost_and_when_to_begin_again():
    make_source()
    lifecycle.resolve(raise_alert(at=NOON), by=None, at=NOON + MINUTE)
    reader, newest = make_caller(*RESPONDER, name="reader"), live.last_event_id()
    AlertEvent.objects.filter(id__lt=newest).delete()

    old, ahead = (reader.read("/alerts/events", since=since).json() for since in (0, newest + 5))

    assert (old["lost"], old["last"], len(old["items"])) == (newest - 1, newest, 1)
    assert (ahead["reset"], ahead["last"], ahead["lost"]) == (True, newest, 0)
