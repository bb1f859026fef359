"""Calls, against a Twilio that speaks its REST protocol on loopback."""

import xml.etree.ElementTree as ET

import pytest
from django.conf import settings as current

from notifications import transports
from notifications.errors import DeadAddress, OutcomeUnknown, PermanentError, TemporaryError
from notifications.rendering import Wording
from notifications.transports import twilio_client, voice
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import ALERT, queue
from tests.providers import FAILS, TAKES, Mode, patience
from tests.twilio_api import OURS, new_number

pytestmark = pytest.mark.django_db
UNKNOWN = {Mode.HANG, Mode.RESET, Mode.DRIP, Mode.GARBAGE, Mode.ACCEPT_HANG, Mode.ACCEPT_RESET}


@pytest.fixture
def number():
    return new_number()


def told(number, *, language="en", **fields):
    robin = make_recipient(language=language)
    make_method(robin, kind="voice", address=number)
    (delivery,) = queue(robin, kinds=["voice"], **fields)
    return delivery


def send(delivery):
    return voice.send(delivery, delivery.method, Wording(delivery))


def heard(call):
    """(language, text) of everything that is said, and the address that takes the keys."""
    root = ET.fromstring(call["Twiml"])
    places = {gather.get("action") for gather in root.iter("Gather")}
    return [(say.get("language"), say.text) for say in root.iter("Say")], places


@pytest.mark.parametrize(("language", "spoken", "keys", "end"), [
    ("en", "en-GB", "Press 1 to take it. Press 2 to pass it on.", "No key was pressed, so Sentinel goes on calling. Goodbye."),
    ("fr", "fr-FR", "Tapez 1 pour la prendre. Tapez 2 pour passer la main.",
     "Aucune touche n’a été pressée : Sentinel continue d’appeler. Au revoir."),
])  # fmt: skip
def test_it_reads_the_alert_three_times_and_asks_for_a_key(twilio, number, language, spoken, keys, end):
    delivery = told(number, language=language)

    assert send(delivery).provider_id == "CA" + "0" * 31 + "1"

    (call,) = twilio.calls
    said, places = heard(call)
    assert places == {twilio_client.callback("voice", delivery)}
    assert [language for language, _ in said] == [spoken] * 4
    assert (said[0] == said[1] == said[2], said[0][1].startswith("Sentinel. "), said[0][1].endswith(keys)) == (True, True, True)
    assert "Fall in room 12" in said[0][1]
    assert said[3][1] == end


def test_it_rings_shortly_asks_for_machines_and_for_what_became_of_it(twilio, number):
    delivery = told(number)

    send(delivery)

    (call,) = twilio.calls
    status = twilio_client.callback("status", delivery)
    assert (call["To"], call["From"], call["Timeout"], call["TimeLimit"]) == (number, OURS, "25", "120")
    assert (call["MachineDetection"], call["AsyncAmd"], call["AsyncAmdStatusCallback"]) == ("Enable", "true", status)
    assert (call["StatusCallback"], call["StatusCallbackEvent"]) == (status, "completed")


@pytest.mark.parametrize("title", ["</Say><Hangup/><Say>", "&lt;Dial&gt; +33 1 & 2", "é" * 300, "\x07\u202e bell", "<" * 300, "&" * 300])
def test_no_title_can_take_over_the_call(twilio, number, title):
    send(told(number, context={"alert": {**ALERT, "title": title, "subject": title}}))

    (call,) = twilio.calls
    root = ET.fromstring(call["Twiml"])
    assert {element.tag for element in root.iter()} == {"Response", "Pause", "Gather", "Say"}
    assert len(call["Twiml"]) <= 4000


def test_a_test_asks_for_a_confirmation(twilio, number):
    send(told(number, reason="test", context={"nothing": 1}))

    said, _ = heard(twilio.calls[0])
    assert said[0][1] == "Sentinel. This is a test call. Press 1 to confirm that you hear this."
    assert said[-1][1] == "Goodbye."


def test_a_code_is_read_and_nothing_is_asked(twilio, number):
    send(told(number, reason="code", context={"code": "123456"}))

    said, places = heard(twilio.calls[0])
    assert (places, "Press" in said[0][1], said[-1][1]) == (set(), False, "Goodbye.")


def test_without_a_way_back_no_key_is_asked_for(twilio, number, settings):
    delivery = told(number)
    settings.SENTINEL_BASE_URL, settings.TWILIO_BASE_URL = "http://localhost:8000", ""

    script = voice.script(delivery, Wording(delivery))

    assert ("Gather" in script, "Press" in script, "Open Sentinel to answer." in script) == (False, False, True)
    assert not transports.gives_receipts(delivery.method)


@pytest.mark.parametrize(("code", "error"), [
    (21211, DeadAddress), (21217, DeadAddress), (13224, DeadAddress), (21214, DeadAddress), (21215, PermanentError),
    (13227, PermanentError), (21210, PermanentError), (21205, PermanentError),
])  # fmt: skip
def test_twilios_codes_have_their_meaning(twilio, number, code, error):
    twilio.codes[number] = code

    with pytest.raises(error) as raised:
        send(told(number))

    assert type(raised.value) is error


@pytest.mark.parametrize("mode", FAILS)
def test_every_way_to_fail_has_its_meaning(twilio, number, settings, mode):
    settings.TWILIO_TIMEOUT = patience(mode)
    delivery = told(number)
    twilio.mode = mode

    with pytest.raises(TemporaryError) as raised:
        send(delivery)

    assert type(raised.value) is (OutcomeUnknown if mode in UNKNOWN else TemporaryError)
    assert (len(twilio.accepted), len(twilio.arrivals)) == (int(mode in TAKES), int(mode != Mode.REFUSE))


@pytest.mark.parametrize(("name", "says"), [
    ("TWILIO_ACCOUNT_SID", "voice calls are not set up (TWILIO_ACCOUNT_SID)"),
    ("TWILIO_VOICE_FROM", "voice calls are not set up (TWILIO_VOICE_FROM, or a number in TWILIO_FROM)"),
])  # fmt: skip
def test_what_is_missing_is_named(twilio, settings, name, says):
    assert transports.missing("voice") == ""

    setattr(settings, name, type(getattr(current, name))())

    assert transports.missing("voice") == says
