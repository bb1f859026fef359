"""Who is told next, and when."""

import pytest

from alerts import escalation, lifecycle, silences, timeouts
from alerts.enums import LogKind
from alerts.models import Alert, PolicySnapshot, Route, Silence, StepClaim
from notifications.enums import DeliveryStatus
from notifications.models import Delivery, Notification
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_schedule, make_source, raise_alert

pytestmark = pytest.mark.django_db
FALL_DELAYS = (0, 120, 300, 600, 1200, 1800)


def log_kinds(alert):
    return list(alert.log.values_list("kind", flat=True))


def test_first_step_is_taken_at_once():
    robin = make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON)

    assert escalation.advance_due(at=NOON) == 1

    delivery = Delivery.objects.get()
    assert (delivery.notification.recipient, delivery.notification.reason, delivery.status) == (robin, "first", "queued")
    assert log_kinds(alert) == [LogKind.RAISED, LogKind.STEP]


def test_every_step_is_taken_in_order_at_its_time():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Fall", *FALL_DELAYS))
    alert = raise_alert(at=NOON)

    for second in range(1801):
        escalation.advance_due(at=NOON + second * SECOND)

    claims = StepClaim.objects.filter(alert=alert).order_by("id")
    assert [(claim.step, (claim.at - NOON).total_seconds()) for claim in claims] == list(enumerate(map(float, FALL_DELAYS)))
    assert Notification.objects.count() == 6


def test_after_an_outage_the_highest_due_step_speaks_to_everyone_missed():
    make_recipient("Robin Vale", groups=["oncall"])
    make_source(policy=make_policy("Fall", *FALL_DELAYS))
    alert = raise_alert(at=NOON)

    escalation.advance_due(at=NOON + 31 * MINUTE)

    assert list(StepClaim.objects.filter(alert=alert).order_by("step").values_list("step", flat=True)) == [0, 1, 2, 3, 4, 5]
    assert Notification.objects.get().step == 5
    assert alert.log.get(kind=LogKind.SKIPPED).detail == {"steps": [0, 1, 2, 3, 4]}


def test_something_is_said_after_the_last_step():
    make_recipient("Robin Vale", groups=["oncall"])
    dana = make_recipient("Dana Reed", groups=["director"])
    make_source(policy=make_policy("Calls", 0, 60, last_resort=["director"], last_resort_after_seconds=120, repeat_seconds=300))
    alert = raise_alert(at=NOON)

    for minute in range(0, 20):
        escalation.advance_due(at=NOON + minute * MINUTE)

    alert.refresh_from_db()
    assert alert.unanswered
    assert list(Notification.objects.filter(recipient=dana).values_list("reason", flat=True)) == ["unanswered"]
    assert list(Notification.objects.order_by("id").values_list("step", flat=True)) == [0, 1, 2, 3, 4, 5]


def test_a_step_that_reaches_nobody_passes_to_the_next_at_once():
    dana = make_recipient("Dana Reed", groups=["director"])
    policy = make_policy("Calls", 0, 900)
    policy.steps.last().groups.set(dana.groups.all())
    make_source(policy=policy)
    alert = raise_alert(at=NOON)

    escalation.advance_due(at=NOON)
    escalation.advance_due(at=NOON)

    assert Notification.objects.get().recipient == dana
    assert log_kinds(alert) == [LogKind.RAISED, LogKind.EMPTY_STEP, LogKind.STEP]


def test_a_step_tells_whoever_is_on_call_when_it_is_taken_and_passes_on_when_nobody_is():
    robin, nights = make_recipient("Robin Vale"), make_schedule("Nights")
    policy = make_policy("Calls", 0, 900, groups=())
    for step in policy.steps.all():
        step.schedules.set([nights])
    policy.steps.last().schedules.set([make_schedule("Days", robin)])
    make_source(policy=policy)
    alert = raise_alert(at=NOON)

    escalation.advance_due(at=NOON)
    escalation.advance_due(at=NOON)

    assert Notification.objects.get().recipient == robin
    assert log_kinds(alert) == [LogKind.RAISED, LogKind.EMPTY_STEP, LogKind.STEP]
    assert alert.log.get(kind=LogKind.EMPTY_STEP).detail["unreachable"] == ["Nights has nobody on call"]


def test_nobody_at_all_is_tried_again_and_again():
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON)
    for _ in range(3):
        escalation.advance_due(at=NOON)

    make_recipient(groups=["oncall"])
    escalation.advance_due(at=NOON + 5 * MINUTE)

    alert.refresh_from_db()
    assert (alert.unanswered, Delivery.objects.count()) == (True, 1)


def test_acknowledge_stops_escalation(user):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60))
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    lifecycle.acknowledge(alert, by=user, at=NOON + 30 * SECOND)
    taken = escalation.advance_due(at=NOON + HOUR)

    alert.refresh_from_db()
    assert (taken, alert.status, alert.next_step_at, alert.acknowledged_by) == (0, "ACKNOWLEDGED", None, "Robin Vale")
    assert Delivery.objects.get().status == DeliveryStatus.CANCELLED


def test_the_minimum_gap_holds_after_an_outage():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Fall", *FALL_DELAYS))
    alert = raise_alert(at=NOON)

    escalation.advance_due(at=NOON + 299 * SECOND)

    alert.refresh_from_db()
    assert alert.next_step_at == NOON + 359 * SECOND


def test_a_repeat_with_a_higher_priority_starts_its_policy_again():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON, severity="low", dedup_key="disk")
    escalation.advance_due(at=NOON)

    raise_alert(at=NOON + MINUTE, severity="critical", dedup_key="disk")
    escalation.advance_due(at=NOON + MINUTE)

    alert.refresh_from_db()
    assert (alert.priority, alert.round, alert.occurrences, Notification.objects.count()) == (1, 2, 2, 2)


@pytest.mark.parametrize("severity", ["critical", "high"])
def test_a_more_urgent_alert_does_not_wait_for_a_group(severity):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source", "type"])
    raise_alert(at=NOON, subject="a", severity="low")
    escalation.advance_due(at=NOON)

    urgent = raise_alert(at=NOON, subject="b", severity=severity)
    escalation.advance_due(at=NOON)

    assert Notification.objects.get(thread=urgent.thread).reason == "first"


def test_p1_alerts_are_told_one_by_one():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source", "type"])
    for subject in ("a", "b", "c"):
        raise_alert(at=NOON, subject=subject, severity="critical")

    escalation.advance_due(at=NOON)

    assert list(Notification.objects.values_list("reason", flat=True)) == ["first"] * 3


def test_followers_of_a_group_are_told_in_one_bundle():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source", "type"])
    for subject in ("a", "b", "c"):
        raise_alert(at=NOON, subject=subject)
        escalation.advance_due(at=NOON)

    escalation.advance_due(at=NOON + MINUTE)

    told = Notification.objects.order_by("id").values_list("reason", flat=True)
    assert list(told) == ["first", "bundle"]
    assert len(Notification.objects.get(reason="bundle").context["alerts"]) == 2


def test_after_an_outage_longer_than_its_life_an_alert_is_called_out_before_it_expires():
    make_recipient("Robin Vale", groups=["oncall"])
    make_source(policy=make_policy("Fall", *FALL_DELAYS, expires_after_seconds=7200))
    alert = raise_alert(at=NOON)

    timeouts.expire_due(at=NOON + 3 * HOUR)  # the runners come back in any order
    escalation.advance_due(at=NOON + 3 * HOUR)
    timeouts.expire_due(at=NOON + 3 * HOUR)

    alert.refresh_from_db()
    assert (alert.status, Delivery.objects.get().status) == ("PENDING", DeliveryStatus.QUEUED)
    for minute in range(1, 16):
        escalation.advance_due(at=NOON + 3 * HOUR + minute * MINUTE)
    timeouts.expire_due(at=NOON + 3 * HOUR + 15 * MINUTE)
    alert.refresh_from_db()
    assert alert.status == "EXPIRED"


def test_a_step_on_time_does_not_put_off_the_expiry():
    make_recipient("Robin Vale", groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60, expires_after_seconds=120))
    alert = raise_alert(at=NOON)

    for second in (0, 60, 120):
        escalation.advance_due(at=NOON + second * SECOND)

    assert timeouts.expire_due(at=NOON + 120 * SECOND) == 1
    alert.refresh_from_db()
    assert alert.status == "EXPIRED"


def test_an_acknowledgement_leaves_the_bundle_of_those_nobody_took(user):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source"], severity="medium")
    _first, *followers = [raise_alert(at=NOON, subject=str(n)) for n in range(3)]
    for second in (0, 60, 360):  # alone, the bundle, the bundle's last resort, which reaches nobody
        escalation.advance_due(at=NOON + second * SECOND)
    followers[0].refresh_from_db()

    Alert.objects.filter(pk=followers[1].pk).update(next_step_at=None)
    lifecycle.acknowledge(followers[0], by=user, at=NOON + 7 * MINUTE)

    assert Delivery.objects.get(notification__reason="bundle").status == DeliveryStatus.QUEUED


def test_a_silenced_alert_that_is_pushed_by_hand_keeps_its_pace(user):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60))
    Silence.objects.create(matchers=["source=probe"], reason="works", starts_at=NOON, ends_at=NOON + HOUR)
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    escalation.escalate_now(alert, by=user, at=NOON + 10 * MINUTE)
    escalation.advance_due(at=NOON + 10 * MINUTE)

    alert.refresh_from_db()
    assert (alert.next_step_at, alert.round_started_at, alert.deadline_at) == (NOON + HOUR, NOON + HOUR, NOON + 3 * HOUR)


def test_who_looks_at_a_silenced_alert_does_not_start_its_time_out(user):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60, seen_timeout_seconds=600))
    works = Silence.objects.create(matchers=["source=probe"], reason="works", starts_at=NOON, ends_at=NOON + HOUR)
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    lifecycle.mark_seen(alert, by=user, at=NOON + MINUTE)

    assert timeouts.next_at()[1] == NOON + 70 * MINUTE
    silences.end(works, at=NOON + 2 * MINUTE)
    assert timeouts.next_at()[1] == NOON + 12 * MINUTE


def test_a_bundle_is_cancelled_when_all_it_tells_are_taken(user):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source"], severity="medium")
    alerts = [raise_alert(at=NOON, subject=str(n)) for n in range(3)]
    for second in (0, 60):
        escalation.advance_due(at=NOON + second * SECOND)

    for alert in alerts:
        lifecycle.acknowledge(alert, by=user, at=NOON + 2 * MINUTE)

    assert Delivery.objects.get(notification__reason="bundle").status == DeliveryStatus.CANCELLED


def test_a_step_that_was_taken_is_not_taken_again():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60))
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    Alert.objects.filter(pk=alert.pk).update(step=0, next_step_at=NOON)
    escalation.advance_due(at=NOON)

    alert.refresh_from_db()
    assert (log_kinds(alert).count(LogKind.STEP), alert.step, alert.told) == (1, 1, 1)


def test_an_alert_whose_step_fails_is_put_back_and_stops_no_other():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    broken, good = raise_alert(at=NOON, subject="a"), raise_alert(at=NOON, subject="b")
    snapshot = PolicySnapshot.objects.create(digest="broken", name="Broken", document={})
    Alert.objects.filter(pk=broken.pk).update(policy=snapshot)

    escalation.advance_due(at=NOON)

    broken.refresh_from_db()
    assert (broken.next_step_at, log_kinds(broken)) == (NOON + MINUTE, [LogKind.RAISED, LogKind.STEP_FAILED])
    assert Notification.objects.get().thread == good.thread


def test_a_higher_priority_brings_its_own_policy():
    make_source(policy=make_policy("Calm"))
    Route.objects.create(matchers=["severity=critical"], policy=make_policy("Urgent"))
    alert = raise_alert(at=NOON, severity="low", dedup_key="it")

    raise_alert(at=NOON + MINUTE, severity="critical", dedup_key="it")

    alert.refresh_from_db()
    assert (alert.policy.name, alert.priority, alert.round) == ("Urgent", 1, 2)


def test_a_priority_is_never_lowered():
    make_source(policy=make_policy())
    alert = raise_alert(at=NOON, severity="high")

    assert not escalation.raise_priority(alert.pk, alert.policy, priority=3, severity="low", at=NOON)

    alert.refresh_from_db()
    assert (alert.priority, alert.severity, alert.round) == (2, "high", 1)
