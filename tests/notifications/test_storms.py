"""Storms: many messages become one, and nothing serious waits for that."""

import threading
from dataclasses import replace

import pytest
from django.db import connection, transaction

from notifications import dispatch, outbox
from notifications.enums import DeliveryStatus
from notifications.message import Message, Order
from notifications.models import Delivery, Notification
from notifications.outbox import Outcome
from notifications.rendering import Wording
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT

pytestmark = pytest.mark.django_db
FIVE = 5 * MINUTE
QUEUED = DeliveryStatus.QUEUED


def order(person, number, **fields):
    message = Message(**{"reason": "first", "urgency": "high", "priority": 3, "context": {"alert": ALERT | {"number": number}}, **fields})
    return Order(f"alert:{number}", f"k{number}", message, recipients=frozenset({str(person.pk)}))


def tell(person, *numbers, at=NOON, **fields):
    with transaction.atomic():
        return dispatch.tell([order(person, number, **fields) for number in numbers], at=at)


def claim(at):
    return outbox.claim("email", limit=99, at=at, lease_seconds=45)


def sent_at(at):
    return [(delivery.notification.reason, delivery.notification.context.get("held")) for delivery in claim(at)]


@pytest.fixture
def robin():
    return make_recipient()


def test_after_five_messages_the_following_ones_become_one(robin):
    told = tell(robin, *range(8))

    assert [(each.deliveries, each.bundled) for each in told] == [(1, ())] * 5 + [(1, ("Robin Vale",))] * 3
    assert sent_at(NOON) == [("first", None)] * 5
    assert ("storm", 3) not in sent_at(NOON + FIVE - SECOND)
    assert ("storm", 3) in sent_at(NOON + FIVE)
    assert Notification.objects.filter(bundle__reason="storm").count() == 3


def test_what_comes_later_in_the_window_joins_the_message_that_waits(robin):
    for number in range(12):
        tell(robin, number, at=NOON + number * 10 * SECOND)

    assert Notification.objects.filter(reason="storm").count() == 1
    assert [pair for pair in sent_at(NOON + 6 * MINUTE) if pair[0] == "storm"] == [("storm", 7)]


def test_when_the_storm_is_over_messages_come_alone_again(robin):
    tell(robin, *range(8))

    assert tell(robin, 9, at=NOON + 5 * MINUTE + SECOND)[0].bundled == ()


@pytest.mark.parametrize("serious", [{"priority": 1}, {"life_safety": True}, {"urgency": "emergency"}, {"reason": "unanswered"}])
def test_nothing_serious_is_held_back(robin, serious):
    tell(robin, *range(9), **serious)

    assert len(claim(NOON)) == 9


def test_the_first_of_a_priority_is_not_held_back(robin):
    tell(robin, *range(9), priority=4)

    assert [tell(robin, number, priority=2)[0].bundled for number in (10, 11)] == [(), ("Robin Vale",)]


def test_another_urgency_is_another_storm(robin):
    tell(robin, *range(5))

    assert tell(robin, 9, urgency="normal")[0].bundled == ()


def test_storms_can_be_switched_off(robin, settings):
    settings.SENTINEL_STORM_MESSAGES = 0

    tell(robin, *range(9))

    assert len(claim(NOON)) == 9


def test_the_message_says_how_many_and_leads_to_the_board(robin):
    tell(robin, *range(30))

    (storm,) = [delivery for delivery in claim(NOON + FIVE) if delivery.notification.reason == "storm"]

    assert Wording(storm).subject == "25 more messages within 5 minutes"
    assert Wording(storm).text.count("Fall in room 12") == 20
    assert "… and 25 messages altogether" in Wording(storm).text
    assert "http://localhost:8000/live/" in Wording(storm).html
    assert Wording(storm).sms.startswith("Sentinel: 25 more messages")


def test_what_was_answered_meanwhile_is_left_out(robin):
    tell(robin, *range(7))
    outbox.cancel(["alert:5"], at=NOON + MINUTE, why="answered")

    assert [pair for pair in sent_at(NOON + FIVE) if pair[0] == "storm"] == [("storm", 1)]


def test_when_everything_was_answered_meanwhile_nothing_is_sent(robin):
    tell(robin, *range(7))
    outbox.cancel(["alert:5", "alert:6"], at=NOON + MINUTE, why="answered")

    assert [pair for pair in sent_at(NOON + FIVE) if pair[0] == "storm"] == []
    assert Delivery.objects.get(notification__reason="storm").status == DeliveryStatus.CANCELLED


def test_who_was_told_in_a_storm_is_told_that_it_is_over(robin):
    tell(robin, *range(6))
    claim(NOON + FIVE)
    closed = replace(order(robin, 6, reason="resolved"), key="closed", recipients=frozenset(), audience_of=("alert:5",))

    assert dispatch.tell([closed], at=NOON + 20 * MINUTE)[0].recipients == ("Robin Vale",)


def storms():
    found = Delivery.objects.filter(notification__reason="storm").order_by("notification_id", "transport")
    return list(found.values_list("transport", "status", "next_attempt_at"))


def test_no_message_joins_one_whose_provider_is_down(robin):
    tell(robin, *range(6))
    (storm,) = [delivery for delivery in claim(NOON + FIVE) if delivery.notification.reason == "storm"]
    outbox.settle([Outcome(storm, QUEUED, error="left alone", retry_at=NOON + 6 * MINUTE, counted=False)], at=NOON + FIVE)

    tell(robin, *range(10, 17), at=NOON + FIVE + SECOND)

    assert storms() == [("email", "queued", NOON + 6 * MINUTE), ("email", "queued", NOON + 2 * FIVE + SECOND)]


def test_no_message_joins_one_that_was_sent_by_its_first_method(robin):
    make_method(robin, kind="webhook", address="https://hooks.example.org/1")
    robin.notification_rules.create(priority_from=1, priority_to=5, kind="email")
    robin.notification_rules.create(priority_from=1, priority_to=5, kind="webhook", delay_seconds=600)
    tell(robin, *range(6))
    claim(NOON + FIVE)

    tell(robin, *range(10, 17), at=NOON + FIVE + SECOND)

    assert [at for *_, at in storms()] == [NOON + at for at in (FIVE, 3 * FIVE, 2 * FIVE + SECOND, 4 * FIVE + SECOND)]


def test_no_message_joins_one_that_is_sent_by_less(robin):
    make_method(robin, kind="webhook", address="https://hooks.example.org/1")

    for number in range(8):
        kinds = frozenset({"webhook"} if number == 7 else {"email"})
        dispatch.tell([replace(order(robin, number), kinds=kinds)], at=NOON)

    assert [transport for transport, *_ in storms()] == ["email", "webhook"]


def test_each_person_and_each_method_is_told_once(robin):
    kim = make_recipient("Kim Moss")
    make_method(robin, kind="webhook", address="https://hooks.example.org/1")
    for number in range(8):
        dispatch.tell([replace(order(robin, number), recipients=frozenset({str(robin.pk), str(kim.pk)}))], at=NOON)

    storms = Delivery.objects.filter(notification__reason="storm").values_list("notification__recipient__name", "transport")
    assert sorted(storms) == [("Kim Moss", "email"), ("Robin Vale", "email"), ("Robin Vale", "webhook")]


@pytest.mark.parametrize("people", [1, 3])
def test_a_storm_costs_one_statement_more_whoever_it_reaches(people, django_assert_num_queries):
    everyone = [make_recipient(f"Person {number}") for number in range(people)]
    orders = [order(person, f"{number}-{person.pk}") for number in range(9) for person in everyone]

    with transaction.atomic(), django_assert_num_queries(5):
        dispatch.tell(orders, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_a_message_that_joins_while_the_storm_is_sent_is_not_lost(robin):
    tell(robin, *range(6))
    joined, go_on = threading.Event(), threading.Event()

    def join():
        try:
            with transaction.atomic():
                tell(robin, 7, at=NOON + FIVE - SECOND)
                joined.set()
                go_on.wait(60)
        finally:
            connection.close()

    late = threading.Thread(target=join)
    late.start()
    joined.wait(60)
    before = [pair for pair in sent_at(NOON + FIVE) if pair[0] == "storm"]
    go_on.set()
    late.join()

    assert (before, sent_at(NOON + FIVE)) == ([], [("storm", 2)])
