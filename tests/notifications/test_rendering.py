"""The words of messages: every reason, both languages, and titles that mean harm."""

import re

import pytest

from notifications.enums import Reason
from notifications.models import Delivery, Notification, Recipient, RecipientGroup
from notifications.rendering import Wording
from tests.conftest import NOON
from tests.notifications.conftest import ALERT

pytestmark = pytest.mark.django_db
HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ settings.SECRET_KEY }}", "{% load x %}",
    "Fall\r\nBcc: a@example.org", "Fall\u2028Bcc: x", "\x1b[31mred\x07", "\u202etxt.exe", "{0.__class__}", "%s%n",
    "'; DROP TABLE alerts; --", "a" * 5000, "",
]  # fmt: skip
EXTRA = {"by": "Dana Reed", "note": "Taken to hospital"}


def wording(reason="first", language="en", **context) -> Wording:
    robin = Recipient(name="Robin Vale", language=language, time_zone="Europe/Paris")
    values = {"alert": ALERT, "open_seconds": 300, **context}
    note = Notification(
        recipient=robin, reason=reason, urgency="high", priority=1,
        life_safety=bool((values["alert"] or {}).get("life_safety")), context=values,
        thread="alert:1", created_at=NOON,
    )  # fmt: skip
    return Wording(Delivery(notification=note, priority=1))


def forms(words: Wording) -> list[str]:
    return [words.subject, words.short, words.text, words.html, words.sms, words.spoken, words.slack, words.apprise]


@pytest.mark.parametrize("reason", Reason.values)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_template_renders(reason, language, caplog):
    bundle = {"alerts": [ALERT, ALERT]} if reason == Reason.BUNDLE else {}

    texts = forms(wording(reason, language, **EXTRA, **bundle))

    assert all(text.strip() for text in texts)
    assert caplog.text == ""


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_hostile_text_stays_text(title, language, caplog):
    harm = {name: title for name in ("title", "subject", "description", "source_name")} | {"labels": {title[:50]: title}}
    bad = {**ALERT, **harm, "links": [{"href": "javascript:alert(1)", "text": title}], "runbook_url": "data:text/html,x"}

    words = wording("bundle", language, alert=bad, alerts=[bad], by=title, note=title)
    single = wording("resolved", language, alert=bad, by=title, note=title)

    for html in (words.html, single.html):
        assert "<script" not in html.lower()
        assert "<img" not in html.lower()
        assert "javascript:" not in html
        assert "data:text" not in html
    assert all(not re.search(r"[\x00-\x1f\x7f\u2028\u2029\u202e]", words.subject) for words in (words, single))
    assert caplog.text == ""


@pytest.mark.parametrize(("reason", "subject"), [
    ("first", "[P1] Fall in room 12 (#1042)"),
    ("reminder", "[P1] Fall in room 12 — nobody has answered for 5 min (#1042)"),
    ("unanswered", "[P1] Fall in room 12 — NOBODY ANSWERED for 5 min (#1042)"),
    ("resolved", "[P1] Over: Fall in room 12 (#1042)"),
    ("expired", "[P1] Fall in room 12 — expired after 5 min, never answered (#1042)"),
])  # fmt: skip
def test_the_subject_says_what_it_is(reason, subject):
    assert wording(reason).subject == subject


def test_the_first_lines_say_what_happened_and_where_to_answer():
    words = wording("reminder")

    assert words.text.splitlines()[:2] == ["Fall in room 12 (cam-12)", "Nobody has answered for 5 min. This is a reminder."]
    assert words.text.index(words.answer_url) < words.text.index("Person on the floor.")


def test_times_are_the_recipients():
    assert "12:55:00 CET, 2 March 2026" in wording().text
    assert "12:55:00 CET, 2 mars 2026" in wording(language="fr").text


def test_the_end_says_who_and_how():
    words = wording("resolved", alert={**ALERT, "resolution": "help_sent", "resolved_at": "2026-03-02T12:10:00.000Z"}, **EXTRA)

    assert "It is over: help was sent (Dana Reed, 13:10)." in words.text
    assert "Taken to hospital" in words.text
    assert words.answer_url not in words.text


def test_a_bundle_lists_its_alerts():
    other = {**ALERT, "number": 1043, "title": "Fall in room 13"}

    words = wording("bundle", alerts=[ALERT, other])

    assert "#1042 Fall in room 12" in words.text
    assert "Fall in room 13" in words.html


def test_an_opinion_is_told_and_called_one():
    assert (
        "AI opinion (may be wrong): A person lies."
        in wording(alert={**ALERT, "triage": {"state": "done", "description": "A person lies."}}).text
    )


def test_no_picture_is_in_a_mail():
    assert "<img" not in wording().html


def test_a_group_is_told_in_the_sites_language(settings):
    settings.LANGUAGE_CODE, settings.TIME_ZONE = "fr", "Europe/Paris"
    group = RecipientGroup(slug="oncall", name="Équipe de nuit", pk=1)
    note = Notification(
        group=group, reason="first", urgency="high", priority=1, context={"alert": ALERT}, thread="alert:1", created_at=NOON
    )

    assert "Envoyé à Équipe de nuit" in Wording(Delivery(notification=note)).text


def test_a_template_that_fails_loses_no_message(caplog):
    words = wording(alert={**ALERT, "links": [3], "title": "Fall\r\n<b>"})

    assert words.text.startswith("[P1] Fall")
    assert words.answer_url in words.text


SPOKEN_EN = "Sentinel. Somebody may need help. Fall in room 12. cam-12. This is reminder 2. Nobody has answered for 5 minutes. "


@pytest.mark.parametrize(("language", "sms", "spoken"), [
    ("en", "P1 #1042 Fall in room 12 (cam-12), 12:55. Reminder 2: nobody has answered for 5 min.",
     SPOKEN_EN + "Priority 1, reported at 12:55."),
    ("fr", "P1 #1042 Fall in room 12 (cam-12), 12:55. Rappel 2 : sans réponse depuis 5 min.",
     "Sentinel. Quelqu’un a peut-être besoin d’aide. Fall in room 12. cam-12. Ceci est le rappel numéro 2. Personne n’a répondu depuis"
     " 5 minutes. Priorité 1, signalée à 12 heures 55."),
])  # fmt: skip
def test_an_sms_and_a_call_say_it_in_their_own_way(language, sms, spoken):
    words = wording("reminder", language, reminder=2, alert={**ALERT, "life_safety": True})

    assert (words.sms, words.spoken) == (sms, spoken)


def test_an_sms_is_written_in_the_letters_that_cost_least():
    words = wording("first", "fr", alert={**ALERT, "title": "Chute « aiguë » – forêt, cœur"})

    assert words.sms == "P1 #1042 Chute \"aigue\" - foret, coeur (cam-12), 12:55. Quelqu'un a peut-etre besoin d'aide."


def test_a_bundle_counts_what_it_leaves_out():
    alerts = [{**ALERT, "title": f"Fall in room {n}"} for n in range(8)]

    words = wording("bundle", alerts=alerts)

    assert words.sms.startswith("P1 8 alerts from SmartEye, 12:55. Nobody has taken them yet. 1) Fall in room 0 (cam-12); 2)")
    assert words.sms.endswith("; and 3 more")
    assert all(f"Fall in room {n}" in words.slack for n in range(8))


def test_a_voice_spells_no_signs():
    assert "[" not in wording(alert={**ALERT, "title": "Door_7 [*open*] <b>"}).spoken


def test_only_what_cannot_be_answered_otherwise_has_the_link():
    words = wording()

    assert [words.answer_url in text for text in forms(words)] == [False, False, True, True, False, False, False, True]


def test_a_reminder_says_which_one_it_is_and_a_mail_who_else_was_told():
    words = wording("reminder", reminder=3, told=["Robin Vale", "Dana Reed"])

    assert words.text.splitlines()[1] == "Nobody has answered for 5 min. This is reminder 3."
    assert "Told:      Robin Vale, Dana Reed" in words.text
    assert "Robin Vale, Dana Reed" in words.html
    assert words.short == "[P1] Fall in room 12 · cam-12. Reminder 3: nobody has answered for 5 min."


@pytest.mark.parametrize(
    ("language", "title", "note"), [("en", "No backup", "It is back"), ("fr", "Aucune sauvegarde", "Elle est revenue")]
)
def test_an_alert_that_brings_other_languages_is_read_in_the_readers_own(language, title, note):
    brought = {**ALERT, "title": "No backup", "translations": {"fr": {"title": "Aucune sauvegarde", "note": "Elle est revenue"}}}

    words = wording("resolved", language, alert=brought, note="It is back")

    assert title in words.subject
    assert (note in words.text, "translations" in words.text) == (True, False)


def test_a_message_without_a_digest_has_none():
    assert not wording("first", "en").facts.digest


def test_french_counts_nothing_in_the_singular():
    digest = {"reason": "Works", "since": "1 May", "until": "2 May", "held": 1, "open": 0, "unseen": 1, "answered": 0, "over": []}

    words = wording("digest", "fr", alert=None, digest=digest)

    assert "0 encore ouverte et annoncée à partir" in words.text
    assert ("«\u00a0Works\u00a0»" in words.text, "\u00a0" in words.sms + words.spoken) == (True, False)
