"""That it is over is told to everyone who was told of it, and to nobody else: held back, flapping or bundled."""

import pytest

from alerts import escalation, lifecycle, sentences
from alerts.enums import LogKind
from alerts.models import Inhibition, Silence
from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Notification
from tests.conftest import HOUR, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


def run(*, at):
    while escalation.advance_due(at=at):
        pass
    for taken in outbox.claim("email", limit=99, at=at, lease_seconds=45):
        outbox.settle([outbox.Outcome(taken, DeliveryStatus.SENT)], at=at)


def over(alert, *, at):
    lifecycle.resolve(alert, by=None, at=at, resolution="recovered")
    return sorted(Notification.objects.filter(thread=alert.thread, reason="resolved").values_list("recipient__name", flat=True))


def house(**source):
    make_recipient("Robin Vale", groups=["oncall"])
    make_recipient("Kim Lind", groups=["second"])
    policy = make_policy("Calls", 0, 60)
    policy.steps.last().groups.set(list(make_policy("Other", groups=["second"]).steps.first().groups.all()))
    make_source(policy=policy, **source)


def test_what_was_never_told_is_not_told_to_be_over():
    house()
    Silence.objects.create(matchers=["source=probe"], reason="works", starts_at=NOON - HOUR, ends_at=NOON + HOUR)
    alert = raise_alert(at=NOON)
    run(at=NOON)

    assert over(alert, at=NOON + SECOND) == []
    assert sentences.of(alert.log.get(kind=LogKind.SUPPRESSED)) == "Held back: works."


def test_who_was_told_before_it_was_held_hears_the_end():
    house()
    Inhibition.objects.create(name="down", source_matchers=["type=down"], target_matchers=["type=disk"], wait_seconds=0)
    disk = raise_alert(at=NOON, type="disk")
    run(at=NOON)
    raise_alert(at=NOON + SECOND, type="down")
    run(at=NOON + 61 * SECOND)

    assert over(disk, at=NOON + 62 * SECOND) == ["Robin Vale"]


def test_everyone_who_heard_of_it_in_a_bundle_hears_the_end_and_nobody_of_what_was_not_told_yet():
    house(group_attributes=["source"], severity="medium")
    raise_alert(at=NOON, subject="1")
    run(at=NOON)
    second, third = raise_alert(at=NOON + SECOND, subject="2"), raise_alert(at=NOON + SECOND, subject="3")
    run(at=NOON + SECOND)
    run(at=NOON + 61 * SECOND)
    late = raise_alert(at=NOON + 70 * SECOND, subject="4")
    run(at=NOON + 70 * SECOND)

    assert Notification.objects.filter(reason="bundle").count() == 1
    assert over(late, at=NOON + 80 * SECOND) == []
    assert over(second, at=NOON + 90 * SECOND) == ["Robin Vale"]
    run(at=NOON + 125 * SECOND)
    assert over(third, at=NOON + 130 * SECOND) == ["Kim Lind", "Robin Vale"]
