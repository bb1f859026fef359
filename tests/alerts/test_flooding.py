"""A source that raises alerts without end is told of once; every one of its alerts is kept and told."""

import pytest

from alerts import flooding, intake, lifecycle, routing
from alerts.enums import Resolution
from alerts.escalation import advance_due
from alerts.models import Alert, Report
from notifications.models import Delivery, Notification
from tests.conftest import MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_source, report

pytestmark = pytest.mark.django_db
MANY = 3000
LIMIT = 20


@pytest.fixture(autouse=True)
def house():
    routing.forget()
    make_recipient("Boss", groups=["admins"])
    make_source(intake.OWN_SOURCE, policy=make_policy("Own", groups=["admins"]), kind="monitoring")


def flood(count, *, at=NOON, source="probe"):
    """So many reports that differ in a label of which the source makes its alerts."""
    reports = [report(source, subject=f"{at:%H%M}-{number}", raw=f'{{"number":{number}}}') for number in range(count)]
    for start in range(0, count, intake.MAX_BATCH):
        intake.accept(reports[start : start + intake.MAX_BATCH], at=at)


def told():
    return list(Alert.objects.filter(type=flooding.TYPE).order_by("pk").values_list("title", "status", "occurrences"))


def test_thousands_of_distinct_alerts_are_one_alert_to_people_and_none_is_lost():
    make_source("probe", flood_limit=LIMIT)
    flood(MANY)

    assert [flooding.watch(at=NOON), flooding.watch(at=NOON + MINUTE)] == [1, 1]

    assert told() == [("Probe floods: 3,000 new alerts in 5 minutes", "PENDING", 1)]
    assert (Alert.objects.filter(source__slug="probe").count(), Report.objects.filter(source_slug="probe").count()) == (MANY, MANY)
    assert "type generic (3,000). Its limit is 20." in Alert.objects.get(type=flooding.TYPE).description


def test_as_many_as_the_limit_are_no_flood():
    make_source("probe", flood_limit=LIMIT)
    flood(LIMIT)

    assert (flooding.watch(at=NOON), told()) == (0, [])


def test_a_limit_of_nothing_is_none():
    make_source("probe", flood_limit=0)
    flood(2 * LIMIT)

    assert (flooding.watch(at=NOON), told()) == (0, [])


def test_it_ends_when_the_flood_is_over_and_says_how_many_there_were():
    make_source("probe", flood_limit=LIMIT)
    flood(30)
    flooding.watch(at=NOON)
    flood(40, at=NOON + 4 * MINUTE)
    flooding.watch(at=NOON + 6 * MINUTE)

    assert flooding.watch(at=NOON + 10 * MINUTE) == 0

    alert = Alert.objects.get(type=flooding.TYPE)
    assert (alert.status, alert.resolution) == ("RESOLVED", "recovered")
    assert "70 alerts were raised since" in str(list(alert.log.values_list("detail", flat=True)))


def test_who_closes_it_is_told_again_a_window_later_at_the_earliest():
    make_source("probe", flood_limit=LIMIT)
    flood(30)
    flooding.watch(at=NOON)
    lifecycle.resolve(Alert.objects.get(type=flooding.TYPE), by=None, at=NOON, resolution=Resolution.HANDLED)

    flooding.watch(at=NOON + MINUTE)
    assert len(told()) == 1

    flood(30, at=NOON + 6 * MINUTE)
    flooding.watch(at=NOON + 6 * MINUTE)
    assert [status for _, status, _ in told()] == ["RESOLVED", "PENDING"]


def test_where_lives_depend_each_alert_of_a_flood_is_told_by_itself():
    make_source("probe", flood_limit=LIMIT, life_safety=True, group_attributes=["source"], policy=make_policy("Calls", groups=["admins"]))
    flood(30)

    flooding.watch(at=NOON)
    while advance_due(at=NOON):
        pass

    threads = set(Notification.objects.filter(thread__startswith="alert:").values_list("thread", flat=True))
    assert threads == {f"alert:{pk}" for pk in Alert.objects.values_list("pk", flat=True)}
    assert Delivery.objects.count() == 31


def test_a_person_gets_few_messages_about_a_flood():
    make_source("probe", flood_limit=LIMIT, severity="medium", group_attributes=["source"], policy=make_policy("Calls", groups=["admins"]))
    flood(300)

    flooding.watch(at=NOON)
    while advance_due(at=NOON):
        pass
    while advance_due(at=NOON + 2 * MINUTE):
        pass

    assert Delivery.objects.count() < 15
    assert not Alert.objects.filter(source__slug="probe", group=None).exists()
