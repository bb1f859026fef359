"""Useful, noise, duplicate or test: on record, by every way in, and without any effect."""

import pytest
from django.utils import timezone

from alerts import escalation, feedback, lifecycle, sentences
from alerts.models import Alert, AlertEvent, Feedback, LogEntry
from notifications import links
from notifications.models import ContactMethod, Delivery, RecipientGroup
from tests.alerts.test_admin_alerts import sign_in
from tests.callers import RESPONDER, make_caller, make_user
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
ADMIN = "/admin/alerts/alert/"


@pytest.fixture
def alert():
    make_source()
    return raise_alert(at=NOON)


def as_it_is():
    """Everything of the alert that somebody depends on."""
    return Alert.objects.values().get()


def test_it_is_kept_and_changes_nothing(alert):
    before = as_it_is()

    feedback.give(alert, "noise", by=make_recipient("Ada Byron"), at=NOON + HOUR, note="every night")

    entry = LogEntry.objects.get(kind="feedback")
    assert (as_it_is(), sentences.of(entry)) == (before, "Ada Byron: Noise: every night.")
    assert AlertEvent.objects.latest("id").kind == "feedback"
    assert feedback.of(alert) == [{"by": "Ada Byron", "feedback": "noise", "at": "2026-03-02T13:00:00.000Z"}]


def test_one_person_has_one_word_whether_by_message_or_signed_in(alert, user):
    ada = make_recipient("Ada Byron", user=user)

    for by, word in ((ada, "noise"), (user, "noise"), (user, "useful"), (make_user("other"), "test")):
        feedback.give(alert, word, by=by, at=NOON)

    assert list(Feedback.objects.values_list("word", flat=True)) == ["useful", "test"]
    assert (LogEntry.objects.filter(kind="feedback").count(), feedback.own(alert, ada)) == (3, "useful")


def test_a_closed_alert_takes_it_too(alert):
    lifecycle.resolve(alert, by=None, at=NOON + MINUTE)

    feedback.give(alert, "useful", by=make_recipient(), at=NOON + HOUR)

    assert Alert.objects.get().status == "RESOLVED"


def test_rest_gives_and_lists_it(alert):
    responder = make_caller(*RESPONDER)

    given = responder.send(f"/alerts/{alert.pk}/feedback", {"feedback": "duplicate"})

    assert (given.status_code, given.json()["id"]) == (200, str(alert.pk))
    assert [(each["by"], each["feedback"]) for each in responder.read(f"/alerts/{alert.pk}/feedback").json()["items"]] == [
        ("robin", "duplicate")
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"feedback": "silly"}, 422), ({}, 422), ({"feedback": None}, 422), ({"feedback": "noise", "note": "x" * 2001}, 422)],
)
def test_rest_refuses_what_is_no_feedback(alert, body, status):
    assert make_caller(*RESPONDER).send(f"/alerts/{alert.pk}/feedback", body).status_code == status
    assert not Feedback.objects.exists()


def test_whoever_may_not_answer_gives_none(alert):
    viewer = make_caller("alerts.view_alert")

    assert viewer.send(f"/alerts/{alert.pk}/feedback", {"feedback": "noise"}).status_code == 403
    assert viewer.read(f"/alerts/{alert.pk}/feedback").status_code == 200


def told(*, group=False, language="en"):
    """The link in the first message about a new alert, to a person or to a group's own channel."""
    if group:
        make_method(RecipientGroup.objects.create(slug="oncall", name="On call"), kind="webhook", address="https://hooks.example.org/x")
    else:
        make_recipient("Ada Byron", groups=["oncall"], language=language)
    make_source(policy=make_policy())
    alert = raise_alert(at=timezone.now())
    escalation.advance_due(at=timezone.now())
    return alert, f"/a/{links.token(Delivery.objects.select_related('notification').get())}"


def test_a_link_asks_after_it_was_answered_and_not_before(client):
    alert, link = told()

    before = client.get(link).content.decode()
    client.post(link, {"answer": f"calling:{alert.pk}"})
    after = client.get(link).content.decode()
    given = client.post(link, {"answer": f"noise:{alert.pk}"}, follow=True).content.decode()

    assert ("worth your attention" in before, "worth your attention" in after) == (False, True)
    assert (Feedback.objects.get().actor, Alert.objects.get().status) == ("Ada Byron", "ACKNOWLEDGED")
    assert f'value="noise:{alert.pk}" aria-pressed="true"' in given


def test_a_link_still_asks_when_it_is_over_in_the_recipients_language(client):
    alert, link = told(language="fr")
    lifecycle.resolve(alert, by=None, at=timezone.now())

    page = client.get(link).content.decode()
    client.post(link, {"answer": f"duplicate:{alert.pk}"})

    assert [word for word in ("Utile", "Bruit", "Doublon", "Test", "méritait-elle votre attention", "Traitée") if word not in page] == []
    assert Feedback.objects.get().word == "duplicate"


def test_a_groups_link_asks_who_it_is(client):
    alert, link = told(group=True)
    lifecycle.resolve(alert, by=None, at=timezone.now())

    nameless = client.post(link, {"answer": f"noise:{alert.pk}"})
    for name in ("Bob", "bob ", "Eve"):
        client.post(link, {"answer": f"noise:{alert.pk}", "name": name})

    assert nameless.status_code == 422
    assert list(Feedback.objects.values_list("actor", flat=True)) == ["Bob", "Eve"]


@pytest.mark.parametrize("answer", ["noise:0193e0a0-0000-7000-8000-000000000001", "noise:", "loud:x", "noise"])
def test_a_link_gives_feedback_on_nothing_but_its_own_alerts(client, answer):
    _, link = told()

    assert client.post(link, {"answer": answer}).status_code == 422
    assert not Feedback.objects.exists()


def test_the_admin_gives_it_for_one_and_for_those_ticked(alert):
    boss = sign_in(superuser=True)
    other = raise_alert(at=NOON, subject="other")
    lifecycle.resolve(other, by=None, at=NOON)

    boss.post(f"{ADMIN}{other.pk}/give_feedback/", {"_form_submitted": "on", "feedback": "test", "note": ""})
    one = list(Feedback.objects.values_list("alert_id", "word"))
    boss.post(ADMIN, {"action": "feedback_ticked", "_selected_action": [alert.pk, other.pk], "sure": "1", "feedback": "noise"})

    assert one == [(other.pk, "test")]
    assert set(Feedback.objects.values_list("alert_id", "word")) == {(alert.pk, "noise"), (other.pk, "noise")}
    assert ContactMethod.objects.count() == 0
