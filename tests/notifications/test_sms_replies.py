"""Answers by SMS, as Twilio hands them in."""

import xml.etree.ElementTree as ET

import pytest
from django.utils import timezone

from alerts import escalation, lifecycle
from alerts.models import Alert
from notifications import outbox, sms_replies
from notifications.answers import Answer
from notifications.models import AnswerCode, ContactMethod, Delivery
from notifications.sms_replies import Read
from tests import twilio_api
from tests.conftest import MINUTE
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.twilio_api import new_number

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("twilio")]


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def number():
    return new_number()


@pytest.fixture
def ada(number, at):
    person = make_recipient("Ada Byron", groups=["oncall"])
    person.contact_methods.all().delete()
    make_method(person, kind="sms", address=number)
    make_source(policy=make_policy("Calls", 0, 60))
    return person


def raised(at, title="Fall in room 12"):
    """An alert, and the code that Ada got for it."""
    alert = raise_alert(at=at, title=title, subject=title)
    escalation.advance_due(at=at)
    (delivery,) = outbox.claim("sms", limit=9, at=at, lease_seconds=60)
    return alert, delivery.answer_code


def said(number, text, **how):
    """What we reply; empty for nothing."""
    answer = twilio_api.reply(number, text, **how)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml; charset=utf-8")
    return ET.fromstring(answer.content).findtext("Message") or ""


def now(alert):
    alert.refresh_from_db()
    return alert.status


@pytest.mark.parametrize(("text", "means"), [
    ("1 4821", Read(Answer.HANDLING, "4821")), ("2 4821", Read(Answer.PASS_ON, "4821")), ("14821", Read(Answer.HANDLING, "4821")),
    ("24821", Read(Answer.PASS_ON, "4821")), ("1-4821.", Read(Answer.HANDLING, "4821")), (" 4821 1 ", Read(Answer.HANDLING, "4821")),
    ("4821", Read(Answer.HANDLING, "4821")), ("OK 4821 j'arrive", Read(Answer.HANDLING, "4821")),
    ("non 4821", Read(Answer.PASS_ON, "4821")),
    ("1", Read(Answer.HANDLING)), ("Ok!", Read(Answer.HANDLING)), ("OUI", Read(Answer.HANDLING)), ("yes", Read(Answer.HANDLING)),
    ("Oui, merci", Read(Answer.HANDLING)), ("1\ufe0f\u20e3", Read(Answer.HANDLING)), ("１ ４８２１", Read(Answer.HANDLING, "4821")),
    ("2", Read(Answer.PASS_ON)), ("no", Read(Answer.PASS_ON)), ("", Read(None)), ("3", Read(None)), ("1 minute svp", Read(None)),
    ("what is this?", Read(None)), ("I am driving, call 0612345678", Read(None)), ("123456", Read(None)), ("not ok 12", Read(None)),
    ("on en parle a 4821", Read(None)), ("1" * 5000, Read(None)),
])  # fmt: skip
def test_replies_are_read_as_people_write_them(text, means):
    assert sms_replies.read(text) == means


def test_the_code_takes_its_alert_and_no_other(ada, number, at):
    first, code = raised(at)
    other, _ = raised(at, "Fire in the kitchen")

    assert said(number, f"1 {code}") == f"You have it: #{first.number} Fall in room 12. Nobody else is called."

    assert (now(first), now(other)) == ("ACKNOWLEDGED", "PENDING")
    assert (first.acknowledged_by, first.log.get(detail__to="ACKNOWLEDGED").detail["note"]) == ("Ada Byron", "via SMS")
    assert Delivery.objects.get(notification__thread=first.thread).status == "seen"


def test_the_second_digit_passes_it_on(ada, number, at):
    alert, code = raised(at)

    assert said(number, f"2 {code}") == f"Passed on: the next people are told about #{alert.number} Fall in room 12."

    assert now(alert) == "SEEN"
    assert alert.next_step_at is not None


@pytest.mark.parametrize("text", ["1", "ok", "Oui", "YES"])
def test_a_bare_word_takes_the_only_open_alert(ada, number, at, text):
    alert, _ = raised(at)

    assert said(number, text).startswith("You have it: #")

    assert now(alert) == "ACKNOWLEDGED"


def test_a_bare_word_is_enough_for_two_messages_about_one_alert(ada, number, at):
    alert, _ = raised(at)
    escalation.advance_due(at=at + MINUTE)
    outbox.claim("sms", limit=9, at=at + MINUTE, lease_seconds=60)
    assert AnswerCode.objects.count() == 2

    said(number, "1")

    assert now(alert) == "ACKNOWLEDGED"


def test_with_several_open_it_asks_which(ada, number, at):
    first, code = raised(at)
    second, other = raised(at, "Fire in the kitchen")

    question = said(number, "1")

    assert (
        question
        == f"Which one? Reply 1 or 2 and its code: {other}: #{second.number} Fire in the kitchen; {code}: #{first.number} Fall in room 12"
    )
    assert (now(first), now(second)) == ("PENDING", "PENDING")


def test_one_that_was_taken_by_others_asks_no_more(ada, number, at):
    first, _ = raised(at)
    second, _ = raised(at, "Fire in the kitchen")
    lifecycle.acknowledge(second, by=None, at=at)

    said(number, "1")

    assert now(first) == "ACKNOWLEDGED"


def test_a_closed_alert_takes_no_answer_and_says_so(ada, number, at):
    alert, code = raised(at)
    lifecycle.resolve(alert, by=None, at=at)

    assert said(number, f"1 {code}") == said(number, "1") == "It was closed before you answered. Nothing more is to be done."

    assert now(alert) == "RESOLVED"


def test_nothing_open_is_said_too(ada, number):
    assert said(number, "1") == "Nothing that was sent to you waits for an answer now."


def test_the_same_message_again_has_no_effect_and_no_reply(ada, number, at):
    alert, code = raised(at)
    said(number, f"2 {code}", sid=f"SM{number}")
    alert.refresh_from_db()
    before = alert.log.count()

    assert said(number, f"2 {code}", sid=f"SM{number}") == ""

    assert alert.log.count() == before


def test_a_reply_without_an_id_is_taken_every_time(ada, number, at):
    replies = [sms_replies.take("1", number=number, message_id="", at=at) for _ in range(2)]

    assert replies == ["Nothing that was sent to you waits for an answer now."] * 2


@pytest.mark.parametrize(("text", "reply"), [
    ("1 0999", "Not understood; nothing was changed. Reply 1 and"), ("hello", "Not understood; nothing was changed. Reply 1 and"),
    ("1 9", "Not understood"),
])  # fmt: skip
def test_what_is_not_understood_changes_nothing_and_says_how(ada, number, at, text, reply):
    alert, _ = raised(at)

    assert said(number, text).startswith(reply)

    assert now(alert) == "PENDING"


def test_a_french_person_is_answered_in_french(ada, number, at):
    ada.language = "fr"
    ada.save()
    raised(at)
    raised(at, "Feu")

    assert said(number, "bonjour").startswith("Réponse non comprise, rien n'a changé.")
    assert said(number, "1").startswith("Laquelle ? Répondez 1 ou 2 et son code : ")


def test_stop_switches_the_method_off_and_start_on(ada, number):
    assert said(number, "STOP") == ""
    assert ContactMethod.objects.get(recipient=ada).disabled_reason.startswith("the person replied STOP")

    assert said(number, "Start") == ""
    assert ContactMethod.objects.get(recipient=ada).usable


@pytest.mark.parametrize("word", ["HELP", "info", "Aide", "UNSUBSCRIBE", "ARRÊT"])
def test_what_twilio_itself_replies_to_gets_no_second_reply(ada, number, word):
    assert said(number, word) == ""


def test_start_does_not_enable_what_is_dead_for_another_reason(ada, number, at):
    ContactMethod.objects.update(disabled_at=at, disabled_reason="no such number")

    said(number, "START")

    assert not ContactMethod.objects.get(recipient=ada).usable


def test_an_answer_is_taken_from_a_method_that_is_switched_off_as_dead(ada, number, at):
    alert, code = raised(at)
    ContactMethod.objects.update(disabled_at=at, disabled_reason="gone")

    said(number, f"1 {code}")

    assert now(Alert.objects.get(pk=alert.pk)) == "ACKNOWLEDGED"
