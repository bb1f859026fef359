"""Dispatching: real threads, a real mail server, and deliveries settled by themselves."""

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from notifications import delivery as sending
from notifications import outbox, overrides
from notifications.delivery import Dispatcher, deliver_due, retry_seconds, run_out
from notifications.models import Delivery, MessageTemplate
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue, serving, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
NEVER = 3600
"""Seconds: on a machine that stops, two would make any work slow, and others begin beside it."""


def statuses():
    return sorted(Delivery.objects.values_list("status", flat=True))


@pytest.fixture
def dispatcher():
    made = Dispatcher()
    yield made
    assert made.close(60)


def test_a_due_message_is_sent_and_settled(mailbox, dispatcher):
    queue(make_recipient())

    assert dispatcher.run_once(at=NOON) == 1

    wait_until(lambda: statuses() == ["sent"])
    delivery = Delivery.objects.get()
    assert [message["Message-ID"] for message in mailbox.messages] == [delivery.provider_id]
    assert NOON <= delivery.sent_at < NOON + MINUTE


def test_no_more_is_claimed_than_can_be_sent_at_once(mailbox):
    for number in range(3):
        queue(make_recipient(f"Person {number}"), key=f"told-{number}")
    mailbox.hold.clear()
    dispatcher = Dispatcher(pools={"email": 2}, slow_seconds=NEVER)

    assert (dispatcher.run_once(at=NOON), dispatcher.run_once(at=NOON)) == (2, 0)
    assert statuses() == ["queued", "sending", "sending"]

    mailbox.hold.set()
    assert dispatcher.close(60)


def test_a_free_hand_calls_for_what_had_to_wait(mailbox):
    for number in range(6):
        queue(make_recipient(f"Person {number}"), key=f"told-{number}")
    dispatcher, calls = Dispatcher(pools={"email": 2}, slow_seconds=NEVER), []
    dispatcher.on_free = lambda: calls.append(1)

    dispatcher.run_once(at=NOON)

    wait_until(lambda: calls)
    assert dispatcher.close(60)


def test_the_worker_sends_everything_that_is_due(mailbox):
    for number in range(30):
        queue(make_recipient(f"Person {number}"), key=f"told-{number}")

    assert deliver_due(at=NOON, budget_seconds=60) == 30

    assert (statuses(), len(mailbox.messages)) == (["sent"] * 30, 30)


def test_a_pool_thread_keeps_its_mail_connection_open(mailbox):
    for number in range(30):
        queue(make_recipient(f"Person {number}"), key=f"told-{number}")

    run_out(Dispatcher(slow_seconds=NEVER), at=NOON, budget_seconds=60)

    assert len(mailbox.sessions) <= 8


def test_a_kind_that_is_not_set_up_dies_with_a_clear_error_and_falls_over(mailbox):
    robin = make_recipient()
    sms = make_method(robin, kind="sms", address="+33612345678", order=2)
    (email,) = queue(robin)
    Delivery.objects.filter(pk=email.pk).update(method=sms, transport="sms")

    deliver_due(at=NOON, budget_seconds=60)

    assert Delivery.objects.get(transport="sms").error.startswith("SMS is not set up (TWILIO_ACCOUNT_SID, ")
    assert Delivery.objects.get(transport="email").status == "sent"


def test_what_falls_over_while_the_worker_looks_for_more_is_sent_in_the_same_run(mailbox, receiver, dispatcher):
    queue(_with_webhook("Robin", receiver.url), kinds=["webhook"])
    receiver.answer = lambda request: (410, {}, b"")  # for good: the next method's turn
    receiver.hold.clear()
    ended = []

    def let_the_webhook_end_after_a_look(execute, sql, *rest):
        found = execute(sql, *rest)
        if sql.startswith(outbox._WAITING) and receiver.requests and not ended:
            receiver.hold.set()
            wait_until(lambda: not dispatcher.busy())
            ended.append(True)
        return found

    with connection.execute_wrapper(let_the_webhook_end_after_a_look):
        run_out(dispatcher, at=NOON, budget_seconds=60)

    assert (len(ended), statuses()) == (1, ["dead", "sent"])


def test_nothing_is_sent_after_it_was_answered(mailbox):
    queue(make_recipient())
    with transaction.atomic():
        outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")

    assert deliver_due(at=NOON, budget_seconds=60) == 0
    assert mailbox.messages == []


def test_an_unexpected_error_is_temporary_and_told_without_the_address(settings, caplog):
    settings.EMAIL_BACKEND = "no.such.Backend"
    queue(make_recipient(email="secret@example.org"))

    deliver_due(at=NOON, budget_seconds=60)

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.error) == ("failed", "unexpected error (ModuleNotFoundError)")
    assert "secret@example.org" not in caplog.text


def test_a_retry_past_the_end_of_the_message_is_given_up(mailbox):
    mailbox.after_data = "451 later"
    queue(make_recipient())
    (claimed,) = outbox.claim("email", limit=1, at=NOON, lease_seconds=60)

    _, outcome = sending.attempt(claimed, now=lambda: NOON + 24 * HOUR)

    assert outcome.status == "dead"
    assert outcome.error.startswith("gave up after 1 attempts: ")


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (7, 300), (40, 300)])
def test_waits_grow_up_to_five_minutes(attempts, seconds):
    assert all(0.8 * seconds <= retry_seconds(attempts, wish=None) <= 1.2 * seconds for _ in range(50))


@pytest.mark.parametrize(("wish", "seconds"), [(0, 1), (30, 30), (99999, 300)])
def test_the_providers_wish_is_kept_within_bounds(wish, seconds):
    assert retry_seconds(1, wish=wish) == seconds


def test_a_delivery_whose_lease_ran_out_before_its_thread_ran_is_left_alone(mailbox, dispatcher):
    queue(make_recipient())
    (claimed,) = outbox.claim("email", limit=1, at=NOON, lease_seconds=60)

    dispatcher._work(claimed, "", sending._Clock(NOON - timedelta(minutes=5), time.monotonic() - 300))

    assert (statuses(), mailbox.messages) == (["sending"], [])


def test_a_provider_that_hangs_delays_no_other_transport(mailbox, receiver, dispatcher):
    robin = make_recipient()
    make_method(robin, kind="webhook", address=receiver.url)
    queue(robin)
    receiver.hold.clear()

    dispatcher.run_once(at=NOON)

    wait_until(lambda: statuses() == ["sending", "sent"])
    receiver.hold.set()
    wait_until(lambda: statuses() == ["sent", "sent"])


def test_a_host_that_hangs_does_not_use_up_every_hand(receiver):
    with serving() as other:
        receiver.hold.clear()
        for number in range(16):
            queue(_with_webhook(f"Hanging {number}", receiver.url), kinds=["webhook"], key=f"hang-{number}")
        queue(_with_webhook("Quick", other.url), kinds=["webhook"], key="quick", priority=2)
        dispatcher = Dispatcher(pools={"webhook": 4}, slow_seconds=0.2)

        wait_until(lambda: dispatcher.run_once(at=NOON) == 0 and other.requests)

        assert Delivery.objects.filter(error__contains="enough messages wait for it").exists()
        assert len(receiver.requests) < 12
        receiver.hold.set()
        assert dispatcher.close(60)


def _with_webhook(name, url):
    person = make_recipient(name)
    make_method(person, kind="webhook", address=url)
    return person


def in_use():
    """How many connections of the pool are in somebody's hands."""
    stats = connection.pool.get_stats()
    return stats["pool_size"] - stats["pool_available"]


def test_a_provider_that_hangs_keeps_no_connection_to_the_database(receiver, dispatcher):
    """Else those of the pool run out, and nothing is told any more. Here each message writes that its text failed."""
    MessageTemplate.objects.create(form="push", text="{% load x %}")
    overrides.forget()
    receiver.hold.clear()
    for number in range(9):
        person = make_recipient(f"Person {number}")
        make_method(person, kind="webhook", address=receiver.url)
        queue(person, kinds=["webhook"], key=f"told-{number}")
    before = in_use()  # this test's own, and what others have not given back yet

    dispatcher.run_once(at=NOON)
    wait_until(lambda: len(receiver.requests) == 9)

    wait_until(lambda: in_use() <= before)
    assert Delivery.objects.filter(remark__startswith="The built-in text was sent").count() == 9
    receiver.hold.set()
    overrides.forget()
