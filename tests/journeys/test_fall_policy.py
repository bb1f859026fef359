"""The built-in policy for falls, from the first notice to the last, with time moved by hand."""

import pytest

from alerts import escalation, lifecycle, timeouts
from alerts.enums import AlertStatus, LogKind
from alerts.models import StepClaim
from notifications.models import Notification
from sentinel_site import bootstrap
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_recipient, raise_alert

pytestmark = pytest.mark.django_db
DELAYS = (0, 120, 300, 600, 1200, 1800)
LABELS = ("First notice", "Reminder 1", "Reminder 2", "Reminder 3", "URGENT reminder", "Maximum escalation")


@pytest.fixture
def people():
    """A freshly installed Sentinel with one person in each group."""
    bootstrap.run(admin_password="correct horse battery")
    return [make_recipient(name, groups=[group]) for name, group in (("Robin", "oncall"), ("Dana", "manager"), ("Kim", "director"))]


@pytest.fixture
def fall(people):
    return raise_alert(at=NOON, source="smarteye", type="fall", title="Fall in room 12", subject="cam-12")


def live_through(start, end):
    """What the watchdog does from ``start`` to ``end``, both included: it sleeps from one due time to the next."""
    at = start
    while at <= end:
        escalation.advance_due(at=at)
        timeouts.expire_due(at=at)
        soonest = [moment for moment in timeouts.next_at() if moment is not None]
        if not soonest:
            break
        at = max(at, min(soonest))


def told(alert):
    """(seconds, reason, name) of everything that was said about ``alert``, in order."""
    found = Notification.objects.filter(thread=alert.thread).order_by("created_at", "recipient__name")
    return [((note.created_at - NOON).total_seconds(), note.reason, note.recipient.name) for note in found]


def test_a_fall_takes_the_fall_policy(fall):
    assert (fall.policy.name, fall.priority, fall.life_safety, fall.next_step_at) == ("Fall", 1, True, NOON)


def test_all_six_steps_are_taken_in_order_each_at_its_second(fall):
    live_through(NOON, NOON + 1800 * SECOND)

    claims = StepClaim.objects.filter(alert=fall).order_by("id")
    said = Notification.objects.filter(thread=fall.thread).order_by("step", "recipient__name")
    assert [((claim.at - NOON).total_seconds(), claim.step) for claim in claims] == [(delay, step) for step, delay in enumerate(DELAYS)]
    assert list(dict.fromkeys(said.values_list("label", flat=True))) == list(LABELS)
    assert [name for at, _, name in told(fall) if at == 1800] == ["Dana", "Kim", "Robin"]


def test_after_a_stop_of_31_minutes_everyone_missed_is_told_at_once(fall):
    live_through(NOON + 31 * MINUTE, NOON + 31 * MINUTE)

    assert told(fall) == [(1860, "first", "Dana"), (1860, "first", "Kim"), (1860, "first", "Robin")]
    assert fall.log.get(kind=LogKind.SKIPPED).detail == {"steps": [0, 1, 2, 3, 4]}
    assert StepClaim.objects.filter(alert=fall).count() == 6


def test_a_stop_in_the_middle_skips_nothing_that_was_not_said(fall):
    live_through(NOON, NOON + 130 * SECOND)
    live_through(NOON + 32 * MINUTE, NOON + 32 * MINUTE)

    assert sorted(StepClaim.objects.filter(alert=fall).values_list("step", flat=True)) == [0, 1, 2, 3, 4, 5]
    assert [name for at, _, name in told(fall) if at == 1920] == ["Dana", "Kim", "Robin"]


def test_it_is_not_silent_after_the_last_step(fall):
    live_through(NOON, NOON + 2 * HOUR)

    fall.refresh_from_db()
    after = [(at, reason) for at, reason, name in told(fall) if name == "Kim" and at > 1800]
    assert after[0] == (2400, "unanswered")
    assert [at for at, reason in after if reason != "expired"] == list(range(2400, 7201, 600))
    assert (7200, "expired") in after
    assert (fall.status, fall.unanswered) == (AlertStatus.EXPIRED, True)


def test_who_saw_it_has_two_minutes_to_take_it(fall, user):
    live_through(NOON, NOON)

    lifecycle.mark_seen(fall, by=user, at=NOON + 30 * SECOND)
    live_through(NOON + 31 * SECOND, NOON + 200 * SECOND)

    assert [at for at, _, _ in told(fall)] == [0, 150]


def test_who_takes_it_ends_it(fall, user):
    live_through(NOON, NOON + 121 * SECOND)

    lifecycle.acknowledge(fall, by=user, at=NOON + 130 * SECOND)
    live_through(NOON + 131 * SECOND, NOON + HOUR)

    assert [at for at, _, _ in told(fall)] == [0, 120]


def test_who_takes_it_and_never_closes_it_is_reminded(fall, user):
    live_through(NOON, NOON)

    lifecycle.acknowledge(fall, by=user, at=NOON + MINUTE)
    live_through(NOON + 2 * MINUTE, NOON + MINUTE + 2 * HOUR)  # its two hours, from the acknowledgement

    assert told(fall)[-1][0] == 7260
