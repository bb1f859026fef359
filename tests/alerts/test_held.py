"""Alerts whose people want to be told later: by a rule's delay, or after quiet hours."""

from datetime import time

import pytest

from alerts import escalation, lifecycle, sentences, timeouts
from alerts.enums import LogKind
from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery, Notification, NotificationRule
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
QUIET = {"quiet_from": time(10), "quiet_until": time(15)}


def outcome():
    return sorted(Delivery.objects.values_list("transport", "status"))


@pytest.fixture
def staged():
    robin = make_recipient(groups=["oncall"])
    make_method(robin, kind="webhook", address="https://hooks.example.org/1")
    NotificationRule.objects.create(recipient=robin, kind="email")
    NotificationRule.objects.create(recipient=robin, kind="webhook", delay_seconds=300)
    make_source(policy=make_policy())
    return robin


def test_an_answer_cancels_what_a_rule_delays(staged):
    alert = raise_alert(at=NOON, severity="high")
    escalation.advance_due(at=NOON)
    (taken,) = outbox.claim("email", limit=9, at=NOON, lease_seconds=45)
    outbox.settle([outbox.Outcome(taken, DeliveryStatus.SENT)], at=NOON + SECOND)

    lifecycle.acknowledge(alert, by=staged, at=NOON + MINUTE)

    assert outcome() == [("email", "sent"), ("webhook", "cancelled")]
    assert outbox.claim("webhook", limit=9, at=NOON + HOUR, lease_seconds=45) == []


def test_what_a_rule_delays_is_not_sent_before_its_time(staged):
    raise_alert(at=NOON, severity="high")
    escalation.advance_due(at=NOON)

    assert outbox.claim("webhook", limit=9, at=NOON + 299 * SECOND, lease_seconds=45) == []
    assert len(outbox.claim("webhook", limit=9, at=NOON + 300 * SECOND, lease_seconds=45)) == 1


def test_escalation_goes_on_while_quiet_hours_hold_everybody_back():
    make_recipient(groups=["oncall"], **QUIET)
    make_source(policy=make_policy("Calls", 0, 600))
    alert = raise_alert(at=NOON, severity="high")

    escalation.advance_due(at=NOON)
    escalation.advance_due(at=NOON + 10 * MINUTE)

    steps = list(alert.log.filter(kind=LogKind.STEP).order_by("id"))
    assert [entry.detail["step"] for entry in steps] == [0, 1]
    assert sentences.of(steps[0]).startswith("Step 1 “after 0” with 1 message. Held back by quiet hours: Robin Vale until 2026-03-02 15:00")
    assert set(Delivery.objects.values_list("next_attempt_at", flat=True)) == {NOON + 3 * HOUR}


def test_a_p1_comes_through_quiet_hours():
    make_recipient(groups=["oncall"], **QUIET)
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON, severity="critical")

    escalation.advance_due(at=NOON)

    assert (alert.priority, Delivery.objects.get().next_attempt_at) == (1, NOON)


def test_who_slept_through_an_alert_hears_that_it_expired():
    make_recipient(groups=["oncall"], **QUIET)
    make_source(policy=make_policy(expires_after_seconds=3600))
    raise_alert(at=NOON, severity="high")
    escalation.advance_due(at=NOON)
    escalation.advance_due(at=NOON + HOUR)

    timeouts.expire_due(at=NOON + HOUR)

    held = Delivery.objects.get(status="queued")
    assert (held.notification.reason, held.next_attempt_at) == ("expired", NOON + 3 * HOUR)
    assert Notification.objects.count() == 2


def test_who_slept_through_an_alert_that_was_resolved_hears_nothing():
    make_recipient(groups=["oncall"], **QUIET)
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON, severity="high")
    escalation.advance_due(at=NOON)

    lifecycle.resolve(alert, by=None, at=NOON + HOUR)

    assert outcome() == [("email", "cancelled")]
