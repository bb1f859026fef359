"""Administrators hear beforehand that a P1 would reach nobody."""

import pytest

from alerts import intake, reach_alerts, routing
from alerts.enums import AlertStatus
from alerts.models import Alert
from notifications.models import ContactMethod
from tests.conftest import HOUR, NOON
from tests.factories import make_policy, make_recipient, make_schedule, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def house():
    """Sentinel's own source tells one person who can always be told; the policy Nights has a schedule."""
    routing.forget()
    make_recipient("Boss", groups=["admins"])
    make_source(intake.OWN_SOURCE, policy=make_policy("Own", groups=["admins"]), kind="monitoring")


def nights(**layer):
    policy = make_policy("Nights", groups=())
    policy.steps.get().schedules.add(make_schedule("Nights", make_recipient("Night"), layer={"kind": "daily", **layer}))
    source = make_source("probe")
    source.policy = policy
    source.save()


def raised():
    return list(Alert.objects.values_list("subject", "severity", "status"))


def test_a_gap_later_today_raises_one_alert(house):
    nights(hours_from="08:00", hours_until="20:00")

    for minute in range(3):
        reach_alerts.check(at=NOON + minute * HOUR)

    assert raised() == [("Nights", "high", "PENDING")]


def test_a_gap_that_is_now_is_critical(house):
    nights()
    ContactMethod.objects.filter(recipient__name="Night").delete()

    reach_alerts.check(at=NOON)

    assert raised() == [("Nights", "critical", "PENDING")]


def test_the_same_alert_becomes_more_urgent_when_the_gap_comes_near(house):
    nights(weekdays=[0, 1, 2])  # NOON is a Monday; Thursday is the first day without

    for day in range(4):
        reach_alerts.check(at=NOON + day * 24 * HOUR)
        reach_alerts.check(at=NOON + day * 24 * HOUR)

    repeats = Alert.objects.values_list("subject", "severity", "priority", "occurrences")
    assert list(repeats) == [("Nights", "critical", 1, 3)]


def test_the_alert_is_closed_when_somebody_can_be_told(house):
    nights()
    ContactMethod.objects.filter(recipient__name="Night").update(active=False)
    reach_alerts.check(at=NOON)

    ContactMethod.objects.update(active=True)

    assert (reach_alerts.check(at=NOON + HOUR), [status for _, _, status in raised()]) == (0, [AlertStatus.RESOLVED])
