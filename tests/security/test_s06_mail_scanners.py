"""S6: a scanner that opens every link of a mail, and every address that mail services call, acknowledges nothing."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from alerts import escalation
from alerts.models import LogEntry
from notifications import reply_addresses
from notifications.models import Delivery
from notifications.rendering import Wording
from tests.factories import make_policy, make_recipient, make_source, raise_alert
from tests.mail_calls import secured
from tests.mail_services import SERVICES, use

pytestmark = pytest.mark.django_db(transaction=True)
LINK = re.compile(r"http://localhost:8000([^\s\"<>]*)")


@pytest.fixture
def alert(settings):
    use(settings, "postmark", SERVICES["postmark"](), **secured("postmark"))
    settings.SENTINEL_INBOUND_DOMAIN, settings.SENTINEL_BASE_URL = "in.example.org", "http://localhost:8000"
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=timezone.now(), title="Fall in room 12")
    escalation.advance_due(at=timezone.now())
    return alert


def traces(alert):
    alert.refresh_from_db()
    return alert.status, LogEntry.objects.count(), Delivery.objects.get().seen_at


@pytest.mark.parametrize("method", ["get", "head"])
def test_every_link_of_a_mail_may_be_opened(alert, method):
    before, wording = traces(alert), Wording(Delivery.objects.select_related("notification__recipient").get())
    links = {link for part in (wording.text, wording.html) for link in LINK.findall(part)}

    for link in links:
        getattr(Client(), method)(link or "/")

    assert (any(link.startswith("/a/") for link in links), traces(alert)) == (True, before)


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("kind", ["inbound", "tracking"])
def test_the_addresses_that_services_call_may_be_opened(alert, method, kind):
    before, to = traces(alert), reply_addresses.address(Delivery.objects.select_related("notification").get())

    answer = getattr(Client(), method)(f"/integrations/anymail/postmark/{kind}/", {"recipient": to, "text": "OK"})

    assert (answer.status_code, traces(alert)) == ({"get": 405, "head": 200}[method], before)
