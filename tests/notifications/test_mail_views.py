"""What mail services tell us about messages, by their own formats and signatures."""

from functools import partial
from itertools import permutations

import pytest
from django.test import Client
from django.utils import timezone

from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from notifications.outbox import Outcome
from notifications.transports import email
from tests.factories import make_method, make_recipient
from tests.mail_calls import BODIES, SECRET, basic, secured, tracking
from tests.mail_services import SERVICES, use
from tests.notifications.conftest import queue

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]  # fmt: skip


def set_up(settings, name):
    use(settings, name, SERVICES[name](), **secured(name))


@pytest.fixture(params=BODIES)
def name(request, settings):
    set_up(settings, request.param)
    return request.param


@pytest.fixture
def postmark(settings):
    set_up(settings, "postmark")
    return partial(tracking, "postmark")


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def sent(db):
    robin = make_recipient()
    make_method(robin, kind="webhook", address="https://hooks.example.org/robin", order=2)
    now = timezone.now()  # as the views have it
    queue(robin, kinds=["email"], at=now)
    (delivery,) = outbox.claim("email", limit=1, at=now, lease_seconds=30)
    outbox.settle([Outcome(delivery, DeliveryStatus.SENT, provider_id="<mail-1@service>")], at=now)
    return delivery


def told():
    return list(Delivery.objects.order_by("id").values_list("transport", "status"))


def test_delivered_is_a_receipt(name, sent, stranger):
    assert tracking(name, "delivered", delivery_id=sent.pk).to(stranger).status_code == 200

    assert told() == [("email", "delivered")]


def test_a_bounce_ends_it_switches_the_method_off_and_uses_the_next_one(name, sent, stranger):
    assert tracking(name, "bounced", delivery_id=sent.pk).to(stranger).status_code == 200

    sent.method.refresh_from_db()
    assert told() == [("email", "dead"), ("webhook", "queued")]
    assert sent.method.disabled_reason == "the recipient's mail server returned it (5.1.1)"


def test_a_mark_as_spam_switches_the_method_off_visibly(name, sent, stranger):
    tracking(name, "complained", delivery_id=sent.pk).to(stranger)

    sent.method.refresh_from_db()
    assert (told(), "marked as spam" in sent.method.disabled_reason) == ([("email", "sent")], True)


def test_opening_is_noted_and_moves_nothing(name, sent, stranger):
    tracking(name, "opened", delivery_id=sent.pk).to(stranger)

    sent.refresh_from_db()
    assert (sent.status, sent.opened_at is None, sent.seen_at) == ("sent", False, None)


def test_without_what_we_sent_along_the_services_own_id_finds_it(name, sent, stranger):
    tracking(name, "delivered", message_id="<mail-1@service>", address="Robin.Vale@example.org").to(stranger)

    assert told() == [("email", "delivered")]


def test_the_services_id_counts_for_that_recipient_only(name, sent, stranger):
    tracking(name, "delivered", message_id="<mail-1@service>", address="dana@example.org").to(stranger)

    assert told() == [("email", "sent")]


def test_our_own_message_id_finds_it(sent, stranger, postmark):
    postmark("delivered", message_id=f"<{sent.pk}@localhost>").to(stranger)

    assert told() == [("email", "delivered")]


@pytest.mark.parametrize("order", list(permutations(["delivered", "bounced", "opened"])), ids="-".join)
def test_events_may_come_in_any_order_and_twice(sent, stranger, postmark, order):
    for kind in (*order, *order):
        postmark(kind, delivery_id=sent.pk).to(stranger)

    assert told() == [("email", "dead"), ("webhook", "queued")]


def test_a_full_mailbox_uses_the_next_method_and_leaves_this_one_on(sent, stranger, postmark):
    call = tracking("postmark", "bounced", body={
        "RecordType": "Bounce", "Type": "HardBounce", "Email": "robin.vale@example.org", "Details": "smtp;552 5.2.2 mailbox full",
        "Metadata": {"delivery_id": str(sent.pk)}, "MessageID": "x"})  # fmt: skip

    call.to(stranger)

    sent.method.refresh_from_db()
    assert (told()[1:], sent.method.disabled_at) == ([("webhook", "queued")], None)


def test_what_is_not_ours_is_passed_over(name, stranger):
    assert tracking(name, "bounced", delivery_id="0193e0a0-0000-7000-8000-00000000dead").to(stranger).status_code == 200


def test_a_secret_may_be_changed_with_both_valid_meanwhile(settings, sent, stranger):
    use(settings, "postmark", SERVICES["postmark"](), WEBHOOK_SECRET=["sentinel:the-next-secret-of-ours", SECRET])

    assert tracking("postmark", "delivered", delivery_id=sent.pk).to(stranger).status_code == 200


def test_only_the_service_that_is_set_up_is_listened_to(settings, sent, stranger):
    set_up(settings, "postmark")
    calls = [tracking(other, "delivered", delivery_id=sent.pk) for other in ("mailgun", "sendgrid", "brevo")]

    assert [call.to(stranger).status_code for call in calls] == [404, 404, 404]
    assert told() == [("email", "sent")]


def test_without_any_service_nothing_is_listened_to(stranger, sent):
    assert tracking("postmark", "delivered", delivery_id=sent.pk).to(stranger).status_code == 404


def test_a_service_may_look_whether_somebody_is_there(stranger, postmark):
    assert (stranger.head(postmark("delivered").path).status_code, stranger.get(postmark("delivered").path).status_code) == (200, 405)


def test_receipts_are_awaited_once_their_calls_can_be_verified(settings, name):
    verified = email.gives_receipts(None)
    use(settings, name, SERVICES[name]())

    assert (verified, email.gives_receipts(None)) == (True, False)


def test_the_old_way_of_showing_the_secret_asks_for_it(stranger, postmark):
    call = postmark("delivered")

    answer = stranger.post(call.path, call.body, content_type="application/json")

    assert (answer.status_code, answer["WWW-Authenticate"], call.headers) == (401, 'Basic realm="Sentinel"', basic())
