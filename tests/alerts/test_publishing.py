"""Subscribers get events in order and at least once, and none of them costs another one anything. Receivers are real servers."""

import base64
import hashlib
import hmac
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from alerts import lifecycle, live, publishing, record, subscriptions
from alerts.enums import EventKind
from alerts.models import Alert, AlertEvent, Subscription
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_source, raise_alert
from tests.notifications.conftest import wait_until
from tests.providers import Answer, Mode, Provider
from tests.web import ROOT, environment

pytestmark = pytest.mark.django_db
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver(settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS, settings.SENTINEL_BASE_URL = ["127.0.0.0/8"], "https://sentinel.example.org"
    with Provider() as server:
        yield server


def subscribe(receiver, name="Wiki", **fields):
    """A subscription that begins with the next event."""
    subscription = Subscription(name=name, url=f"{receiver.url}/hook", secret=SECRET, **{"kinds": [], **fields})
    subscriptions.save(subscription)
    return subscription


def publish(at=NOON, patience=timedelta(0)):
    return publishing.publish_waiting(at=at, patience=patience, budget_seconds=60)


def course(at=NOON):
    """An alert that is raised, acknowledged and resolved: three events."""
    make_source()
    alert = raise_alert(at=at)
    lifecycle.acknowledge(alert, by=None, at=at + MINUTE)
    lifecycle.resolve(alert, by=None, at=at + 2 * MINUTE)
    return alert


def types(arrivals):
    events = [event for each in arrivals for event in (each.json if isinstance(each.json, list) else [each.json])]
    return [event["type"].removeprefix("org.sentinel.alert.") for event in events]


def test_the_course_of_an_alert_is_told_in_order_and_signed(receiver):
    subscribe(receiver)
    alert = course()

    publish()

    first, *_ = receiver.accepted
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{first.headers['webhook-id']}.{first.headers['webhook-timestamp']}.".encode() + first.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert types(receiver.accepted) == ["fired", "acked", "resolved"]
    assert (first.headers["content-type"], first.headers["webhook-signature"]) == ("application/cloudevents+json; charset=utf-8", expected)
    assert (first.json["subject"], first.json["data"]["alert"]["number"]) == (str(alert.pk), alert.number)


def test_a_batch_is_one_request(receiver):
    subscription = subscribe(receiver, format="batch")
    course()

    publish()

    (request,) = receiver.accepted
    subscription.refresh_from_db()
    assert types([request]) == ["fired", "acked", "resolved"]
    assert request.headers["content-type"] == "application/cloudevents-batch+json; charset=utf-8"
    assert (subscription.sent, subscription.cursor, subscriptions.waiting(subscription)) == (3, live.last_event_id(), 0)


def test_many_events_come_in_bounded_batches_each_once(receiver):
    subscribe(receiver, format="batch")
    make_source()
    alert = raise_alert(at=NOON, description="x" * 5000)
    record.announce([(EventKind.UPDATED, alert.pk)] * 249, at=NOON)

    publish()

    numbers = [event["data"]["event"] for each in receiver.accepted for event in each.json]
    assert numbers == list(range(numbers[0], numbers[0] + 250))
    assert max(len(each.body) for each in receiver.accepted) < publishing.BATCH_BYTES + 10_000
    assert max(len(each.json) for each in receiver.accepted) <= publishing.WANTED


@pytest.mark.parametrize(
    ("wish", "heard"),
    [
        ({"kinds": ["resolved"]}, ["resolved"]),
        ({"matchers": ["source=probe", "subject!=x"]}, ["fired", "acked", "resolved"]),
        ({"matchers": ["source=other"]}, []),
        ({"matchers": ["subject=x"], "kinds": ["fired"]}, []),
    ],
)
def test_it_hears_what_it_wants_and_passes_over_the_rest(receiver, wish, heard):
    subscription = subscribe(receiver, **wish)
    course()

    publish()

    subscription.refresh_from_db()
    assert (types(receiver.accepted), subscription.cursor) == (heard, live.last_event_id())


@pytest.mark.parametrize(("mode", "why"), [
    (Mode.ERROR, "the address answered 500"), (Mode.DENY, "the address refused the message (401)"),
    (Mode.REDIRECT, "the address answered with a redirect (302), which is not followed; enter the final address"),
    (Mode.REFUSE, "the host does not accept a connection (ConnectionRefusedError)"),
    (Mode.RESET, "the host did not answer properly in time (ConnectionResetError)"),
])  # fmt: skip
def test_what_is_not_taken_waits_in_its_place_and_comes_again(receiver, mode, why):
    subscription = subscribe(receiver)
    course()
    receiver.mode = mode

    publish()
    subscription.refresh_from_db()
    failed = (subscription.last_error, subscription.failures, subscription.sent)
    receiver.mode = Mode.ACCEPT
    publish(at=timezone.now() + HOUR)

    assert failed == (why, 1, 0)
    assert types(receiver.accepted) == ["fired", "acked", "resolved"]
    assert not receiver.to("/elsewhere")


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.DRIP, Mode.ACCEPT_HANG])
def test_a_receiver_that_does_not_answer_keeps_no_other_from_its_events(receiver, mode, settings):
    settings.WEBHOOK_TIMEOUT = 0.5
    with Provider(mode) as silent:
        subscribe(silent, "A silent one")
        subscribe(receiver, "Wiki")
        course()

        while len(set(types(receiver.accepted))) < 3:  # on a slow machine half a second may be too short for the good one, too
            Subscription.objects.update(next_attempt_at=None)
            publish()

        assert list(dict.fromkeys(types(receiver.accepted))) == ["fired", "acked", "resolved"]
        assert Subscription.objects.get(name="A silent one").last_error.startswith("the host did not answer properly in time")


def test_an_answer_lost_on_the_way_means_the_same_event_again(receiver):
    subscribe(receiver)
    course()
    receiver.say(Mode.ACCEPT_RESET)

    publish()
    publish(at=timezone.now() + HOUR)

    names = [(each.headers["webhook-id"], each.json["id"]) for each in receiver.accepted]
    assert types(receiver.accepted) == ["fired", "fired", "acked", "resolved"]
    assert names[0] == names[1]


def test_waits_grow_to_five_minutes_and_a_wish_is_kept():
    waits = [subscriptions.retry_seconds(failures, wish=None) for failures in range(60)]

    assert 0.8 <= waits[0] <= 1.2
    assert max(waits) == waits[-1] == 300
    assert [subscriptions.retry_seconds(0, wish=each) for each in (0, 7, 86_400)] == [1, 7, 300]


def test_a_day_of_500_costs_one_request_each_five_minutes_and_loses_nothing(receiver):
    subscribe(receiver)
    course()
    receiver.mode = Mode.ERROR
    Subscription.objects.update(failures=40)

    publish()
    waits_until = Subscription.objects.get().next_attempt_at
    publish(at=waits_until - SECOND)
    tried = len(receiver.arrivals)
    receiver.mode = Mode.ACCEPT
    publish(at=waits_until)

    assert (tried, types(receiver.accepted)) == (1, ["fired", "acked", "resolved"])
    assert MINUTE < waits_until - timezone.now() <= 5 * MINUTE


def test_410_switches_it_off_says_so_and_costs_no_further_request(receiver):
    subscription = subscribe(receiver)
    make_source("sentinel")
    course()
    receiver.say(Answer(status=410))

    publish()
    publish(at=timezone.now() + HOUR)

    subscription.refresh_from_db()
    alert = Alert.objects.get(type="subscription-gone")
    assert (len(receiver.arrivals), subscription.state, alert.severity) == (1, "gone", "low")
    assert list(subscriptions.complaints(at=NOON)) == [
        "The subscription Wiki is sent nothing: the address is gone (410). Write its address again in the admin, or delete it."
    ]


def test_written_again_it_goes_on_where_it_stood(receiver):
    subscription = subscribe(receiver)
    make_source("sentinel")
    course()
    receiver.say(Answer(status=410))
    publish()

    subscription.refresh_from_db()
    subscription.kinds = ["fired", "acked", "resolved"]
    subscriptions.save(subscription)
    publish(at=timezone.now() + HOUR)

    assert types(receiver.accepted)[:3] == ["fired", "acked", "resolved"]


def test_a_private_address_is_not_called(receiver, settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = []
    subscribe(receiver)
    course()

    publish()

    assert receiver.arrivals == []
    assert "leads to a private or special network" in Subscription.objects.get().last_error


def test_what_is_no_longer_kept_is_counted_and_said(receiver):
    subscription = subscribe(receiver)
    course()
    AlertEvent.objects.filter(id__lt=live.last_event_id()).delete()

    assert "will never get 2 events" in next(subscriptions.complaints(at=NOON))
    publish()

    subscription.refresh_from_db()
    assert (types(receiver.accepted), subscription.lost, subscription.cursor) == (["resolved"], 2, live.last_event_id())
    assert "will never get 2 events" in next(subscriptions.complaints(at=NOON))


def test_a_feed_of_which_nothing_is_left_is_passed_over(receiver):
    subscription = subscribe(receiver)
    course()
    AlertEvent.objects.all().delete()

    assert publish() == 1
    subscription.refresh_from_db()

    assert (subscription.lost, subscription.cursor, publish()) == (3, live.last_event_id(), 0)


def test_a_database_restored_from_a_backup_does_not_silence_it(receiver):
    subscription = subscribe(receiver)
    Subscription.objects.update(cursor=10_000)
    publish()

    course()
    publish()

    subscription.refresh_from_db()
    assert (types(receiver.accepted), subscription.lost) == (["fired", "acked", "resolved"], 0)


def test_what_another_runner_holds_is_left_alone_until_its_lease_is_over(receiver):
    subscribe(receiver)
    course()

    ((pk, lost_lease),) = subscriptions.claim(at=NOON, limit=5)
    taken = [publish(at=NOON + 59 * SECOND), publish(at=NOON + HOUR)]

    assert taken == [0, 1]
    assert not subscriptions.passed(pk, lost_lease, upto=1, sent=1, lost=0, at=NOON)
    assert types(receiver.accepted) == ["fired", "acked", "resolved"]


def test_the_second_runner_takes_what_waits_for_a_minute_only(receiver):
    subscribe(receiver)
    course(at=NOON)

    taken = [publish(at=NOON + 59 * SECOND, patience=MINUTE), publish(at=NOON + MINUTE, patience=MINUTE)]

    assert (taken, types(receiver.accepted)) == ([0, 1], ["fired", "acked", "resolved"])


def test_a_secret_that_cannot_be_read_stops_nobody_else(receiver, settings):
    subscribe(receiver, "A")
    subscribe(receiver, "B")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE alerts_subscription SET secret = 'v1.00000000.AAAA' WHERE name = 'A'")
    course()

    publish()

    assert types(receiver.accepted) == ["fired", "acked", "resolved"]
    assert "SENTINEL_ENCRYPTION_KEYS" in Subscription.objects.only("last_error").get(name="A").last_error


def test_going_on_elsewhere_sends_again_or_leaves_out(receiver):
    subscription = subscribe(receiver)
    before = subscription.cursor
    course()

    subscriptions.go_on_after(subscription, None)
    nothing = publish()
    subscriptions.go_on_after(subscription, before + 1)
    publish()

    assert (nothing, types(receiver.accepted)) == (0, ["acked", "resolved"])


@pytest.mark.django_db(transaction=True)
def test_the_first_runner_serves_many_at_once_and_needs_no_connection_while_it_waits(receiver, settings):
    settings.WEBHOOK_TIMEOUT = 30
    with Provider(Mode.HANG) as silent:
        for number in range(6):
            subscribe(silent, f"silent {number}")
        subscribe(receiver, "Wiki")
        course()
        woken = threading.Event()
        publisher = publishing.Publisher(freed=woken.set)

        wait_until(lambda: publisher.look(at=timezone.now()) or len(receiver.accepted) == 3)
        silent.let_go.set()

        assert publisher.close(60)
        assert types(receiver.accepted) == ["fired", "acked", "resolved"]


KILLED = """
import threading, django
django.setup()
from django.utils import timezone
from alerts import publishing
publishing.publish_waiting(at=timezone.now(), patience=timezone.timedelta(0), budget_seconds=600)
"""


@pytest.mark.django_db(transaction=True)
def test_kill_9_in_the_middle_of_a_batch_loses_nothing_and_ids_stay(receiver):
    subscribe(receiver, format="batch")
    course()
    receiver.mode = Mode.ACCEPT_HANG
    command = [sys.executable, "-c", KILLED]
    runner = subprocess.Popen(command, cwd=ROOT, env=environment(SENTINEL_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8"))

    wait_until(lambda: receiver.accepted)
    runner.kill()
    runner.wait()
    receiver.mode = Mode.ACCEPT
    publish(at=timezone.now() + 2 * MINUTE)

    first, second = ([event["id"] for event in each.json] for each in receiver.accepted)
    assert (len(first), first) == (3, second)
