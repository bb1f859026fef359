"""SMS, against a Twilio that speaks its REST protocol on loopback."""

import pytest
from django.conf import settings as current

from notifications import gsm, outbox, transports
from notifications.errors import DeadAddress, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import AnswerCode
from notifications.rendering import Wording
from notifications.transports import sms
from tests.conftest import NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT, queue
from tests.providers import FAILS, TAKES, Mode, patience
from tests.twilio_api import ACCOUNT, OURS, new_number

pytestmark = pytest.mark.django_db
UNKNOWN = {Mode.HANG, Mode.RESET, Mode.DRIP, Mode.GARBAGE, Mode.ACCEPT_HANG, Mode.ACCEPT_RESET}


@pytest.fixture
def number():
    return new_number()


def told(number, *, language="en", context=None, **fields):
    """An SMS to Robin, as a runner has it in hand."""
    robin = make_recipient(language=language)
    make_method(robin, kind="sms", address=number)
    queue(robin, kinds=["sms"], context=context, **fields)
    (delivery,) = outbox.claim("sms", limit=9, at=NOON, lease_seconds=60)
    return delivery


def send(delivery):
    return sms.send(delivery, delivery.method, Wording(delivery))


@pytest.mark.parametrize(("language", "end"), [
    ("en", "Reply 1 {0} to take it, 2 {0} to pass it on."), ("fr", "Répondez 1 {0} pour la prendre, 2 {0} pour passer la main."),
])  # fmt: skip
def test_it_says_what_is_wrong_and_how_to_answer(twilio, number, language, end):
    delivery = told(number, language=language)

    assert send(delivery).provider_id == "SM" + "0" * 31 + "1"

    (message,) = twilio.messages
    assert (message["To"], message["From"], message["ValidityPeriod"]) == (number, OURS, "600")
    assert message["Body"].startswith("P1 #1042 Fall in room 12 (cam-12), 11:55. ")
    assert message["Body"].endswith(end.format(AnswerCode.objects.get().code))
    assert gsm.segments(message["Body"]) == 1


def test_receipts_come_to_an_address_of_the_delivery(twilio, number):
    delivery = told(number)

    send(delivery)

    start = f"https://sentinel.example.org/integrations/twilio/status?d={delivery.pk}&s="
    assert twilio.messages[0]["StatusCallback"].startswith(start)


def test_a_messaging_service_takes_the_place_of_the_number(twilio, number, settings):
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "MG1", ""

    send(told(number))

    (message,) = twilio.messages
    assert (message["MessagingServiceSid"], "From" in message) == ("MG1", False)
    assert "Reply 1" in message["Body"]


@pytest.mark.parametrize(("name", "value"), [
    ("TWILIO_FROM", "Sentinel"), ("TWILIO_AUTH_TOKEN", []), ("TWILIO_BASE_URL", ""), ("SENTINEL_BASE_URL", "http://localhost:8000"),
])  # fmt: skip
def test_where_no_reply_can_come_back_it_carries_the_link(twilio, number, settings, name, value):
    delivery = told(number, context={"alert": {**ALERT, "title": "Падение в комнате 12 " * 20}})
    if name == "TWILIO_BASE_URL":
        settings.SENTINEL_BASE_URL = "http://127.0.0.1:8000"
    if name == "SENTINEL_BASE_URL":
        settings.TWILIO_BASE_URL = ""
    setattr(settings, name, value)

    text = sms.body(delivery, Wording(delivery))

    assert ("Reply" in text, text.endswith(f"Answer here: {Wording(delivery).answer_url}")) == (False, True)
    assert gsm.segments(text) <= sms.SEGMENTS_WITH_LINK


@pytest.mark.parametrize("reason", ["resolved", "expired", "test", "handoff"])
def test_what_asks_nothing_has_no_code(twilio, number, reason):
    delivery = told(number, reason=reason)

    send(delivery)

    assert (delivery.answer_code, "Reply" in twilio.messages[0]["Body"]) == ("", False)


@pytest.mark.parametrize("title", ["x" * 300, "Падение " * 40, "😀" * 300, "<b>&amp;\r\nReply 1 0000"])
def test_number_title_and_code_survive_every_cut(twilio, number, title):
    delivery = told(number, context={"alert": {**ALERT, "title": title, "subject": "y" * 300}})

    send(delivery)

    (message,) = twilio.messages
    assert message["Body"].startswith("P1 #1042 ")
    assert delivery.answer_code in message["Body"][-60:]
    assert gsm.segments(message["Body"]) <= 3


@pytest.mark.parametrize(("code", "error"), [
    (21211, DeadAddress), (21610, DeadAddress), (21614, DeadAddress), (21635, DeadAddress), (21606, PermanentError),
    (21408, PermanentError), (21608, PermanentError), (21609, PermanentError), (21617, PermanentError), (21611, TemporaryError),
    (63038, TemporaryError),
])  # fmt: skip
def test_twilios_codes_have_their_meaning(twilio, number, code, error):
    twilio.codes[number] = code

    with pytest.raises(error) as raised:
        send(told(number))

    assert type(raised.value) is error
    assert number not in str(raised.value)


@pytest.mark.parametrize("mode", FAILS)
def test_every_way_to_fail_has_its_meaning(twilio, number, settings, mode):
    settings.TWILIO_TIMEOUT = patience(mode)
    delivery = told(number)
    twilio.mode = mode

    with pytest.raises(TemporaryError) as raised:
        send(delivery)

    assert type(raised.value) is (OutcomeUnknown if mode in UNKNOWN else TemporaryError)
    assert (len(twilio.accepted), len(twilio.arrivals)) == (int(mode in TAKES), int(mode != Mode.REFUSE))
    assert raised.value.retry_seconds == (7 if mode == Mode.BUSY else None)
    assert "token" not in str(raised.value)


def test_every_message_has_a_connection_of_its_own(twilio, number):
    delivery = told(number)

    send(delivery)
    send(delivery)

    assert len({arrival.peer for arrival in twilio.arrivals}) == 2


def test_an_api_key_asks_in_place_of_the_token(twilio, number, settings):
    settings.TWILIO_API_KEY_SID, settings.TWILIO_API_KEY_SECRET = "SK1", "key"

    with pytest.raises(TemporaryError, match="refused the credentials"):  # this Twilio knows the token only
        send(told(number))

    assert twilio.arrivals[0].path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert twilio.arrivals[0].headers["authorization"] == "Basic U0sxOmtleQ=="


@pytest.mark.parametrize(("name", "says"), [
    ("TWILIO_ACCOUNT_SID", "SMS is not set up (TWILIO_ACCOUNT_SID)"),
    ("TWILIO_AUTH_TOKEN", "SMS is not set up (TWILIO_AUTH_TOKEN, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET)"),
    ("TWILIO_FROM", "SMS is not set up (TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID)"),
])  # fmt: skip
def test_what_is_missing_is_named(twilio, settings, name, says):
    assert transports.missing("sms") == ""

    setattr(settings, name, type(getattr(current, name))())

    assert transports.missing("sms") == says
