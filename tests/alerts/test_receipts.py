"""Receipts that arrive by REST."""

import pytest

from alerts import escalation
from notifications.models import Delivery
from tests.callers import RESPONDER, make_caller
from tests.conftest import NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """An alert about which one message is on its way."""
    make_recipient("Kim", groups=["oncall"])
    make_source(policy=make_policy("Calls", 0))
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)
    return alert


def test_a_receipt_settles_its_delivery(told):
    caller = make_caller(*RESPONDER)
    delivery = Delivery.objects.get()

    answer = caller.send(f"/alerts/{told.pk}/delivered", {"delivery": str(delivery.pk)})

    (listed,) = caller.read(f"/alerts/{told.pk}/deliveries").json()["items"]
    assert (answer.json()["status"], listed["status"], listed["recipient"]) == ("DELIVERED", "delivered", "Kim")
    assert listed["method"] == "k…m@example.org"


def test_a_late_receipt_settles_its_delivery_though_the_alert_is_further(told):
    caller = make_caller(*RESPONDER)
    caller.send(f"/alerts/{told.pk}/acknowledge")

    answer = caller.send(f"/alerts/{told.pk}/seen", {"delivery": str(Delivery.objects.get().pk)})

    assert (answer.status_code, answer.json()["current"], Delivery.objects.get().status) == (409, "ACKNOWLEDGED", "seen")
