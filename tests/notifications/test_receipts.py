"""A receipt that does not come: the next method takes over, once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert, LogEntry
from notifications import outbox, receipts
from notifications.delivery import attempt
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from notifications.outbox import Outcome
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.notifications.conftest import queue

pytestmark = pytest.mark.django_db
DUE = NOON + MINUTE


@pytest.fixture
def robin(db):
    return make_recipient()


@pytest.fixture
def voice(robin):
    """Robin's second method, which nothing was sent to yet."""
    return make_method(robin, address="second@example.org", order=2)


def send(delivery, *, receipt_due_at=DUE):
    """Accepted by the provider at NOON."""
    Delivery.objects.filter(notification=delivery.notification).exclude(pk=delivery.pk).delete()
    (claimed,) = outbox.claim("email", limit=1, at=NOON, lease_seconds=60)
    outbox.settle([Outcome(claimed, DeliveryStatus.SENT, receipt_due_at=receipt_due_at)], at=NOON)
    return claimed


@pytest.fixture
def sent(robin, voice):
    return send(queue(robin)[0])


def test_silence_starts_the_next_method_once(sent, voice):
    assert outbox.waiting().get(outbox.RECEIPTS) == DUE
    assert receipts.miss_due(at=DUE - SECOND) == 0

    assert (receipts.miss_due(at=DUE), receipts.miss_due(at=DUE + HOUR)) == (1, 0)

    sent.refresh_from_db()
    assert (sent.status, sent.error, sent.fell_over_at) == ("sent", "no receipt within 60 s", DUE)
    assert Delivery.objects.get(method=voice).next_attempt_at == DUE


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.SEEN])
def test_a_receipt_in_time_stops_the_timer(sent, voice, status):
    outbox.receive(sent.pk, status=status, at=NOON + SECOND)

    assert (outbox.waiting().get(outbox.RECEIPTS), receipts.miss_due(at=DUE)) == (None, 0)
    assert not Delivery.objects.filter(method=voice).exists()


def test_a_late_receipt_is_still_taken(sent):
    receipts.miss_due(at=DUE)

    outbox.receive(sent.pk, status=DeliveryStatus.DELIVERED, at=DUE + MINUTE)

    sent.refresh_from_db()
    assert (sent.status, sent.error, sent.delivered_at) == ("delivered", "", DUE + MINUTE)


def test_a_refusal_after_the_silence_uses_no_third_method(sent, robin, voice):
    make_method(robin, address="third@example.org", order=3)
    receipts.miss_due(at=DUE)

    outbox.refuse(sent.pk, error="bounced", at=DUE + MINUTE)

    assert set(Delivery.objects.values_list("method", flat=True)) == {sent.method_id, voice.pk}


def test_nothing_more_is_used_once_it_is_answered(sent, voice):
    with transaction.atomic():
        outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")

    receipts.miss_due(at=DUE)

    assert (Delivery.objects.filter(method=voice).exists(), outbox.waiting().get(outbox.RECEIPTS)) == (False, None)


def test_nothing_more_is_used_for_whom_another_method_reached(robin, voice):
    make_method(robin, address="third@example.org", order=3)
    first, second, third = queue(robin)
    third.delete()
    claimed = outbox.claim("email", limit=3, at=NOON, lease_seconds=60)
    outbox.settle([Outcome(each, DeliveryStatus.SENT, receipt_due_at=DUE) for each in claimed], at=NOON)
    outbox.receive(second.pk, status=DeliveryStatus.DELIVERED, at=NOON)

    assert receipts.miss_due(at=DUE) == 1

    first.refresh_from_db()
    assert (first.error, Delivery.objects.count()) == ("", 2)


def test_an_old_message_uses_nothing_more(robin, voice):
    send(queue(robin)[0], receipt_due_at=NOON + 25 * HOUR)

    receipts.miss_due(at=NOON + 25 * HOUR)

    assert Delivery.objects.count() == 1


def test_any_number_takes_the_same_statements(robin, voice):
    taken = []
    for count in (1, 3):
        for number in range(count):
            send(queue(robin, key=f"told-{count}-{number}")[0])
        with CaptureQueriesContext(connection) as statements:
            assert receipts.miss_due(at=DUE) == count
        taken.append(len(statements))

    assert taken[0] == taken[1]


def test_the_silence_stands_on_the_alerts_record(db):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON)
    delivery = queue(make_recipient("Dana Reed"), thread=alert.thread, key="direct")[0]
    Delivery.objects.exclude(pk=delivery.pk).delete()
    send(delivery)

    receipts.miss_due(at=DUE)

    entry = LogEntry.objects.filter(alert=alert, kind="delivery").latest("id")
    assert (entry.detail["error"], entry.detail["instead"], entry.at) == ("no receipt within 60 s", None, DUE)
    assert Alert.objects.get().status == "PENDING"


@pytest.mark.parametrize(
    ("kind", "limit", "seconds"), [("push", 60, 60), ("push", 0, None), ("webhook", 60, None)], ids=["set", "never", "cannot tell"]
)
def test_only_methods_that_can_tell_have_a_limit(settings, robin, kind, limit, seconds):
    settings.SENTINEL_RECEIPT_SECONDS = {kind: limit}
    method = make_method(robin, kind=kind, address="https://example.org/hook")

    assert receipts.due_at(method, at=NOON) == (seconds and NOON + seconds * SECOND)


def test_an_answer_that_is_a_receipt_starts_no_timer(settings, robin, receiver):
    settings.SENTINEL_RECEIPT_SECONDS = {"email": 60, "webhook": 60}
    make_method(robin, kind="webhook", address=receiver.url)
    receiver.answer = lambda request: (200, {}, b'{"delivered": true}')
    queue(robin, kinds=["webhook"])
    (claimed,) = outbox.claim("webhook", limit=1, at=NOON, lease_seconds=60)

    _, outcome = attempt(claimed, now=lambda: NOON)

    assert (outcome.status, outcome.receipt_due_at) == ("sent", None)


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_use_the_next_method_once():
    for number in range(20):
        person = make_recipient(f"Person {number}")
        for order in (2, 3, 4):
            make_method(person, address=f"number{order}@example.org", order=order)
        send(queue(person, key=f"told-{number}")[0])
    together = Barrier(3)

    def sweep():
        together.wait()
        try:
            return sum(receipts.miss_due(at=DUE, limit=7) for _ in range(9))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        handled = [job.result() for job in [threads.submit(sweep) for _ in range(3)]]

    assert (sum(handled), Delivery.objects.count()) == (20, 40)


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_the_silence_at_once_never_leave_a_message_waiting():
    robin = make_recipient()
    make_method(robin, address="second@example.org", order=2)
    for number in range(10):
        send(queue(robin, key=f"told-{number}", thread=f"alert:{number}")[0])
    together = Barrier(2)

    def at_once(act):
        together.wait()
        try:
            with transaction.atomic():
                act()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        for number in range(10):
            answer = threads.submit(at_once, lambda n=number: outbox.cancel([f"alert:{n}"], at=DUE, why="answered meanwhile"))
            sweep = threads.submit(at_once, lambda: receipts.miss_due(at=DUE, limit=1))
            assert (answer.exception(), sweep.exception()) == (None, None)
            receipts.miss_due(at=DUE)

    answered = Delivery.objects.filter(notification__cancelled_at__isnull=False)
    assert not answered.filter(status__in=["queued", "failed"]).exists()
