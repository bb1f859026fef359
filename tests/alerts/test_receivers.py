"""What alerts make of deliveries and receipts."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection

from alerts import escalation, lifecycle
from alerts.enums import AlertStatus, EventKind, LogKind
from alerts.models import Alert, AlertEvent
from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from notifications.outbox import Outcome
from tests.conftest import MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """An alert about which Robin is being sent an e-mail."""
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)
    return alert, outbox.claim("email", limit=1, at=NOON, lease_seconds=60)[0]


def events(alert):
    return list(AlertEvent.objects.filter(alert=alert).order_by("id").values_list("kind", flat=True))


def test_a_settled_delivery_is_on_the_live_feed(told):
    alert, delivery = told

    outbox.settle([Outcome(delivery, DeliveryStatus.SENT)], at=NOON)

    assert events(alert)[-1] == EventKind.DELIVERY
    assert not alert.log.filter(kind=LogKind.DELIVERY).exists()


def test_a_delivery_given_up_is_on_record(told):
    alert, delivery = told

    outbox.settle([Outcome(delivery, DeliveryStatus.DEAD, error="no such mailbox")], at=NOON)

    assert alert.log.get(kind=LogKind.DELIVERY).detail == {
        "recipient": "Robin Vale", "transport": "email", "status": "dead", "error": "no such mailbox", "instead": None,
    }  # fmt: skip


def test_acceptance_by_a_provider_is_not_delivery(told):
    alert, delivery = told

    outbox.settle([Outcome(delivery, DeliveryStatus.SENT)], at=NOON)

    alert.refresh_from_db()
    assert alert.status == AlertStatus.PENDING


@pytest.mark.parametrize("status", ["delivered", "seen"])
def test_a_receipt_moves_the_alert_and_names_the_person(told, status):
    alert, delivery = told

    outbox.receive(delivery.pk, status=DeliveryStatus(status), at=NOON + MINUTE, detail="the app said so")

    alert.refresh_from_db()
    entry = alert.log.get(kind=LogKind.STATUS)
    assert (alert.status, entry.actor) == (status.upper(), "Robin Vale")
    assert entry.detail["evidence"] == "the app said so"


def test_a_late_receipt_leaves_the_alert_alone(told, user):
    alert, delivery = told
    lifecycle.resolve(alert, by=user, at=NOON)

    outbox.receive(delivery.pk, status=DeliveryStatus.SEEN, at=NOON + MINUTE)

    alert.refresh_from_db()
    assert alert.status == AlertStatus.RESOLVED


def test_a_bundles_receipt_moves_every_alert_that_it_tells():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source", "type"])
    for subject in ("a", "b", "c"):
        raise_alert(at=NOON, subject=subject)
        escalation.advance_due(at=NOON)
    escalation.advance_due(at=NOON + MINUTE)
    bundle = Delivery.objects.get(notification__reason="bundle")

    outbox.receive(bundle.pk, status=DeliveryStatus.DELIVERED, at=NOON + MINUTE)

    assert dict(Alert.objects.values_list("subject", "status")) == {"a": "PENDING", "b": "DELIVERED", "c": "DELIVERED"}


def test_messages_about_alerts_that_are_gone_are_settled(told):
    alert, delivery = told
    alert.delete()

    assert outbox.settle([Outcome(delivery, DeliveryStatus.DEAD, error="gone")], at=NOON)


@pytest.mark.django_db(transaction=True)
def test_acknowledging_and_settling_at_once_do_not_wait_for_each_other(settings):
    settings.SENTINEL_STORM_MESSAGES = 0
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    user = User.objects.create_user("dana")
    for number in range(25):
        alert = raise_alert(at=NOON, subject=str(number))
        escalation.advance_due(at=NOON)
        (delivery,) = outbox.claim("email", limit=1, at=NOON, lease_seconds=60)
        work = [
            partial(lifecycle.acknowledge, alert, by=user, at=NOON),
            partial(outbox.settle, [Outcome(delivery, DeliveryStatus.DEAD, error="gone")], at=NOON),
            partial(outbox.receive, delivery.pk, status=DeliveryStatus.DELIVERED, at=NOON),
        ]
        with ThreadPoolExecutor(3) as threads:
            for done in [threads.submit(_then_close, each) for each in work]:
                done.result()

    assert set(Alert.objects.values_list("status", flat=True)) == {"ACKNOWLEDGED"}


def _then_close(call):
    try:
        return call()
    finally:
        connection.close()


def test_who_opens_a_bundle_has_not_seen_what_it_does_not_tell():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(stops_at="SEEN", seen_hold_seconds=None), group_attributes=["source"])
    for subject in "012":
        raise_alert(at=NOON + MINUTE, subject=subject)
        escalation.advance_due(at=NOON + MINUTE)
    escalation.advance_due(at=NOON + 2 * MINUTE)
    late = raise_alert(at=NOON + 3 * MINUTE, subject="late")
    escalation.advance_due(at=NOON + 3 * MINUTE)

    outbox.receive(Delivery.objects.get(notification__reason="bundle").pk, status=DeliveryStatus.SEEN, at=NOON + 3 * MINUTE)

    late.refresh_from_db()
    assert (late.status, late.next_step_at) == (AlertStatus.PENDING, NOON + 4 * MINUTE)
    assert list(Alert.objects.filter(status=AlertStatus.SEEN).order_by("subject").values_list("subject", flat=True)) == ["1", "2"]
