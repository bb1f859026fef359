"""Keys pressed during a call, as Twilio hands them in."""

import xml.etree.ElementTree as ET

import pytest
from django.utils import timezone

from alerts import escalation, lifecycle
from notifications import outbox
from notifications.models import Delivery
from notifications.transports import twilio_client
from tests import twilio_api
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.notifications.conftest import queue
from tests.twilio_api import new_number

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("twilio")]


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def ada():
    person = make_recipient("Ada Byron", groups=["oncall"])
    person.contact_methods.all().delete()
    make_method(person, kind="voice", address=new_number())
    return person


@pytest.fixture
def alert(ada, at):
    make_source(policy=make_policy())
    alert = raise_alert(at=at, title="Fall in room 12")
    escalation.advance_due(at=at)
    return alert


@pytest.fixture
def call(alert):
    return Delivery.objects.select_related("method", "notification").get()


def press(call, key, **how):
    """What the voice says next, and the address it takes another key at."""
    answer = twilio_api.press(call, key, **how)
    assert answer.status_code == 200
    root = ET.fromstring(answer.content)
    gather = root.find("Gather")
    return root.find(".//Say").text, None if gather is None else gather.get("action")


def test_one_takes_it_as_its_person_and_says_so(call, alert):
    said, again = press(call, "1")

    alert.refresh_from_db()
    call.refresh_from_db()
    assert said == "You have it: Fall in room 12. Nobody else is called. Goodbye."
    assert (alert.status, alert.acknowledged_by, call.status, again) == ("ACKNOWLEDGED", "Ada Byron", "seen", None)


def test_two_passes_it_on(call, alert):
    said, _ = press(call, "2")

    alert.refresh_from_db()
    call.refresh_from_db()
    assert said.startswith("Passed on: the next people are told about")
    assert (alert.status, call.status) == ("SEEN", "seen")


def test_the_same_key_again_is_a_quiet_success(call, alert):
    assert press(call, "1") == press(call, "1")

    assert alert.log.filter(detail__to="ACKNOWLEDGED").count() == 1


@pytest.mark.parametrize("key", ["", "0", "3", "9", "*", "#", "11", "1 ", "１"])
def test_another_key_proves_nothing_and_is_asked_again(call, alert, key):
    said, again = press(call, key)

    alert.refresh_from_db()
    call.refresh_from_db()
    assert (said, again) == (
        "That key means nothing here. Press 1 to take the alert. Press 2 to pass it on.",
        twilio_client.callback("voice", call),
    )
    assert (alert.status, call.status) == ("PENDING", "queued")


def test_it_speaks_the_persons_language(call, ada):
    ada.language = "fr"
    ada.save()

    assert press(call, "9")[0].startswith("Cette touche ne sert à rien ici.")


def test_a_closed_alert_says_so(call, alert, at):
    lifecycle.resolve(alert, by=None, at=at)

    assert press(call, "1")[0].startswith("It was closed before you answered.")


def test_a_test_call_is_confirmed_by_its_key(ada):
    (call,) = queue(ada, kinds=["voice"], reason="test", context={"nothing": 1})
    outbox.claim("voice", limit=1, at=timezone.now(), lease_seconds=60)

    assert press(call, "5") == ("Press 1 to confirm that you hear this.", twilio_client.callback("voice", call))
    assert press(call, "1") == ("Thank you. Goodbye.", None)

    call.refresh_from_db()
    assert call.status == "seen"
