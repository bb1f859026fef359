"""Texts that staff wrote: which one is taken, what it may do to a message, and what happens when it fails."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import LogEntry
from notifications import overrides
from notifications.models import Delivery, MessageTemplate
from notifications.rendering import Wording
from sentinel_site import doctor
from tests.conftest import NOON
from tests.factories import make_recipient, make_source, raise_alert
from tests.notifications.conftest import ALERT, queue
from tests.notifications.test_rendering import wording

pytestmark = pytest.mark.django_db
TOO_LONG = "{% for a in alerts %}{% for b in alerts %}{% for c in alerts %}x{% endfor %}{% endfor %}{% endfor %}"


def write(text, *, form="sms", **fields) -> MessageTemplate:
    template = MessageTemplate.objects.create(form=form, text=text, **fields)
    overrides.forget()
    return template


def test_the_text_that_says_most_wins():
    for fields in ({}, {"language": "fr"}, {"reason": "reminder"}, {"type": "fall"}, {"source": "smarteye"}, {"source": "other"}):
        write(" ".join(f"{k}={v}" for k, v in fields.items()) or "all", **fields)

    assert wording("reminder", "fr").sms == "source=smarteye"
    assert wording("reminder", "fr", alert={**ALERT, "source": "b"}).sms == "type=fall"
    assert wording("reminder", "fr", alert={**ALERT, "source": "b", "type": "c"}).sms == "reason=reminder"
    assert wording("first", "fr", alert={**ALERT, "source": "b", "type": "c"}).sms == "language=fr"
    assert wording("first", "en", alert={**ALERT, "source": "b", "type": "c"}).sms == "all"


def test_a_text_that_is_switched_off_is_not_taken():
    write("mine", active=False)

    assert wording().sms.startswith("P1 #1042 Fall in room 12")


def test_what_is_kept_costs_no_query_and_a_change_is_noticed():
    template = write("one")
    assert wording().sms == "one"

    with CaptureQueriesContext(
        connection,
    ) as queries:
        texts = [wording().sms for _ in range(20)]
    template.text = "two"
    template.save()
    overrides.forget()

    assert (texts, len(queries), wording().sms) == (["one"] * 20, 0, "two")


def test_what_is_known_is_asked_again_by_its_version_only():
    write("one")
    wording().sms  # noqa: B018 (read once)
    kept = overrides._kept

    with CaptureQueriesContext(connection) as queries:
        again = overrides._ask(kept)

    assert len(queries) == 1
    assert again.by_form is kept.by_form


@pytest.mark.parametrize("text", ["{{ alerts.0.title }}", "{% if not title %}x{% endif %}", "   "])
def test_a_text_of_which_nothing_comes_gives_way_to_the_built_in_one(text):
    template = write(text)

    assert wording().sms.startswith("P1 #1042 Fall in room 12")
    template.refresh_from_db()
    assert template.failed_because == "nothing comes out"


def test_a_failure_is_said_everywhere_and_the_built_in_text_is_sent(caplog):
    make_source(life_safety=False)
    alert = raise_alert(at=NOON)
    template = write(TOO_LONG)
    (delivery,) = queue(make_recipient(), thread=f"alert:{alert.pk}", context={"alert": ALERT, "alerts": [ALERT] * 300})

    text = Wording(delivery, now=lambda: NOON).sms

    template.refresh_from_db()
    why = "it does too much: loops take too many turns, or filters too long texts"
    remark = f"The built-in text was sent, because the text “SMS” failed: {why}"
    assert text.startswith("P1 300 alerts from SmartEye")
    assert (template.failed_at, template.failed_because) == (NOON, why)
    assert Delivery.objects.get().remark == remark
    assert remark in caplog.text
    assert LogEntry.objects.filter(alert=alert, kind="delivery").get().detail["remark"] == remark


def test_a_text_from_before_that_is_not_allowed_any_more_gives_way(caplog):
    write("{% include '/etc/passwd' %}")

    assert wording().sms.startswith("P1 #1042 Fall in room 12")
    assert "The tag “include” cannot be used here" in caplog.text


def test_the_frame_and_the_answer_link_stay_whatever_is_written():
    write("<h1>{{ title }}</h1>", form="html")
    write("Look: {{ title }}", form="text")

    words = wording(alert={**ALERT, "title": "<script>alert(1)</script>"})

    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in words.html
    assert words.html.strip().startswith("<!doctype html>")
    assert words.html.count(words.answer_url) == 2
    assert words.text == f"Look: <script>alert(1)</script>\n\n{words.answer_url}\n"


def test_a_subject_stays_one_line():
    write("{{ title }}\r\nBcc: a@example.org\n{{ where }}", form="subject")

    words = wording(alert={**ALERT, "title": "Fall\r\nBcc: b@example.org"})

    assert words.subject == "Fall Bcc: b@example.org Bcc: a@example.org cam-12"


def test_lengths_stay_bounded():
    for form in ("subject", "push", "sms", "voice", "slack"):
        write("x" * 2000, form=form)
    words = wording()

    lengths = [len(text) for text in (words.subject, words.short, words.sms, words.spoken, words.slack)]

    assert lengths == [180, 240, 600, 600, 2000]


def test_the_doctor_names_what_failed_and_what_cannot_be_used():
    write("{% load x %}", form="push")
    write("x", failed_at=NOON, failed_because="nothing comes out")
    write("x", form="slack", active=False, failed_at=NOON, failed_because="nothing comes out")

    texts = [finding.text for finding in doctor.examine(at=NOON) if finding.text.startswith("The message text")]

    assert [text.partition("”")[0] for text in texts] == [
        "The message text “Short text (push, webhook)", "The message text “SMS",
    ]  # fmt: skip


@pytest.mark.parametrize(("reason", "context", "taken"), [
    ("test", {}, False), ("handoff", {}, False), ("first", {"alert": ALERT}, True), ("code", {"nonce": "x"}, False),
])  # fmt: skip
def test_a_text_for_every_kind_is_for_alerts_only(reason, context, taken):
    write("mine")

    assert (wording(reason, **{"alert": None, **context}).sms == "mine") == taken


def test_the_message_that_proves_an_address_keeps_its_words():
    write("mine", reason="code")
    write("my test", reason="test")

    assert (wording("test", alert=None).sms, wording("code", alert=None, nonce="x").sms == "mine") == ("my test", False)
