"""The gate, with real providers: what must wait is put back unharmed, and what may go goes."""

import pytest
from django.db import transaction

from notifications import outbox
from notifications.breakers import Breakers
from notifications.delivery import Dispatcher
from notifications.enums import DeliveryStatus
from notifications.gate import Gate
from notifications.models import Delivery, Destination, RecipientGroup
from notifications.outbox import Outcome
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue, serving, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dispatcher():
    made = Dispatcher()
    made._gate.breakers = Breakers(read_seconds=0)
    yield made
    assert made.close(60)


def hooked(name, url, **fields):
    person = make_recipient(name)
    make_method(person, kind="webhook", address=url, order=0)
    return queue(person, kinds=["webhook"], key=name, **fields)[0]


def settled(dispatcher, *, at):
    """Everything due at ``at`` has been tried or put back."""
    while dispatcher.run_once(at=at):
        wait_until(lambda: not dispatcher.busy())


def state(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.attempts


def break_it(dispatcher, receiver, status=503):
    receiver.answer = lambda request: (status, {}, b"")
    for number in range(5):
        hooked(f"Broken {number}", receiver.url, priority=2)
    settled(dispatcher, at=NOON)
    receiver.requests.clear()


def test_a_dead_provider_is_left_alone_and_the_other_method_used_at_once(dispatcher, receiver, mailbox):
    break_it(dispatcher, receiver)
    late = hooked("Robin Vale", receiver.url, priority=2)

    settled(dispatcher, at=NOON + SECOND)

    assert (state(late), receiver.requests) == (("queued", 0), [])
    assert late.next_attempt_at >= NOON + 10 * SECOND
    assert "robin.vale@example.org" in [message["To"] for message in mailbox.messages]


def test_the_failure_that_opens_it_falls_over_at_once(dispatcher, receiver, mailbox):
    break_it(dispatcher, receiver)

    assert Delivery.objects.filter(transport="webhook", attempts=1, fell_over_at__isnull=False).count() == 1
    assert Destination.objects.get().opened_at is not None


def test_a_p1_is_always_allowed_to_try_and_its_success_closes_it(dispatcher, receiver, mailbox):
    break_it(dispatcher, receiver)
    receiver.answer = lambda request: (200, {}, b"")
    urgent = hooked("Dana Reed", receiver.url, priority=1)

    settled(dispatcher, at=NOON + SECOND)

    assert (state(urgent)[0], len(receiver.requests)) == ("sent", 1)
    assert Destination.objects.get().opened_at is None


def test_one_probe_finds_that_it_is_back(dispatcher, receiver, mailbox):
    break_it(dispatcher, receiver)
    late = [hooked(f"Late {number}", receiver.url, priority=2) for number in range(4)]
    Delivery.objects.filter(transport="webhook", attempts__gt=0).delete()
    settled(dispatcher, at=NOON + SECOND)
    receiver.hold.clear()
    receiver.answer = lambda request: (200, {}, b"")

    Delivery.objects.filter(status="queued").update(next_attempt_at=NOON + 15 * SECOND)
    dispatcher.run_once(at=NOON + 15 * SECOND)
    wait_until(lambda: receiver.requests)
    assert (len(receiver.requests), dispatcher.busy()) == (1, 1)

    receiver.hold.set()
    wait_until(lambda: not dispatcher.busy())
    settled(dispatcher, at=NOON + MINUTE)
    assert [state(each)[0] for each in late] == ["sent"] * 4


def test_a_busy_provider_is_slowed_down_for_all_its_messages(dispatcher, receiver):
    receiver.answer = lambda request: (429, {"Retry-After": "20"}, b"")
    hooked("First", receiver.url, priority=2)
    settled(dispatcher, at=NOON)
    receiver.answer = lambda request: (200, {}, b"")
    second = hooked("Second", receiver.url, priority=2)

    settled(dispatcher, at=NOON + SECOND)
    assert (state(second), len(receiver.requests)) == (("queued", 0), 1)

    settled(dispatcher, at=NOON + MINUTE)
    assert state(second) == ("sent", 1)


def test_a_rate_lets_the_most_urgent_go_first_and_loses_nothing(dispatcher, receiver, settings):
    settings.SENTINEL_RATES = {"webhook": 1.0}
    low = [hooked(f"Low {number}", receiver.url, priority=4) for number in range(3)]
    high = hooked("High", receiver.url, priority=1)
    sent = []

    for second in range(4):
        settled(dispatcher, at=NOON + second * SECOND)
        sent.append(Delivery.objects.filter(status="sent").count())
        assert dispatcher.paced == (second < 3)

    assert (state(high), sent) == (("sent", 1), [1, 2, 3, 4])
    high.refresh_from_db()
    assert all(high.sent_at <= Delivery.objects.get(pk=each.pk).sent_at for each in low)


def test_a_message_put_back_after_it_was_answered_is_cancelled(dispatcher, receiver):
    break_it(dispatcher, receiver)
    late = hooked("Late", receiver.url, priority=2)
    (claimed,) = [each for each in outbox.claim("webhook", limit=9, at=NOON, lease_seconds=60) if each.pk == late.pk]
    go, held = dispatcher._gate.admit("webhook", [claimed], room=1, crowd=lambda name: 0.0, at=NOON)
    with transaction.atomic():
        outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")

    outbox.settle(held, at=NOON)

    assert (go, state(late)) == ([], ("cancelled", 0))


def test_what_waits_for_a_busy_channel_loses_no_second_and_is_not_read_all_over_again_in_each():
    gate, sent, read = Gate(), 0, 0
    group = RecipientGroup.objects.create(slug="night", name="Night")
    make_method(group, kind="slack", address="C0NIGHT0001")
    for number in range(30):
        queue(None, group="night", key=f"told-{number}", thread=f"alert:{number}", priority=3)

    for tenth in range(300):
        at = NOON + tenth * SECOND / 10
        while claimed := outbox.claim("slack", limit=8, at=at, lease_seconds=45):
            go, held = gate.admit("slack", claimed, room=8, crowd=lambda name: 0.0, at=at)
            outbox.settle([*held, *(Outcome(each, DeliveryStatus.SENT) for each, _ in go)], at=at)
            sent, read = sent + len(go), read + len(claimed)

    assert (sent, read < 160) == (30, True)


def test_a_crowding_host_waits_and_others_go_on(dispatcher, receiver):
    with serving() as quick:
        slow, other = hooked("Slow", receiver.url), hooked("Quick", quick.url)
        claimed = outbox.claim("webhook", limit=9, at=NOON, lease_seconds=60)
        crowd = {f"127.0.0.1:{receiver.server_port}": 3.0}

        go, held = dispatcher._gate.admit("webhook", claimed, room=2, crowd=lambda name: crowd.get(name, 0.0), at=NOON)

    assert ([each.pk for each, _ in go], [each.delivery.pk for each in held]) == ([other.pk], [slow.pk])
    assert (held[0].falls_over, held[0].counted, held[0].retry_at) == (True, False, NOON + SECOND)
