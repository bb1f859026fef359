"""A pressed button in Slack answers the alert, in the name of the person who pressed it."""

import pytest
from django.test import Client
from django.utils import timezone

from alerts import escalation, lifecycle
from alerts.models import LogEntry
from notifications import revisions
from notifications.delivery import deliver_due
from notifications.models import Delivery, Recipient, RecipientGroup
from tests.conftest import HOUR
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.notifications.conftest import queue, wait_until
from tests.notifications.slack import CHANNEL, PERSON, elements, press, signed, words

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/integrations/slack/interactive"


@pytest.fixture
def night(slack_server):
    """A group with a channel of its own."""
    group = RecipientGroup.objects.create(slug="oncall", name="Night team")
    make_method(group, kind="slack", address=CHANNEL)
    return group


def tell(slack_server, *, at=None):
    """Raise an alert and send what is due; the alert, and the first message as Slack has it."""
    at = at or timezone.now()
    make_source(policy=make_policy())
    alert = raise_alert(at=at, title="Fall in room 12")
    escalation.advance_due(at=at)
    deliver_due(at=at, budget_seconds=60)
    (channel, ts), body = next(iter(slack_server.messages.items()))
    return alert, {**body, "channel": channel, "ts": ts}


def post(body, **headers):
    return Client(enforce_csrf_checks=True).generic(
        "POST", URL, body, content_type="application/x-www-form-urlencoded", headers={**signed(body), **headers}
    )


def whispered(slack_server):
    wait_until(lambda: slack_server.to("/response/1"))
    return slack_server.to("/response/1")[0].json


def fresh(alert):
    alert.refresh_from_db()
    return alert.status, alert.acknowledged_by, alert.promise


def test_a_press_in_a_channel_answers_as_the_recipient_with_that_slack_address(slack_server, night):
    alert, message = tell(slack_server)
    make_method(make_recipient("Robin Vale", language="fr"), kind="slack", address=PERSON)

    answer = post(press(message, "answer:calling", response_url=f"{slack_server.url}/response/1"))

    assert (answer.status_code, answer.content, answer.cookies) == (200, b"", {})
    assert fresh(alert) == ("ACKNOWLEDGED", "Robin Vale", "calling")
    assert whispered(slack_server)["text"].startswith(f"C’est à vous\u00a0: #{alert.number}")


def test_a_press_of_somebody_unknown_answers_as_the_group_with_the_name(slack_server, night):
    alert, message = tell(slack_server)

    post(press(message, "answer:handling", user="U0STRANGER", name="kim\u202e\x00"))

    assert fresh(alert) == ("ACKNOWLEDGED", "Night team", "handling")
    assert LogEntry.objects.filter(detail__note="via Slack, answered by kim").exists()


@pytest.mark.parametrize("fields", [{"verified": False}, {"active": False}])
def test_an_address_that_nobody_verified_names_nobody(slack_server, night, fields):
    alert, message = tell(slack_server)
    make_method(make_recipient("Robin Vale"), kind="slack", address=PERSON, **fields)

    post(press(message, "answer:handling"))

    assert fresh(alert)[1] == "Night team"


def test_a_press_in_a_direct_message_answers_as_that_person(slack_server):
    make_method(make_recipient("Robin Vale", groups=["oncall"]), kind="slack", address=PERSON, order=0)
    alert, message = tell(slack_server)

    post(press(message, "answer:on_my_way"))

    assert fresh(alert) == ("ACKNOWLEDGED", "Robin Vale", "on_my_way")
    assert not LogEntry.objects.filter(detail__note__contains="answered by").exists()


def test_a_press_of_somebody_who_is_no_longer_told_does_nothing(slack_server):
    person = make_recipient("Robin Vale", groups=["oncall"])
    make_method(person, kind="slack", address=PERSON, order=0)
    alert, message = tell(slack_server)
    Recipient.objects.filter(pk=person.pk).update(active=False)

    post(press(message, "answer:false_alarm"))

    alert.refresh_from_db()
    assert alert.status == "PENDING"


@pytest.mark.parametrize(("button", "resolution"), [("answer:false_alarm", "false_alarm"), ("answer:handled", "handled")])
def test_a_press_can_close_the_alert(slack_server, night, button, resolution):
    alert, message = tell(slack_server)

    post(press(message, button))

    alert.refresh_from_db()
    assert (alert.status, alert.resolution) == ("RESOLVED", resolution)


def test_the_message_is_changed_after_the_press(slack_server, night):
    _alert, message = tell(slack_server)

    post(press(message, "answer:handling", user="U0STRANGER", name="kim"))
    revisions.run_due(at=timezone.now())

    (body,) = slack_server.messages.values()
    assert "Night team (kim) takes it" in words(body)


def test_a_press_that_is_faster_than_our_own_note_still_changes_the_message(slack_server, night):
    _alert, message = tell(slack_server)
    Delivery.objects.update(provider_id="", status="sending")

    post(press(message, "answer:handled"))
    revisions.run_due(at=timezone.now())

    (body,) = slack_server.messages.values()
    assert [each["action_id"] for each in elements(body)] == ["link:alert"]


def test_pressing_twice_is_harmless(slack_server, night):
    alert, message = tell(slack_server)
    body = press(message, "answer:handling")

    assert [post(body).status_code for _ in range(2)] == [200, 200]
    assert LogEntry.objects.filter(alert=alert, kind="status", detail__to="ACKNOWLEDGED").count() == 1


def test_a_late_press_is_told_that_it_is_late(slack_server, night):
    alert, message = tell(slack_server)
    lifecycle.resolve(alert, by=None, at=timezone.now())

    post(press(message, "answer:handling", response_url=f"{slack_server.url}/response/1"))

    assert "closed before you answered" in whispered(slack_server)["text"]
    assert whispered(slack_server)["response_type"] == "ephemeral"


def test_a_button_older_than_a_day_answers_nothing(slack_server, night):
    alert, message = tell(slack_server, at=timezone.now() - 25 * HOUR)

    post(press(message, "answer:handling", response_url=f"{slack_server.url}/response/1"))

    assert fresh(alert)[0] == "PENDING"
    assert "older than 24 hours" in whispered(slack_server)["text"]


def test_a_test_that_is_answered_proves_that_the_person_was_reached(slack_server):
    robin = make_recipient()
    make_method(robin, kind="slack", address=PERSON)
    at = timezone.now()
    (delivery,) = queue(robin, kinds=["slack"], reason="test", thread="test:1", context={"told": []}, at=at)
    deliver_due(at=at, budget_seconds=60)
    ((channel, ts), body) = next(iter(slack_server.messages.items()))

    post(press({**body, "channel": channel, "ts": ts}, "answer:seen"))

    delivery.refresh_from_db()
    assert delivery.status == "seen"


def test_a_link_button_is_only_taken_note_of(slack_server, night):
    alert, message = tell(slack_server)

    assert post(press(message, "link:answer")).status_code == 200
    assert fresh(alert)[0] == "PENDING"


def test_slack_itself_may_be_away_while_a_button_is_pressed(slack_server, night):
    alert, message = tell(slack_server)
    body = press(message, "answer:handling", response_url="http://127.0.0.1:9/response/1")

    assert post(body).status_code == 200
    assert fresh(alert)[0] == "ACKNOWLEDGED"
