"""Silences and inhibitions in the admin."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import escalation
from alerts.models import Inhibition, Silence
from notifications.models import Notification
from tests.alerts.test_admin_alerts import sign_in
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
SILENCES, INHIBITIONS = "/admin/alerts/silence/", "/admin/alerts/inhibition/"


@pytest.fixture
def boss():
    return sign_in(superuser=True)


def silence_form(*matchers, hours=1):
    now = timezone.now()
    start, end = now - timedelta(minutes=1), now + timedelta(hours=hours)
    shown = ((0, "%Y-%m-%d"), (1, "%H:%M:%S"))
    times = {f"{name}_{part}": f"{at:{form}}" for name, at in (("starts_at", start), ("ends_at", end)) for part, form in shown}
    return {"matchers": "\n".join(matchers), "reason": "works", **times}


def test_a_silence_made_in_the_admin_holds_and_names_its_author(boss):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=timezone.now())

    answer = boss.post(f"{SILENCES}add/", silence_form("source=probe"))
    escalation.advance_due(at=timezone.now())

    alert.refresh_from_db()
    assert (answer.status_code, Silence.objects.get().author.username) == (302, "staff")
    assert (alert.suppressed_by[0]["reason"], Notification.objects.count()) == ("works", 0)


@pytest.mark.parametrize("matchers", [[""], ["nonsense"], ['room=~"(?=a)b"']])
def test_a_silence_that_cannot_be_read_is_refused_with_a_text(boss, matchers):
    answer = boss.post(f"{SILENCES}add/", silence_form(*matchers))

    assert (answer.status_code, Silence.objects.exists()) == (200, False)


def test_deleting_a_running_silence_ends_it_and_tells_what_it_held(boss):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    boss.post(f"{SILENCES}add/", silence_form("source=probe"))
    raise_alert(at=timezone.now())
    escalation.advance_due(at=timezone.now())

    boss.post(f"{SILENCES}{Silence.objects.get().pk}/delete/", {"post": "yes"})
    escalation.advance_due(at=timezone.now())

    assert Silence.objects.get().ends_at <= timezone.now()
    assert Notification.objects.count() == 1


def test_inhibitions_are_made_changed_and_listed(boss):
    form = {
        "name": "site down", "source_matchers": "type=site-down", "target_matchers": "type=disk", "equal": "site", "enabled": "on",
        "wait_seconds": "20",
    }  # fmt: skip

    answer = boss.post(f"{INHIBITIONS}add/", form)

    rule = Inhibition.objects.get()
    assert (answer.status_code, rule.equal, rule.wait_seconds) == (302, ["site"], 20)
    assert (
        boss.get(INHIBITIONS).status_code
        == boss.get(f"{INHIBITIONS}{rule.pk}/change/").status_code
        == boss.get(SILENCES).status_code
        == 200
    )


def test_a_viewer_may_look_and_not_silence():
    viewer = sign_in("alerts.view_silence")

    assert viewer.get(SILENCES).status_code == 200
    assert viewer.post(f"{SILENCES}add/", silence_form("source=probe")).status_code == 403
