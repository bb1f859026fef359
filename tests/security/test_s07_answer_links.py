"""S7: an answer link cannot be forged, used for anything else, or read from the log."""

import logging

import pytest
from django.test import Client
from django.utils import timezone

from alerts import escalation
from notifications import links
from notifications.models import Delivery
from sentinel_site.logs import LineFormatter
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def token():
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy())
    raise_alert(at=timezone.now())
    escalation.advance_due(at=timezone.now())
    return links.token(Delivery.objects.select_related("notification").get())


def test_every_altered_character_is_noticed(token):
    client = Client()

    for place in range(0, len(token) - 1, 3):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert client.post(f"/a/{altered}", {"answer": "calling:all"}).status_code == 410


@pytest.mark.parametrize("token", ["x", "AAAA" * 30, "é", "..", "%00", "a" * 5000])
def test_what_is_no_token_gets_a_page_that_helps(db, token):
    response = Client().get(f"/a/{token}")

    assert (response.status_code, "Sign in and answer" in response.content.decode()) == (410, True)


def test_an_answer_link_opens_no_picture(token):
    assert Client().get(f"/media/alerts/{token}").status_code == 404


@pytest.mark.parametrize("path", [
    "/a/", "/media/alerts/", "/api/v1/devices/push-tokens/", "/proof/", "/push/", "/api/v1/schedules/x.ics?token=",
    "/integrations/twilio/voice?d=x&s=", "ack+",
])  # fmt: skip
def test_the_log_does_not_hold_the_token(token, path):
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Gone: %s", (f"{path}{token}",), None)

    assert (token in LineFormatter().format(record), f"{path}[token]" in LineFormatter().format(record)) == (False, True)


def test_the_log_does_not_hold_a_browsers_subscription():
    path = '/api/v1/devices/push-tokens/{"endpoint":"https://push.example/abc","keys":{"auth":"SECRETSECRET"}}'
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Not Found: %s", (path,), None)

    assert LineFormatter().format(record).endswith("Not Found: /api/v1/devices/push-tokens/[token]")
