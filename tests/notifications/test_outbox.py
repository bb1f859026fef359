"""The outbox: who has a delivery in hand, and what became of it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery, Notification
from notifications.outbox import Outcome
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue, wait_until

pytestmark = pytest.mark.django_db
SENT, FAILED, DEAD = DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.DEAD


def claim(at=NOON, limit=10, lease_seconds=30, transport="email"):
    return outbox.claim(transport, limit=limit, at=at, lease_seconds=lease_seconds)


def statuses():
    return list(Delivery.objects.order_by("id").values_list("status", flat=True))


@pytest.fixture
def robin(db):
    return make_recipient()


def test_a_claim_has_the_delivery_in_hand(robin):
    (queued,) = queue(robin)

    (claimed,) = claim()

    assert (claimed.pk, claimed.status, claimed.attempts) == (queued.pk, DeliveryStatus.SENDING, 1)
    assert claimed.leased_until == NOON + 30 * SECOND


def test_a_claim_takes_one_statement_at_any_size(robin, django_assert_num_queries):
    for number in range(3):
        queue(robin, key=f"told-{number}")

    with django_assert_num_queries(3):  # the two of the transaction are counted
        assert len(claim()) == 3


def test_the_most_urgent_is_claimed_first(robin):
    queue(robin, key="later", priority=3)
    queue(robin, key="now", priority=1)

    assert [delivery.priority for delivery in claim(limit=1)] == [1]


def test_what_is_in_hand_is_not_claimed_again(robin):
    queue(robin)
    claim()

    assert claim(at=NOON + 29 * SECOND) == []


def test_an_expired_lease_goes_back_to_the_queue(robin):
    queue(robin)
    claim()

    (again,) = claim(at=NOON + 30 * SECOND)

    assert (again.attempts, again.leased_until) == (2, NOON + 60 * SECOND)


def test_an_expired_lease_of_a_message_answered_meanwhile_is_not_sent_again(robin):
    queue(robin)
    claim()
    outbox.cancel(["alert:1"], at=NOON + SECOND, why="answered meanwhile")

    assert claim(at=NOON + MINUTE) == []
    assert statuses() == ["cancelled"]


def test_an_expired_message_is_closed_and_not_sent(robin):
    queue(robin)

    assert claim(at=NOON + 24 * HOUR) == []

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.error, delivery.attempts) == (DEAD, "could not be sent in time", 0)


def test_only_the_present_lease_may_settle(robin):
    queue(robin)
    (late,) = claim()
    (present,) = claim(at=NOON + MINUTE)

    assert outbox.settle([Outcome(late, SENT)], at=NOON + MINUTE) == []
    assert len(outbox.settle([Outcome(present, SENT, provider_id="x")], at=NOON + MINUTE)) == 1

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.provider_id, delivery.sent_at) == (SENT, "x", NOON + MINUTE)


def test_a_failure_waits_for_its_retry(robin):
    queue(robin)
    (delivery,) = claim()

    outbox.settle([Outcome(delivery, FAILED, error="busy", retry_at=NOON + 5 * SECOND)], at=NOON)

    assert claim(at=NOON + 4 * SECOND) == []
    assert outbox.next_due_at() == NOON + 5 * SECOND
    assert len(claim(at=NOON + 5 * SECOND)) == 1


def test_cancel_excludes_the_claim(robin):
    queue(robin)

    assert outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile") == (1, 0)
    assert claim() == []


def test_a_delivery_in_hand_is_in_flight_and_not_tried_again(robin):
    queue(robin)
    (delivery,) = claim()

    assert outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile") == (0, 1)
    outbox.settle([Outcome(delivery, FAILED, error="busy", retry_at=NOON + 5 * SECOND)], at=NOON)

    assert (statuses(), outbox.next_due_at()) == (["cancelled"], None)


def test_a_delivery_in_flight_that_was_sent_is_sent(robin):
    queue(robin)
    (delivery,) = claim()
    outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")

    outbox.settle([Outcome(delivery, SENT)], at=NOON)

    assert statuses() == ["sent"]


def test_a_dead_delivery_falls_over_to_the_next_method_at_once(robin):
    other = make_method(robin, address="second@example.org", order=2)
    queue(robin, kinds=["email"])
    Delivery.objects.filter(method=other).delete()
    (delivery,) = claim()

    outbox.settle([Outcome(delivery, DEAD, error="gone", dead_address=True)], at=NOON)

    delivery.method.refresh_from_db()
    assert (delivery.method.disabled_at, delivery.method.disabled_reason) == (NOON, "gone")
    assert [each.method for each in claim()] == [other]


def test_the_third_failure_falls_over_once_and_is_tried_again(robin):
    other = make_method(robin, address="second@example.org", order=2)
    queue(robin)
    Delivery.objects.filter(method=other).delete()

    for attempt in range(4):
        at = NOON + attempt * MINUTE
        delivery = next(each for each in claim(at=at) if each.method != other)
        outbox.settle([Outcome(delivery, FAILED, error="busy", retry_at=at + MINUTE)], at=at)

    assert Delivery.objects.filter(method=other).count() == 1


def test_a_crash_at_the_third_attempt_does_not_lose_the_fall_over(robin):
    other = make_method(robin, address="second@example.org", order=2)
    queue(robin)
    Delivery.objects.filter(method=other).delete()

    for attempt in range(5):
        at = NOON + attempt * MINUTE
        delivery = next(each for each in claim(at=at) if each.method != other)
        if attempt != 2:
            outbox.settle([Outcome(delivery, FAILED, error="busy", retry_at=at + MINUTE)], at=at)

    assert Delivery.objects.filter(method=other).count() == 1


def test_nothing_falls_over_once_it_is_answered(robin):
    other = make_method(robin, address="second@example.org", order=2)
    queue(robin)
    Delivery.objects.filter(method=other).delete()
    (delivery,) = claim()
    outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")

    outbox.settle([Outcome(delivery, DEAD, error="gone")], at=NOON)

    assert statuses() == ["cancelled"]


def test_receipts_move_forward_only_in_any_order(robin):
    (delivery,) = queue(robin)
    claim()

    outbox.receive(delivery.pk, status=DeliveryStatus.SEEN, at=NOON + SECOND)
    outbox.receive(delivery.pk, status=DeliveryStatus.DELIVERED, at=NOON + MINUTE)
    outbox.receive(delivery.pk, status=DeliveryStatus.SEEN, at=NOON + MINUTE)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.seen_at, delivery.delivered_at) == ("seen", NOON + SECOND, NOON + SECOND)


def test_a_receipt_stops_the_retry(robin):
    queue(robin)
    (delivery,) = claim()
    outbox.settle([Outcome(delivery, FAILED, error="no answer", retry_at=NOON + SECOND)], at=NOON)

    outbox.receive(delivery.pk, status=DeliveryStatus.DELIVERED, at=NOON)

    assert claim(at=NOON + MINUTE) == []


def test_a_receipt_for_no_delivery_is_told():
    assert outbox.receive("0193e0a0-0000-7000-8000-00000000dead", status=DeliveryStatus.SEEN, at=NOON) is False


def test_an_address_that_cannot_be_decrypted_stops_no_other(robin):
    queue(robin, key="good")
    (bad,) = queue(make_recipient("Dana Reed"), key="bad")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_contactmethod SET address = 'v1.00000000.AAAA' WHERE id = %s", [bad.method_id])

    assert [delivery.notification.recipient for delivery in claim()] == [robin]

    bad = Delivery.objects.defer("method").get(pk=bad.pk)
    assert (bad.status, "no key in SENTINEL_ENCRYPTION_KEYS" in bad.error) == (DEAD, True)


def test_an_old_message_whose_address_cannot_be_decrypted_is_closed_and_stops_no_other(robin):
    (old,) = queue(make_recipient("Dana Reed"), key="old")
    Notification.objects.filter(pk=old.notification_id).update(expires_at=NOON)
    queue(robin, key="good")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_contactmethod SET address = 'v1.00000000.AAAA' WHERE id = %s", [old.method_id])

    assert [delivery.notification.recipient for delivery in claim()] == [robin]


def test_an_error_that_the_database_cannot_hold_is_settled_without_what_it_cannot(robin):
    queue(robin)
    (delivery,) = claim()

    outbox.settle([Outcome(delivery, FAILED, provider_id="a\0b", error="no\0answer", retry_at=NOON + MINUTE)], at=NOON)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.provider_id, delivery.error) == (FAILED, "ab", "noanswer")


@pytest.mark.django_db(transaction=True)
def test_another_worker_wins_the_claim():
    for number in range(20):
        queue(make_recipient(f"Person {number}"), key=f"told-{number}")
    together = Barrier(4)

    def run():
        together.wait()
        try:
            return [delivery.pk for _ in range(5) for delivery in claim(limit=2)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        taken = [pk for run in [threads.submit(run) for _ in range(4)] for pk in run.result()]

    assert len(taken) == len(set(taken)) == 20


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_nothing_falls_over_while_it_is_answered():
    robin = make_recipient()
    queue(robin)
    make_method(robin, address="second@example.org", order=2)
    (delivery,) = claim()

    def answer():
        try:
            with transaction.atomic():
                return outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            outbox.settle([Outcome(delivery, DEAD, error="gone")], at=NOON)
            answered = threads.submit(answer)
            wait_until(somebody_waits_for_a_lock)
        assert answered.result() == (1, 0)

    assert statuses() == ["dead", "cancelled"]


@pytest.mark.django_db(transaction=True)
def test_answers_and_failures_at_once_leave_nothing_waiting_and_never_wait_for_each_other():
    people = [make_recipient(f"Person {number}") for number in range(4)]
    for number in range(20):
        for person in people:
            queue(person, key=f"told-{number}-{person.pk}", thread=f"alert:{number}")
    for person in people:
        make_method(person, address=f"{person.pk}@example.org", order=2)
    answered = Event()

    def fail():
        while not answered.is_set():
            outbox.settle([Outcome(each, DEAD, error="gone") for each in claim(limit=7)], at=NOON)

    def answer(number):
        with transaction.atomic():
            outbox.cancel([f"alert:{number}"], at=NOON, why="answered meanwhile")
        told = Delivery.objects.filter(notification__thread=f"alert:{number}", next_attempt_at__isnull=False)
        return told.filter(status__in=["queued", "failed", "sending"]).exists()

    with ThreadPoolExecutor(4) as threads:
        failures = [threads.submit(alone, fail) for _ in range(2)]
        left = [job.result() for job in [threads.submit(alone, answer, number) for number in range(20)]]
        answered.set()

    assert (any(left), [job.exception() for job in failures]) == (False, [None, None])


def alone(work, *arguments):
    try:
        return work(*arguments)
    finally:
        connection.close()
