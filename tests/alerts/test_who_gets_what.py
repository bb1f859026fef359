"""Who gets what: the engine's answer for every source and severity."""

from datetime import time, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alerts import routing, who_gets_what
from alerts.models import Alert, Route
from notifications.models import ContactMethod, Delivery
from tests.callers import make_caller
from tests.conftest import NOON
from tests.factories import make_policy, make_recipient, make_schedule, make_source, raise_alert

pytestmark = pytest.mark.django_db
PAGE = "/admin/alerts/route/who-gets-what/"


@pytest.fixture
def house():
    make_recipient("Ada Byron", groups=["oncall"])
    make_recipient("Grace Hill", groups=["manager"])
    make_source(policy=make_policy("Calls"))
    return Route.objects.create(position=1, matchers=["severity=critical"], policy=make_policy("Loud", groups=["manager"]))


def table(at=NOON):
    return {
        (row.source.slug, cell.severity.value): (cell.policy, cell.priority, cell.reached)
        for row in who_gets_what.overview(at=at) for cell in row.cells
    }  # fmt: skip


def test_every_source_and_severity_has_its_way(house):
    make_source("camera", policy=None)

    found = table()

    assert found["probe", "critical"] == found["camera", "critical"] == ("Loud", 1, ["Grace Hill"])
    assert found["probe", "low"] == ("Calls", 4, ["Ada Byron"])
    assert len(found) == 10


def test_it_is_what_the_engine_then_does(house):
    found = table()

    for severity in ("critical", "high", "info"):
        alert = raise_alert(at=NOON, severity=severity, subject=severity)
        assert found["probe", severity][:2] == (alert.policy.name, alert.priority)


def test_the_hour_counts_for_routes_and_for_who_is_on_call(house):
    early, late = make_recipient("Early"), make_recipient("Late")
    nights = make_policy("Nights", groups=())
    nights.steps.get().schedules.add(make_schedule("Turns", early, late, layer={"kind": "daily"}))
    Route.objects.create(position=0, policy=nights, hours_from=time(22), hours_until=time(6), time_zone="UTC")
    midnight = NOON + timedelta(hours=12)

    people = {tuple(table(midnight + timedelta(days=day))["probe", "low"][2]) for day in range(2)}

    assert table()["probe", "low"][0] == "Calls"
    assert people == {("Early",), ("Late",)}


def test_routes_that_ask_about_labels_are_named_beside(house):
    room = Route.objects.create(position=0, matchers=["room=1", "severity=low"], policy=make_policy("Room"))

    (row,) = who_gets_what.overview(at=NOON)

    assert {cell.severity.value: [each.pk for each in cell.others] for cell in row.cells if cell.others} == {"low": [room.pk]}


def test_who_cannot_be_told_is_said_with_the_reason(house):
    ContactMethod.objects.filter(recipient__name="Ada Byron").update(active=False)

    (row,) = [who_gets_what.describe_row(each) for each in who_gets_what.overview(at=NOON)]

    (low,) = [cell for cell in row["severities"] if cell["severity"] == "low"]
    assert [(each["name"], each["methods"], bool(each["why_not"])) for each in low["first"]] == [("Ada Byron", [], True)]


def test_it_changes_nothing_and_costs_the_same_for_more_sources(house, django_assert_num_queries, django_assert_max_num_queries):
    table()  # stores the snapshots
    routing.forget()
    with django_assert_max_num_queries(30) as few:
        table()
    for number in range(3):
        make_source(f"source-{number}")
    routing.forget()

    with django_assert_num_queries(len(few)):
        table()
    assert (Alert.objects.count(), Delivery.objects.count()) == (0, 0)


def test_rest_answers_for_an_instant(house):
    caller = make_caller("alerts.view_escalationpolicy")

    answer = caller.read("/who-gets-what", at="2026-03-02T12:00:00Z").json()

    critical = answer["items"][0]["severities"][0]
    assert (answer["at"], answer["items"][0]["source"]) == ("2026-03-02T12:00:00.000Z", "probe")
    assert (critical["severity"], critical["priority"], critical["policy"], critical["route"]["id"]) == ("critical", "P1", "Loud", house.pk)
    assert caller.read("/who-gets-what", at="9999-01-01T00:00:00Z").status_code == 422
    assert make_caller("alerts.view_route", name="other").read("/who-gets-what").status_code == 403


def test_the_page_shows_it_for_now_and_for_an_instant(house):
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")

    now, then, wrong = (client.get(PAGE, query).content.decode() for query in ({}, {"at": "2026-03-02T12:00"}, {"at": "soon"}))

    assert "Grace Hill" in now
    assert "Monday 2 March 2026, 12:00" in then
    assert "Enter a valid date/time" in wrong


def test_whoever_may_not_see_policies_is_turned_away(db):
    client = Client()
    client.force_login(User.objects.create_user("staff", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(PAGE).status_code == 403
