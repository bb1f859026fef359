"""What Twilio tells afterwards, as it tells it."""

import pytest
from django.utils import timezone

from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from notifications.outbox import Outcome
from tests import twilio_api
from tests.conftest import NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue
from tests.twilio_api import new_number

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("twilio")]
SID = "SM1"


@pytest.fixture
def number():
    return new_number()


def sent(kind, number, *, sid=SID, **fields):
    """A message that Twilio took, to somebody who has a mail address as well."""
    now = timezone.now()
    robin = make_recipient()
    robin.contact_methods.update(order=9)
    make_method(robin, kind=kind, address=number)
    (delivery,) = queue(robin, kinds=[kind], at=now, **fields)
    (delivery,) = outbox.claim(kind, limit=9, at=now, lease_seconds=60)
    if sid:
        outbox.settle([Outcome(delivery, DeliveryStatus.SENT, provider_id=sid)], at=now)
    return delivery


def tell(delivery, sid=SID, **form):
    """What became of it; Twilio gets a plain success."""
    kind = "CallSid" if delivery.transport == "voice" else "MessageSid"
    answer = twilio_api.status(delivery, {kind: sid, **form})
    assert (answer.status_code, answer.content) == (204, b"")
    delivery.refresh_from_db()
    return delivery.status


def next_methods():
    return list(Delivery.objects.filter(transport="email").values_list("status", flat=True))


@pytest.mark.parametrize("word", ["queued", "sending", "sent", "accepted", "nonsense", ""])
def test_words_on_the_way_change_nothing(number, word):
    delivery = sent("sms", number)

    assert (tell(delivery, MessageStatus=word), next_methods()) == ("sent", [])


def test_the_carriers_receipt_counts_once(number):
    delivery = sent("sms", number)

    assert tell(delivery, MessageStatus="delivered") == tell(delivery, MessageStatus="delivered") == "delivered"


@pytest.mark.parametrize(("word", "code", "error", "dead"), [
    ("undelivered", "30003", "the network could not deliver it: the telephone is switched off or out of reach (30003)", False),
    ("undelivered", "30005", "the network could not deliver it: the number is not known or not in service any more (30005)", True),
    ("failed", "21610", "Twilio could not send it: the person replied STOP: Twilio sends nothing more to this number until START is sent"
     " from it (21610)", True),
    ("failed", "99999", "Twilio could not send it (99999)", False), ("failed", "", "Twilio could not send it", False),
    ("undelivered", "９９", "the network could not deliver it", False),
])  # fmt: skip
def test_what_did_not_arrive_goes_the_next_way_at_once(number, word, code, error, dead):
    delivery = sent("sms", number)

    assert tell(delivery, MessageStatus=word, ErrorCode=code) == "dead"

    assert (delivery.error, delivery.method.disabled_at is not None, next_methods()) == (error, dead, ["queued"])
    assert tell(delivery, MessageStatus=word, ErrorCode=code) == "dead"
    assert next_methods() == ["queued"]


@pytest.mark.parametrize("word", ["busy", "no-answer", "failed", "canceled", "completed"])
def test_a_call_without_a_key_goes_the_next_way_at_once(number, word):
    delivery = sent("voice", number)

    assert tell(delivery, CallStatus=word) == "dead"

    assert (next_methods(), delivery.method.disabled_at) == (["queued"], None)


@pytest.mark.parametrize("machine", ["machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"])
def test_a_voicemail_is_nobody(number, machine):
    delivery = sent("voice", number)

    assert tell(delivery, AnsweredBy=machine, CallStatus="in-progress") == "dead"

    assert (delivery.error, delivery.seen_at, next_methods()) == ("a voicemail or another machine picked up", None, ["queued"])


@pytest.mark.parametrize("person", ["human", "unknown"])
def test_a_voice_that_may_be_a_persons_proves_nothing_either(number, person):
    delivery = sent("voice", number)

    assert (tell(delivery, AnsweredBy=person, CallStatus="in-progress"), next_methods()) == ("sent", [])


def test_a_key_stands_above_how_the_call_ended(number):
    delivery = sent("voice", number, reason="test")
    twilio_api.press(delivery, "1")

    assert tell(delivery, CallStatus="completed") == "seen"
    assert next_methods() == []


def test_a_key_that_comes_after_the_end_still_counts(number):
    delivery = sent("voice", number, reason="first")
    tell(delivery, CallStatus="completed")

    outbox.receive(delivery.pk, status=DeliveryStatus.SEEN, at=NOON)

    assert tell(delivery, CallStatus="completed") == "seen"


def test_a_failure_after_the_carriers_receipt_is_passed_over(number):
    delivery = sent("sms", number)
    tell(delivery, MessageStatus="delivered")

    assert (tell(delivery, MessageStatus="undelivered"), next_methods()) == ("delivered", [])


def test_word_that_overtakes_the_runner_counts(number):
    delivery = sent("sms", number, sid="")

    assert tell(delivery, MessageStatus="undelivered") == "dead"

    outbox.settle([Outcome(delivery, DeliveryStatus.SENT, provider_id=SID)], at=NOON)
    delivery.refresh_from_db()
    assert (delivery.status, next_methods()) == ("dead", ["queued"])


def test_the_failure_of_an_earlier_attempt_is_passed_over(number):
    delivery = sent("sms", number)

    assert tell(delivery, sid="SM0", MessageStatus="failed") == "sent"
    assert tell(delivery, sid="SM0", MessageStatus="delivered") == "delivered"


def test_nothing_goes_another_way_once_it_is_answered(number):
    delivery = sent("voice", number)
    outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")

    assert (tell(delivery, CallStatus="no-answer"), next_methods()) == ("dead", [])


def test_what_is_told_of_a_delivery_that_is_gone_is_taken_quietly(number):
    delivery = sent("sms", number)
    Delivery.objects.all().delete()

    assert twilio_api.status(delivery, {"MessageSid": SID, "MessageStatus": "failed"}).status_code == 204
