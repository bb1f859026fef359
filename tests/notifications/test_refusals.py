"""A provider that accepted a message and says afterwards that it did not arrive (outbox.refuse)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection, transaction

from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from notifications.outbox import Outcome
from tests.conftest import HOUR, NOON, SECOND
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue

pytestmark = pytest.mark.django_db(transaction=True)
BOUNCED = "the mailbox does not exist"


@pytest.fixture
def robin(db):
    recipient = make_recipient()
    make_method(recipient, kind="webhook", address="https://hooks.example.org/robin", order=2)
    return recipient


@pytest.fixture
def sent(robin):
    queue(robin, kinds=["email"])
    (delivery,) = outbox.claim("email", limit=1, at=NOON, lease_seconds=30)
    outbox.settle([Outcome(delivery, DeliveryStatus.SENT, provider_id="p-1")], at=NOON)
    return delivery


def refuse(delivery, **fields):
    return outbox.refuse(delivery.pk, **{"error": BOUNCED, "at": NOON + SECOND, **fields})


def answer(at=NOON):
    with transaction.atomic():
        outbox.cancel(["alert:1"], at=at, why="answered meanwhile")


def told():
    return list(Delivery.objects.order_by("id").values_list("transport", "status"))


def test_a_refusal_ends_the_delivery_and_uses_the_next_method_at_once(sent):
    assert refuse(sent)

    sent.refresh_from_db()
    assert (sent.status, sent.error, sent.refused_at) == ("dead", BOUNCED, NOON + SECOND)
    assert told() == [("email", "dead"), ("webhook", "queued")]
    assert outbox.next_due_at() == NOON + SECOND


def test_a_refusal_said_twice_counts_once(sent):
    refuse(sent)

    assert not refuse(sent, error="again")

    assert told() == [("email", "dead"), ("webhook", "queued")]


def test_a_dead_address_switches_its_method_off_and_says_why(sent):
    refuse(sent, dead_address=True)

    sent.method.refresh_from_db()
    assert (sent.method.disabled_at, sent.method.disabled_reason) == (NOON + SECOND, BOUNCED)


def test_a_refusal_for_another_reason_leaves_the_method_on(sent):
    refuse(sent)

    sent.method.refresh_from_db()
    assert sent.method.disabled_at is None


@pytest.mark.parametrize("refused_first", [True, False])
def test_refusal_and_receipt_end_the_same_in_either_order(sent, refused_first):
    steps = [lambda: refuse(sent), lambda: outbox.receive(sent.pk, status=DeliveryStatus.DELIVERED, at=NOON)]

    for step in steps if refused_first else reversed(steps):
        step()

    assert told() == [("email", "dead"), ("webhook", "queued")]


def test_what_a_person_has_seen_was_not_refused(sent):
    outbox.receive(sent.pk, status=DeliveryStatus.SEEN, at=NOON)

    assert not refuse(sent, dead_address=True)

    sent.method.refresh_from_db()
    assert (told(), sent.method.disabled_at) == ([("email", "seen")], None)


def test_a_person_who_answers_has_seen_what_was_refused(sent):
    refuse(sent)

    assert outbox.receive(sent.pk, status=DeliveryStatus.SEEN, at=NOON + 2 * SECOND)

    assert told()[0] == ("email", "seen")


def test_after_the_answer_a_refusal_sends_nothing(sent):
    answer(at=NOON + HOUR)  # by a machine whose clock is ahead

    assert refuse(sent)

    assert told() == [("email", "dead")]


def test_after_its_time_a_refusal_sends_nothing(sent):
    refuse(sent, at=NOON + 24 * HOUR)

    assert told() == [("email", "dead")]


def test_a_retry_in_hand_cannot_bring_it_back(robin):
    queue(robin, kinds=["email"])
    (delivery,) = outbox.claim("email", limit=1, at=NOON, lease_seconds=30)
    refuse(delivery)

    assert outbox.settle([Outcome(delivery, DeliveryStatus.SENT)], at=NOON + SECOND) == []

    assert told() == [("email", "dead"), ("webhook", "queued")]


def test_an_unknown_delivery_is_no_error():
    assert not outbox.refuse(uuid4(), error=BOUNCED, at=NOON)


def test_an_answer_and_a_refusal_at_once_never_leave_a_message_waiting(sent):
    start = Barrier(2)

    def run(step):
        start.wait()
        try:
            step()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, [lambda: refuse(sent), answer]))

    assert ("webhook", "queued") not in told()
