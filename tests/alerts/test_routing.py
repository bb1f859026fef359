"""Which policy and priority a report gets."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from alerts import routing
from alerts.errors import ConfigurationError
from alerts.models import Route
from tests.conftest import NOON, SECOND
from tests.factories import make_policy, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source(policy=make_policy("Default"))


def where(*, at=NOON, **fields):
    """The policy's name and the priority of the alert that a report becomes."""
    alert = raise_alert(at=at, **fields)
    return alert.policy.name, alert.priority


def test_the_catch_all_takes_what_nobody_wants(source):
    assert where(severity="low") == ("Default", 4)


def test_the_first_match_decides(source):
    Route.objects.create(position=2, matchers=["severity=critical"], policy=make_policy("Second"))
    Route.objects.create(position=1, matchers=['room=~"1.*"', "severity=critical"], policy=make_policy("First"))

    assert where(severity="critical", labels={"room": "12"}) == ("First", 1)
    assert where(severity="critical", labels={"room": "21"}, subject="b") == ("Second", 1)


def test_continue_lets_a_later_match_win_and_keeps_the_priority(source):
    Route.objects.create(position=1, matchers=["type=disk"], policy=make_policy("First"), priority=2, continues=True)
    Route.objects.create(position=2, matchers=["severity=low"], policy=make_policy("Second"))

    assert where(type="disk", severity="low") == ("Second", 2)


def test_a_route_may_change_the_priority_alone(source):
    Route.objects.create(position=1, matchers=["type=disk"], priority=1)

    assert where(type="disk", severity="low") == ("Default", 1)


def test_a_source_s_own_policy_comes_before_the_catch_all_only(source):
    source.policy = make_policy("Own")
    source.save()
    Route.objects.create(position=1, matchers=["severity=critical"], policy=make_policy("Loud"))

    assert where(severity="low") == ("Own", 4)
    assert where(severity="critical") == ("Loud", 1)


def test_a_route_of_another_source_and_one_switched_off_do_not_count(source):
    other = make_source("other")
    Route.objects.create(position=1, source=other, policy=make_policy("Other"))
    Route.objects.create(position=2, policy=make_policy("Off"), enabled=False)

    assert where() == ("Default", 3)
    assert where(source="other") == ("Other", 3)


def test_a_route_that_cannot_be_read_stops_nothing(source):
    Route.objects.create(position=1, matchers=["(("], policy=make_policy("Broken"))

    assert where() == ("Default", 3)


def test_a_running_alert_keeps_the_policy_it_was_raised_with(source):
    alert = raise_alert(at=NOON)

    source.policy = make_policy("New")
    source.save()
    again = raise_alert(at=NOON)

    assert (again.pk, again.policy.name) == (alert.pk, "Default")


def test_without_a_catch_all_the_error_says_what_to_do(source):
    Route.objects.all().delete()
    routing.forget()

    with pytest.raises(ConfigurationError, match="bootstrap"):
        raise_alert(at=NOON)


def test_a_table_with_a_snapshot_that_was_rolled_back_is_not_kept(transactional_db):
    make_source(policy=make_policy())
    with transaction.atomic():
        routing.table()
        transaction.set_rollback(True)

    with transaction.atomic():
        alert = raise_alert(at=NOON)

    assert alert.policy.name == "Calls"


NIGHT = {"hours_from": time(22), "hours_until": time(6), "time_zone": "Europe/Paris"}


def policy_at(at):
    """The policy that the routing table, read once and kept, chooses at ``at``."""
    table = routing.table()
    source = table.sources["probe"]
    labels = routing.labels_of(source="probe", type="x", severity="low", subject="", labels={})
    return table.choose(source, labels, "low", at=at).snapshot.name


def test_a_route_counts_in_its_hours_only(source):
    Route.objects.create(position=1, policy=make_policy("Night"), priority=1, **NIGHT)
    begins = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)

    assert where(at=begins - SECOND, subject="a", severity="low") == ("Default", 4)
    assert where(at=begins, subject="b", severity="low") == ("Night", 1)


def test_what_the_table_remembers_ends_with_the_hours(source):
    Route.objects.create(position=1, policy=make_policy("Night"), **NIGHT)
    begins, ends = datetime(2026, 3, 2, 21, 0, tzinfo=UTC), datetime(2026, 3, 3, 5, 0, tzinfo=UTC)

    found = [policy_at(at) for at in (begins - SECOND, begins, ends - SECOND, ends, begins, begins - SECOND)]

    assert found == ["Default", "Night", "Night", "Default", "Night", "Default"]


def test_hours_follow_the_clocks_of_the_route_s_zone(source):
    Route.objects.create(position=1, policy=make_policy("Night"), **NIGHT)
    spring = datetime(2026, 3, 29, tzinfo=UTC)  # Paris is an hour ahead of UTC before 01:00 of this day, and two from then on

    found = [policy_at(spring + timedelta(hours=hours)) for hours in (-3, 3.99, 4, 19.99, 20)]

    assert found == ["Night", "Night", "Default", "Default", "Night"]


def test_a_night_belongs_to_the_weekday_it_begins_on(source):
    Route.objects.create(position=1, policy=make_policy("Friday"), weekdays=[4], **NIGHT)
    friday, saturday = datetime(2026, 3, 6, 23, tzinfo=UTC), datetime(2026, 3, 7, 4, tzinfo=UTC)

    assert [policy_at(at) for at in (friday, saturday, saturday + timedelta(hours=19))] == ["Friday", "Friday", "Default"]


def test_half_a_pair_of_hours_is_refused(source):
    with pytest.raises(ValidationError, match="give both or neither"):
        Route(hours_from=time(9), policy=make_policy("Day")).full_clean()
