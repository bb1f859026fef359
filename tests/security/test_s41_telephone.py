"""S3, S4, S41: nobody answers, or tells what became of a message, in Twilio's or another person's name."""

from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from alerts import escalation
from notifications import links, outbox, sms_replies
from notifications.models import Delivery, Notification, Recipient
from notifications.rendering import Wording
from notifications.transports import sms, twilio_client
from tests import twilio_api
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.twilio_api import BASE, FORM, TOKEN, new_number

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("twilio")]


@pytest.fixture
def number():
    return new_number()


@pytest.fixture
def alert(number):
    """One that Ada was told of by SMS and by telephone, on the same number."""
    at = timezone.now()
    ada = make_recipient("Ada Byron", groups=["oncall"])
    ada.contact_methods.all().delete()
    make_method(ada, kind="sms", address=number)
    make_method(ada, kind="voice", address=number)
    make_source(policy=make_policy())
    alert = raise_alert(at=at, title="Fall in room 12")
    escalation.advance_due(at=at)
    return alert


@pytest.fixture
def code(alert):
    (delivery,) = outbox.claim("sms", limit=1, at=timezone.now(), lease_seconds=60)
    return delivery.answer_code


@pytest.fixture
def call(alert):
    return Delivery.objects.select_related("method").get(transport="voice")


def untouched(alert):
    alert.refresh_from_db()
    return alert.status == "PENDING" and not Delivery.objects.filter(status__in=["dead", "seen", "delivered"]).exists()


FORGERIES = [
    {"secret": "another token"}, {"signature": ""}, {"signature": "x"}, {"signature": "é" * 28}, {"secret": ""},
    {"algorithm": "HMAC_SHA256", "secret": "another token"}, {"algorithm": "HMAC_SHA256", "signature": ""},
    {"X-Twilio-Webhooks-Signature-Settings": "algorithm=none"}, {"X-Twilio-Webhooks-Signature-Settings": "algorithm=HMAC_SHA256"},
]  # fmt: skip


@pytest.mark.parametrize("forged", FORGERIES, ids=str)
def test_what_twilio_did_not_sign_is_refused(alert, call, code, number, forged):
    answers = [
        twilio_api.press(call, "1", **forged), twilio_api.reply(number, f"1 {code}", **forged),
        twilio_api.status(call, {"CallSid": "CA1", "CallStatus": "failed"}, **forged),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert untouched(alert)


def test_both_of_twilios_algorithms_are_known(alert, number, code):
    assert twilio_api.reply(number, "9", algorithm="HMAC_SHA256").status_code == 200
    assert twilio_api.reply(number, f"1 {code}", algorithm="HMAC_SHA1").status_code == 200

    assert not untouched(alert)


def test_a_key_of_its_own_for_webhooks_and_an_older_token_verify_too(number, settings):
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_WEBHOOK_SECRET = ["a new token", TOKEN], "a shared key"

    for how in ({}, {"secret": "a new token"}, {"secret": "a shared key", "algorithm": "HMAC_SHA256"}):
        assert twilio_api.reply(number, "1", **how).status_code == 200


def test_without_a_secret_everything_is_refused(alert, call, number, code, settings):
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_WEBHOOK_SECRET = [], ""

    for secret in ("", TOKEN):
        assert twilio_api.press(call, "1", secret=secret).status_code == 503
        assert twilio_api.reply(number, f"1 {code}", secret=secret).status_code == 503
    assert untouched(alert)


@pytest.mark.parametrize("change", [
    ("d=", "d=0"), ("d=", "d=%00"), ("&s=", "&s=0"), ("&s=", "&t="), ("?", "?d=0193e0a0-0000-7000-8000-000000000001&s=x&x="),
    ("/voice?", "/status?"), ("?d=", "?"),
])  # fmt: skip
def test_an_address_that_we_did_not_make_is_refused_even_when_twilio_signed_it(alert, call, number, change):
    url = twilio_client.callback("voice", call).replace(*change)

    answer = twilio_api.call_back(url, {"To": number, "Digits": "1", "CallSid": "CA1", "CallStatus": "failed"})

    assert answer.status_code == 403
    assert untouched(alert)


def test_a_call_to_another_number_presses_nothing(alert, call):
    form = {"To": new_number(), "Digits": "1", "CallSid": "CA1"}

    assert twilio_api.call_back(twilio_client.callback("voice", call), form).status_code == 403
    assert twilio_api.status(call, {"To": new_number(), "CallSid": "CA1", "CallStatus": "failed"}).status_code == 204
    assert untouched(alert)


def test_a_code_is_of_no_use_from_another_number(alert, code):
    stranger, colleague = new_number(), new_number()
    make_method(make_recipient("Dana Reed"), kind="sms", address=colleague)

    assert b"Message" not in twilio_api.reply(stranger, f"1 {code}").content
    assert b"No open message to you has the code" in twilio_api.reply(colleague, f"1 {code}").content
    assert untouched(alert)


def test_codes_cannot_be_tried(alert, number, code, caplog):
    wrong = [each for each in map(str, range(1000, 1100)) if each != code]
    answers = [twilio_api.reply(number, f"1 {each}").content for each in wrong[:12]]

    said = [b"<Message>" in answer for answer in answers]
    assert said == [True] * sms_replies.MAX_MISSES + [False] * 7
    assert b"are not read for an hour" in answers[sms_replies.MAX_MISSES - 1]
    assert b"<Message>" not in twilio_api.reply(number, f"1 {code}").content
    assert untouched(alert)
    assert (f"{number[:3]}…{number[-2:]}" in caplog.text, number in caplog.text) == (True, False)


def test_trying_codes_does_not_keep_the_telephone_key_from_working(alert, number, call):
    for _ in range(sms_replies.MAX_MISSES):
        twilio_api.reply(number, "1 9999999")

    assert b"You have it" in twilio_api.press(call, "1").content


@pytest.mark.parametrize("what", ["status?d=x", "sms", "voice"])
@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options", "patch"])
def test_only_a_post_is_heard(what, method):
    assert getattr(Client(), method)(f"/integrations/twilio/{what}", secure=True).status_code == 405


@pytest.mark.parametrize(("body", "media_type", "status"), [
    (b"a=" + b"x" * 70_000, FORM, 413), (b"&".join(b"a%d=1" % n for n in range(5000)), FORM, 403),
    (b'{"From": "x"}', "application/json", 415),
    (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415), (b"\xff\xfe=%ff&%00=%00", FORM, 403),
])  # fmt: skip
def test_hostile_bodies_are_refused_before_they_are_read(body, media_type, status):
    client = Client(raise_request_exception=False)

    answer = client.post("/integrations/twilio/sms", body, content_type=media_type, headers={"X-Twilio-Signature": "x"}, secure=True)

    assert answer.status_code in {status, 400}


def test_a_captured_reply_is_of_no_use_a_second_time(alert, number, code):
    twilio_api.reply(number, f"2 {code}", sid=f"SM{number}")
    alert.refresh_from_db()
    before = (alert.log.count(), alert.next_step_at)

    assert b"Message" not in twilio_api.reply(number, f"2 {code}", sid=f"SM{number}").content

    alert.refresh_from_db()
    assert (alert.log.count(), alert.next_step_at) == before


def test_the_signature_is_over_our_public_address_whatever_the_proxy_says(number):
    url = f"{BASE}/integrations/twilio/sms"

    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Host": "evil.example"}):
        assert twilio_api.call_back(url, {"From": number, "Body": "1", "MessageSid": "SM1"}, **headers).status_code == 200
    assert twilio_api.call_back(url.replace("https", "http"), {"From": number}).status_code == 403
    assert twilio_api.call_back(url.replace(urlsplit(BASE).netloc, "evil.example"), {"From": number}).status_code == 403


@pytest.mark.parametrize("text", ["\x00", "1 \x00 4821", "' OR 1=1 --", "{{ code }}", "<Response><Hangup/>", "\ud83d", "a" * 60_000])
def test_hostile_texts_are_answered_as_text(alert, number, text):
    answer = twilio_api.reply(number, text.encode("utf-8", "replace").decode())

    assert answer.status_code == 200
    assert b"Hangup" not in answer.content
    assert untouched(alert)


@pytest.mark.parametrize("reaction", ["Disliked “{}”", "A aimé « {} »", "Questioned an image: {}", "{}", "Reacted 😢 to {}", "> {}\nok"])
def test_a_telephone_that_quotes_our_message_takes_nothing(alert, number, code, reaction):
    delivery = Delivery.objects.select_related("notification__recipient", "method").get(transport="sms")
    delivery.answer_code = code
    ours = sms.body(delivery, Wording(delivery))
    assert f"1 {code}" in ours

    twilio_api.reply(number, reaction.format(ours))
    twilio_api.reply(number, reaction.format(ours[-46:]))

    assert untouched(alert)


@pytest.mark.parametrize("text", ["not ok {}", "I can't, {} 1", "pas ok {}", "je ne prends pas 1 {}", "not ok", "cannot 1 {}"])
def test_an_answer_that_is_turned_round_takes_nothing(alert, number, code, text):
    answer = twilio_api.reply(number, text.format(code))

    assert b"Not understood; nothing was changed" in answer.content
    assert untouched(alert)


def test_a_machine_that_answers_ok_to_everything_is_not_answered_for_ever(alert, number, code):
    twilio_api.reply(number, f"2 {code}")

    said = [b"<Message>" in twilio_api.reply(number, "ok").content for _ in range(sms_replies.MAX_REPLIES + 5)]

    assert said == [True] * (sms_replies.MAX_REPLIES - 1) + [False] * 6


def test_a_reply_is_remembered_for_a_month(alert, number):
    twilio_api.reply(number, "2", sid=f"SM{number}")

    redis = cache._cache.get_client()
    assert redis.ttl(cache.make_key(sms_replies._remembered(f"SM{number}"))) > 29 * 24 * 3600


def test_somebody_who_is_no_longer_told_presses_nothing(alert, call):
    Recipient.objects.filter(name="Ada Byron").update(active=False)

    assert b"You have it" not in twilio_api.press(call, "1").content
    assert untouched(alert)


def test_a_key_of_yesterdays_call_does_nothing(alert, call):
    Notification.objects.update(created_at=timezone.now() - links.LIFETIME, expires_at=None)

    assert b"older than 24 hours" in twilio_api.press(call, "1").content
    assert untouched(alert)


@pytest.mark.parametrize("text", ["1", "OK", "yes", "Oui, merci"])
def test_a_bare_word_from_a_forged_number_takes_nothing_on_which_lives_depend(alert, number, code, text):
    Notification.objects.update(life_safety=True)

    said = twilio_api.reply(number, text).content.decode()

    assert f"reply 1 {code} (#{alert.number} Fall in room 12)" in said
    assert untouched(alert)
    assert b"You have it" in twilio_api.reply(number, f"1 {code}").content
    assert code.encode() in twilio_api.reply(number, text).content, "it may be open again meanwhile"
