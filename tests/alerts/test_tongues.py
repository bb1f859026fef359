"""What Sentinel says itself is read by everybody in their own language; what is stored, and what programs get, is English."""

import ast
import json
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from alerts import board, detection, flooding, messages, queries, sentences, tongues
from alerts.incoming import alertmanager_webhook
from alerts.models import Alert, LogEntry
from notifications.models import Delivery, Notification, Recipient
from notifications.rendering import Wording
from sentinel_site.lib import figures, given
from tests.conftest import NOON
from tests.factories import make_policy, make_source, raise_alert
from tests.test_architecture import APPS, modules, place, tree

SENDERS = (
    "alerts/incoming/",
    "alerts/alertmanager.py",
    "alerts/schemas.py",
    "alerts/simulation.py",
    "alerts/past.py",
    "alerts/noise/calm.py",
    "sentinel_site/demo",
)
"""What others say, what is only supposed, and samples."""


@pytest.fixture
def fall():
    make_source("smarteye")
    return detection.take({"camera": "cam-12", "confidence": "0.93"}, None, body_bytes=10, at=NOON, by_id=None)[0]


def mail(alert, language, *, reason="first", **context):
    robin = Recipient(name="Robin Vale", language=language, time_zone="Europe/Paris")
    told = {**messages.context([alert], at=NOON), **context}
    note = Notification(
        recipient=robin, reason=reason, urgency="high", priority=1, label="Reminder 1", context=told, thread="x", created_at=NOON
    )
    return Wording(Delivery(notification=note, priority=1))


def test_no_alert_of_our_own_is_worded_in_one_language_only():
    """A title that is put together or written where a report is made has no translations: `tongues.report` gives them."""
    found = []
    for path in modules(*APPS):
        for node in ast.walk(tree(path)):
            named = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            given_here = {each.arg for each in node.keywords} if named == "NewReport" else set()
            found += [place(path)] if "title" in given_here and "translations" not in given_here else []

    assert [where for where in found if not where.startswith(SENDERS)] == []


@pytest.mark.django_db
def test_a_fall_is_read_in_the_language_of_each_person(fall):
    english, french = mail(fall, "en"), mail(fall, "fr")

    assert english.subject == f"[P1] Fall seen by cam-12 (#{fall.number})"
    assert french.subject == f"[P1] Chute vue par cam-12 (n°\u00a0{fall.number})"
    assert [text for text in (french.sms, french.spoken, french.short, french.slack) if "Chute vue par cam-12" not in text] == []
    assert [part for part in ("La caméra en est sûre à 93\u00a0%.", "(Rappel 1)") if part not in french.text] == []
    assert "(Reminder 1)" in english.text


@pytest.mark.django_db
def test_what_is_stored_and_told_to_programs_is_english(fall, client):
    stored = Alert.objects.get()

    assert (stored.title, stored.description) == ("Fall seen by cam-12", "The camera is 93% sure.")
    assert board.snapshot(at=NOON)["open"][0]["title"] == "Fall seen by cam-12"
    assert board.snapshot(at=NOON)["open"][0]["translations"]["fr"]["title"] == "Chute vue par cam-12"


@pytest.mark.django_db
def test_what_a_sender_says_has_no_other_words():
    make_source()
    alert = raise_alert(at=NOON, title="Fall seen by cam-12")

    assert board.snapshot(at=NOON)["open"][0]["translations"] == {}
    assert "Fall seen by cam-12" in mail(alert, "fr").subject


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["/live/alerts/{id}", "/live/alerts/{number}/story/", "/admin/alerts/alert/{id}/change/", "/admin/alerts/alert/"]
)
def test_pages_say_it_in_french(page, fall, admin_client):
    answer = admin_client.get(page.format(id=fall.pk, number=fall.number), headers={"Accept-Language": "fr"})

    assert (answer.status_code, "Chute vue par cam-12" in answer.content.decode()) == (200, True)


@pytest.mark.django_db
def test_the_end_is_told_and_recorded_in_the_language_of_each_person():
    source = make_source("probe", flood_limit=1)
    make_source("sentinel", name="Sentinel")
    for subject in range(3):
        raise_alert(at=timezone.now(), title="Noise", subject=str(subject), dedup_key=str(subject))
    flooding.watch(at=timezone.now())
    flood = Alert.objects.get(type="flood")

    flooding.watch(at=timezone.now() + timedelta(minutes=10))

    detail = LogEntry.objects.filter(alert=flood, kind="status").last().detail
    with translation.override("fr"):
        said = sentences.of(queries.log(flood.pk).filter(kind="status").last())
    assert flood.translations["fr"]["title"] == f"Afflux de {source.name}\u00a0: 3 nouvelles alertes en 5 minutes"
    assert (detail["note"][:18], "L’afflux est terminé." in said) == ("The flood is over.", True)
    assert "L’afflux est terminé." in mail(flood, "fr", reason="resolved", note=detail["note"], notes=detail["notes"]).text


@pytest.mark.django_db
def test_steps_that_sentinel_named_are_told_in_french_and_others_as_they_are():
    make_source(policy=make_policy("Calls"))
    alert = raise_alert(at=NOON)
    entry = LogEntry(
        alert=alert, at=NOON, kind="step", detail={"step": 0, "label": "On call and managers", "recipients": ["On call", "Ada"]}
    )

    with translation.override("fr"):
        said, others = sentences.of(entry), given.shown("Night desk")

    assert (said, others) == ("Étape 1 «\u00a0Astreinte et responsables\u00a0»\u00a0: Astreinte, Ada prévenu(s).", "Night desk")


def test_numbers_are_written_as_the_reader_writes_them():
    with translation.override("fr"):
        french = figures.number(1234.5, 1)

    assert (french, json.dumps(tongues.note(lambda: "over"))) == ("1\u00a0234,5", '"over"')


def test_words_that_cannot_be_made_in_another_language_do_not_cost_the_alert(caplog):
    def say():
        if translation.get_language() != "en":
            raise KeyError("place")
        return {"title": "Something"}

    assert tongues.report(say) == {"title": "Something", "translations": {}}
    assert "could not be said in fr" in caplog.text


def test_words_that_are_too_long_are_cut_in_every_language():
    made = tongues.report(lambda: {"title": "t" * 400, "description": "d" * 200_000})

    assert [(len(each["title"]), len(each["description"])) for each in (made, made["translations"]["fr"])] == [(300, 100_000)] * 2


def test_what_a_sender_calls_its_group_is_not_kept_whole_in_every_language():
    value = {"truncatedAlerts": 3, "groupKey": "x" * 900_000, "receiver": "r"}

    (made,) = alertmanager_webhook.truncated(value, "prometheus", at=NOON)

    assert max(len(made.report.description), len(made.report.translations["fr"]["description"])) < 2000
