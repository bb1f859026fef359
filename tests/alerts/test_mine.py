"""What one person has to do with."""

import pytest
from django.utils import timezone

from alerts import escalation, lifecycle, mine, schemas, sentences
from alerts.models import LogEntry
from tests.callers import KeyClient, make_caller, make_user
from tests.conftest import MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


def numbers(user):
    return [alert["number"] for alert in mine.snapshot(user, at=NOON)["alerts"]]


@pytest.fixture
def robin():
    user = make_user("robin", "alerts.view_alert")
    make_recipient("Robin Vale", groups=["oncall"], user=user)
    return user


def test_it_is_what_one_was_told_and_what_one_took(robin):
    make_source(policy=make_policy("Calls"))
    told = raise_alert(at=NOON, title="told", subject="a")
    escalation.advance_due(at=NOON)
    taken, other = (raise_alert(at=NOON + MINUTE, title=title, subject=title) for title in ("taken", "other"))
    lifecycle.acknowledge(taken, by=robin, at=NOON + MINUTE)

    assert numbers(robin) == [told.number, taken.number]
    assert mine.snapshot(robin, at=NOON)["others"] == 1
    assert numbers(make_user("kim")) == [] != [other.number]


def test_what_is_over_is_left_out(robin):
    make_source(policy=make_policy("Calls"))
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)
    lifecycle.resolve(alert, by=robin, at=NOON)

    assert numbers(robin) == []


@pytest.mark.parametrize("path", ["/live/me/", "/live/me/snapshot", "/live/me/line"])
def test_it_is_for_who_is_signed_in_and_may_see_alerts(path):
    stranger, kim = KeyClient(), KeyClient()
    kim.force_login(make_user("kim"), backend="django.contrib.auth.backends.ModelBackend")

    assert (stranger.get(path).status_code, kim.get(path).status_code) == (302, 403)


@pytest.mark.parametrize(("pressed", "said"), [
    ("2026-03-02T11:50:00Z", "2026-03-02T11:50:00.000Z"), ("2026-03-02T11:59:58Z", ""), ("2026-03-02T13:00:00Z", ""),
    ("2026-02-01T00:00:00Z", ""),
])  # fmt: skip
def test_when_an_answer_was_pressed_is_on_record_if_it_can_be_true(pressed, said):
    answer = schemas.AnswerIn.model_validate({"pressed_at": pressed})

    assert answer.pressed(at=NOON) == said


def test_an_answer_that_was_long_on_its_way_says_when_it_was_given():
    make_source()
    alert = raise_alert(at=timezone.now())
    pressed = timezone.now() - 10 * MINUTE
    caller = make_caller("alerts.view_alert", "alerts.answer_alert", name="kim")

    answer = caller.send(f"/alerts/{alert.pk}/acknowledge", {"promise": "calling", "pressed_at": pressed.isoformat()})

    log = caller.read(f"/alerts/{alert.pk}/log").json()["items"]
    assert (answer.status_code, log[-1]["detail"]["pressed_at"][:16]) == (200, pressed.isoformat()[:16])
    assert "without a line" in sentences.of(LogEntry.objects.filter(alert=alert).order_by("id").last())
