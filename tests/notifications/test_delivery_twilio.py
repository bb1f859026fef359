"""Whatever Twilio does: nothing is lost, nothing is sent twice unknowingly, and the person's next method is tried."""

from datetime import timedelta

import pytest

from notifications.delivery import deliver_due
from notifications.models import Delivery
from tests.conftest import NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue
from tests.providers import FAILS, TAKES, Mode, patience
from tests.twilio_api import new_number

pytestmark = pytest.mark.django_db(transaction=True)
TWICE = {Mode.ACCEPT_HANG, Mode.ACCEPT_RESET}
"""It was taken, and nobody knows: the next try may repeat it, and the error says so."""


@pytest.fixture
def told(twilio, mailbox, settings):
    """Tells Robin by ``kind``; mail is the next method."""
    settings.SENTINEL_RATES = {}

    def tell(kind):
        robin = make_recipient()
        robin.contact_methods.update(order=9)
        make_method(robin, kind=kind, address=new_number(), order=1)
        (delivery,) = queue(robin, kinds=[kind])
        return delivery

    return tell


def minutes(count):
    return NOON + timedelta(minutes=count)


@pytest.mark.parametrize("kind", ["sms", "voice"])
@pytest.mark.parametrize("mode", FAILS)
def test_a_provider_that_fails_loses_nothing(twilio, mailbox, told, settings, kind, mode):
    delivery = told(kind)
    twilio.mode, settings.TWILIO_TIMEOUT = mode, patience(mode)

    deliver_due(at=NOON, budget_seconds=60)
    delivery.refresh_from_db()
    first = (delivery.status, len(twilio.accepted))
    settings.TWILIO_TIMEOUT = patience(mode, of_silence=0.2)
    for again in (6, 12, 18):
        deliver_due(at=minutes(again), budget_seconds=60)
    assert len(mailbox.messages) == 1

    twilio.mode, settings.TWILIO_TIMEOUT = Mode.ACCEPT, patience(Mode.ACCEPT)
    deliver_due(at=minutes(60), budget_seconds=60)

    delivery.refresh_from_db()
    assert first == ("failed", int(mode in TAKES))
    assert delivery.status == "sent" or (mode in TWICE and twilio.accepted)
    assert len(twilio.accepted) == 1 or mode in TWICE


@pytest.mark.parametrize("kind", ["sms", "voice"])
def test_a_number_that_is_dead_goes_the_next_way_at_once(twilio, mailbox, told, kind):
    delivery = told(kind)
    twilio.codes[delivery.method.address] = 21211

    deliver_due(at=NOON, budget_seconds=60)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.method.disabled_at is not None, len(mailbox.messages)) == ("dead", True, 1)


def test_the_code_of_an_sms_stays_through_every_try(twilio, mailbox, told):
    told("sms")
    twilio.mode = Mode.ACCEPT_RESET

    deliver_due(at=NOON, budget_seconds=60)
    twilio.mode = Mode.ACCEPT
    deliver_due(at=minutes(1), budget_seconds=60)

    first, second = twilio.messages
    assert first["Body"] == second["Body"]
    assert Delivery.objects.get(transport="sms").status == "sent"
