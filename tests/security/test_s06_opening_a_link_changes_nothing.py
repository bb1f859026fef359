"""S6: mail scanners and link previews open links. Opening changes nothing; pressing a button acts once."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from alerts import escalation
from alerts.models import AlertEvent, LogEntry
from notifications import links
from notifications.models import Delivery
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
SCANNERS = ("Mozilla/5.0", "Slackbot-LinkExpanding 1.0", "BingPreview/1.0b", "Barracuda Sentinel", "WhatsApp/2.23", "curl/8")


@pytest.fixture
def alert():
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=timezone.now(), title="Fall in room 12", description="Ada lies on the floor", labels={"patient": "Grace Hill"})
    escalation.advance_due(at=timezone.now())
    return alert


@pytest.fixture
def address(alert):
    return f"/a/{links.token(Delivery.objects.select_related('notification').get())}"


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


def _traces(alert):
    alert.refresh_from_db()
    return alert.status, LogEntry.objects.count(), AlertEvent.objects.count(), Delivery.objects.get().seen_at


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_opening_it_changes_nothing(alert, address, stranger, method):
    before = _traces(alert)

    for agent in SCANNERS * 2:
        response = getattr(stranger, method)(address, headers={"User-Agent": agent, "Purpose": "prefetch"})
        assert response.status_code in (200, 204)

    assert _traces(alert) == before


def test_pressing_a_button_acts_once_without_cookies(alert, address, stranger):
    for _ in range(2):
        response = stranger.post(address, {"answer": f"on_my_way:{alert.pk}"})
        assert (response.status_code, response["Location"]) == (303, address)

    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("ACKNOWLEDGED", "Ada Byron")
    assert alert.log.filter(kind="status").count() == 1


def test_the_page_says_who_has_it(alert, address, stranger):
    stranger.post(address, {"answer": f"on_my_way:{alert.pk}"})

    assert "Ada Byron has it" in stranger.get(address).content.decode()


def test_what_is_over_can_only_be_judged(alert, address, stranger):
    stranger.post(address, {"answer": f"false_alarm:{alert.pk}"})

    page = stranger.get(address).content.decode()

    assert "False alarm" in page
    assert set(re.findall(r'name="answer" value="(\w+):', page)) == {"useful", "noise", "duplicate", "test"}
    assert page.count("<button") == 4


def test_answering_what_is_over_says_so(alert, address, stranger):
    stranger.post(address, {"answer": f"false_alarm:{alert.pk}"})

    response = stranger.post(address, {"answer": f"calling:{alert.pk}"})

    assert (response.status_code, "closed before you answered" in response.content.decode()) == (409, True)


def test_the_page_tells_no_more_than_it_must(address, stranger):
    page = stranger.get(address).content.decode()

    assert "Fall in room 12" in page
    assert [word for word in ("Ada lies", "Grace Hill", "<img", "<script", "@example.org") if word in page] == []


@pytest.mark.parametrize("path", ["", "x"])
def test_the_page_is_kept_and_passed_on_by_nobody(address, stranger, path):
    response = stranger.get(address + path)

    assert {name: response[name] for name in ("Cache-Control", "Referrer-Policy", "X-Robots-Tag")} == {
        "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive",
    }  # fmt: skip
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"]


def test_a_notifications_button_is_told_in_sentinels_own_words(alert, address, stranger):
    said = stranger.post(address, {"answer": f"calling:{alert.pk}"}, headers={"Accept": "application/json"})

    alert.refresh_from_db()
    assert (said.status_code, said.json(), said["Cache-Control"], alert.status) == (200, {"taken": True}, "no-store", "ACKNOWLEDGED")
