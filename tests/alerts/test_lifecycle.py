"""Status moves forward only."""

import pytest

from alerts import board, describe, escalation, lifecycle, timeouts
from alerts.enums import AlertStatus, LogKind
from alerts.errors import IllegalTransition
from alerts.models import Alert
from notifications.models import Delivery, Notification
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60, 120))
    return raise_alert(at=NOON)


def call_everyone():
    for minute in range(10):
        escalation.advance_due(at=NOON + minute * MINUTE)


def test_the_same_status_again_is_quiet(alert, user):
    first = lifecycle.acknowledge(alert, by=user, at=NOON)
    again = lifecycle.acknowledge(alert, by=None, at=NOON + MINUTE)

    assert (again.acknowledged_by, again.acknowledged_at) == (first.acknowledged_by, NOON)
    assert alert.log.filter(kind=LogKind.STATUS).count() == 1


def test_backwards_is_refused(alert, user):
    lifecycle.acknowledge(alert, by=user, at=NOON)

    with pytest.raises(IllegalTransition) as refused:
        lifecycle.mark_seen(alert, by=user, at=NOON)

    assert refused.value.current == AlertStatus.ACKNOWLEDGED


def test_a_late_receipt_is_quiet(alert, user):
    lifecycle.resolve(alert, by=user, at=NOON)

    after = lifecycle.receipt(alert, AlertStatus.DELIVERED, by=None, at=NOON + MINUTE, detail={})

    assert after.status == AlertStatus.RESOLVED


def test_resolution_is_told_to_whoever_was_told(alert, user):
    escalation.advance_due(at=NOON)
    Notification.objects.get().deliveries.update(attempts=1, status="sent")

    lifecycle.resolve(alert, by=user, at=NOON + MINUTE, resolution="help_sent")

    assert list(Notification.objects.order_by("id").values_list("reason", flat=True)) == ["first", "resolved"]


def test_an_unanswered_alert_expires_and_that_is_told(alert):
    call_everyone()
    Delivery.objects.update(attempts=1, status="sent")

    assert timeouts.expire_due(at=NOON + 2 * HOUR) == 1

    alert.refresh_from_db()
    assert (alert.status, alert.next_step_at, alert.deadline_at) == (AlertStatus.EXPIRED, None, None)
    assert Notification.objects.filter(reason="expired").count() == 1


def test_seen_and_left_tells_the_last_resort_and_then_expires(alert, user):
    call_everyone()
    Alert.objects.update(unanswered=False)
    lifecycle.mark_seen(alert, by=user, at=NOON + HOUR)

    timeouts.expire_due(at=NOON + 5 * HOUR)
    alert.refresh_from_db()
    assert (alert.status, alert.unanswered) == (AlertStatus.SEEN, True)

    timeouts.expire_due(at=NOON + 6 * HOUR)
    alert.refresh_from_db()
    assert alert.status == AlertStatus.EXPIRED


def test_acknowledged_and_left_calls_again_until_acknowledged_again(alert, user):
    lifecycle.acknowledge(alert, by=user, at=NOON + HOUR)

    timeouts.expire_due(at=NOON + 3 * HOUR)
    escalation.advance_due(at=NOON + 3 * HOUR)
    again = lifecycle.acknowledge(alert, by=user, at=NOON + 3 * HOUR + MINUTE)

    assert (again.status, again.next_step_at, again.round) == (AlertStatus.ACKNOWLEDGED, None, 2)
    assert again.deadline_at == NOON + 5 * HOUR + MINUTE
    assert alert.log.filter(kind=LogKind.REAFFIRMED).count() == 1


def test_acknowledged_and_left_is_resolved_when_the_policy_says_so(user):
    make_source(policy=make_policy(ack_timeout_action="resolve"))
    alert = raise_alert(at=NOON)
    lifecycle.acknowledge(alert, by=user, at=NOON)

    timeouts.expire_due(at=NOON + 2 * HOUR)

    alert.refresh_from_db()
    assert (alert.status, alert.resolution) == (AlertStatus.RESOLVED, "auto")


def test_seen_holds_the_fall_policy_for_two_minutes(user):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Fall", 0, 120, 300, stops_at="SEEN", seen_hold_seconds=120))
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    seen = lifecycle.mark_seen(alert, by=user, at=NOON + 30 * SECOND)

    assert seen.next_step_at == NOON + 150 * SECOND
    steps = board.one(alert.pk, at=NOON + 30 * SECOND)[1]["steps"]
    assert [step["planned_at"] for step in steps[:3]] == [describe.instant(NOON + seconds * SECOND) for seconds in (0, 150, 300)]


def test_acknowledged_again_after_the_last_call_it_does_not_expire(alert, user):
    lifecycle.acknowledge(alert, by=user, at=NOON)
    timeouts.expire_due(at=NOON + 2 * HOUR)
    for minute in range(30):
        escalation.advance_due(at=NOON + 2 * HOUR + minute * MINUTE)
    Alert.objects.filter(pk=alert.pk).update(next_step_at=None)

    again = lifecycle.acknowledge(alert, by=user, at=NOON + 3 * HOUR)

    assert (again.unanswered, again.deadline_at) == (False, NOON + 5 * HOUR)


def test_an_unanswered_alert_that_is_taken_is_answered(alert, user):
    call_everyone()

    taken = lifecycle.acknowledge(alert, by=user, at=NOON + 10 * MINUTE)

    assert (taken.unanswered, taken.log.filter(kind=LogKind.REAFFIRMED).exists()) == (False, False)


def test_several_are_resolved_together_each_with_its_note_and_the_closed_are_left(alert, user):
    others = [raise_alert(dedup_key=f"another {n}", at=NOON) for n in range(2)]
    lifecycle.resolve(others[1], by=user, at=NOON)

    resolved = lifecycle.resolve_all(
        [(each, f"note {each.pk}") for each in (alert, *others)], by=None, at=NOON + MINUTE, resolution="recovered"
    )

    assert resolved == 2
    assert [Alert.objects.get(pk=each.pk).resolution for each in (alert, *others)] == ["recovered", "recovered", "handled"]
    assert alert.log.get(kind=LogKind.STATUS).detail["note"] == f"note {alert.pk}"
