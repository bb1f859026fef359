"""The simulation says what the engine then does, and changes nothing."""

from datetime import time, timedelta

import pytest

from alerts import escalation, simulation
from alerts.errors import UnknownSource
from alerts.models import Alert, Route, Silence
from alerts.simulation import Supposed
from notifications.models import Delivery
from tests.callers import make_caller
from tests.conftest import MINUTE, NOON
from tests.factories import make_method, make_policy, make_recipient, make_schedule, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """Two steps to the group oncall, the last resort to a manager, and a route by room."""
    make_recipient("Ada Byron", groups=["oncall"])
    make_recipient("Grace Hill", groups=["manager"])
    policy = make_policy("Calls", 0, 300, last_resort=["manager"])
    make_source(policy=policy)
    rooms = make_policy("Rooms", 60)
    return Route.objects.create(position=1, matchers=['room=~"1.*"'], policy=rooms, priority=2)


def steps(**supposed):
    found = simulation.describe_simulation(simulation.simulate(Supposed("probe", **supposed), at=NOON))
    return [(step["at"][11:19], step["reason"], [each["name"] for each in step["recipients"]]) for step in found["steps"]]


def test_every_step_is_said_with_its_time_and_people(house):
    assert steps()[:4] == [
        ("12:00:00", "first", ["Ada Byron"]), ("12:05:00", "reminder", ["Ada Byron"]), ("12:10:00", "unanswered", ["Grace Hill"]),
    ]  # fmt: skip


def test_the_engine_then_does_just_that(house):
    said = steps(labels={"room": "12"})

    raise_alert(at=NOON, labels={"room": "12"})
    for minute in range(125):
        escalation.advance_due(at=NOON + minute * MINUTE)

    told = Delivery.objects.order_by("queued_at").values_list("queued_at", "notification__reason", "notification__recipient__name")
    assert [(f"{at:%H:%M:%S}", reason, [name]) for at, reason, name in told] == [step for step in said if step[2]]


def test_the_route_decides_policy_and_priority(house):
    found = simulation.describe_simulation(simulation.simulate(Supposed("probe", labels={"room": "12"}), at=NOON))

    assert (found["policy"], found["priority"], found["route"]["id"]) == ("Rooms", "P2", house.pk)


def test_it_changes_nothing(house):
    silence = Silence.objects.create(matchers=["source=probe"], reason="Works", starts_at=NOON, ends_at=NOON + 10 * MINUTE)

    found = simulation.describe_simulation(simulation.simulate(Supposed("probe"), at=NOON))

    silence.refresh_from_db()
    assert (Alert.objects.count(), Delivery.objects.count(), silence.hits) == (0, 0, 0)
    assert (found["suppressed_by"][0]["reason"], found["steps"][0]["at"]) == ("Works", "2026-03-02T12:10:00.000Z")


def test_who_is_on_call_at_that_instant_is_asked(house):
    early, late = make_recipient("Early"), make_recipient("Late")
    policy = make_policy("Shifts", groups=())
    policy.steps.get().schedules.add(make_schedule("Nights", early, late, layer={"kind": "daily"}))
    Route.objects.create(position=0, matchers=["type=shift"], policy=policy)

    def first(at):
        return [call.name for call in simulation.simulate(Supposed("probe", type="shift"), at=at).turns[0].calls]

    assert {tuple(first(NOON)), tuple(first(NOON + timedelta(days=1)))} == {("Early",), ("Late",)}


def test_who_cannot_be_reached_is_said_with_the_reason(house):
    person = make_recipient("Mute", groups=["oncall"])
    person.contact_methods.all().delete()
    make_method(person, kind="sms", address="+33612345678", verified=False)

    found = simulation.describe_simulation(simulation.simulate(Supposed("probe"), at=NOON))

    assert found["steps"][0]["unreachable"] == [{"name": "Mute", "why": "has no contact method that is verified, active and working"}]


def test_an_open_alert_that_would_only_be_repeated_is_named(house):
    alert = raise_alert(at=NOON)

    found = simulation.describe_simulation(simulation.simulate(Supposed("probe"), at=NOON))

    assert found["repeats"] == {"id": str(alert.pk), "number": alert.number}


def test_an_unknown_source_is_refused(house):
    with pytest.raises(UnknownSource):
        simulation.simulate(Supposed("nobody"), at=NOON)


def test_it_is_asked_by_rest(house):
    caller = make_caller("alerts.view_escalationpolicy")

    found = caller.send("/simulate", {"source": "probe", "labels": {"room": "12"}, "at": "2026-03-02T12:00:00Z"})

    assert (found.status_code, found.json()["policy"], len(found.json()["steps"])) == (200, "Rooms", 2)


@pytest.mark.parametrize("body", [
    {"source": "nobody"}, {"source": "probe", "severity": "huge"}, {"source": "probe", "at": "soon"}, {"source": "probe", "lables": {}},
    {"source": "probe", "labels": {"a": 5}},
    {"source": "probe", "at": "9999-12-31T23:59:59Z"}, {"source": "probe", "at": "0001-01-01T00:00:00Z"},
])  # fmt: skip
def test_what_cannot_be_simulated_is_422(house, body):
    assert make_caller("alerts.view_escalationpolicy").send("/simulate", body).status_code == 422


def test_a_stranger_sees_nothing(house):
    caller = make_caller("alerts.report_alert")

    assert (caller.send("/simulate", {"source": "probe"}).status_code, caller.get("/api/v1/reachability").status_code) == (403, 403)


def test_every_route_that_was_asked_says_why_it_matched_or_not(house):
    first = Route.objects.create(position=0, matchers=["type=disk"], priority=3)
    night = Route.objects.create(position=0, matchers=[], priority=3, hours_from=time(22), hours_until=time(6), time_zone="UTC")
    other = Route.objects.create(position=0, source=make_source("other"), priority=3)

    found = simulation.describe_simulation(simulation.simulate(Supposed("probe", labels={"room": "12"}), at=NOON))

    assert [(each["id"], each["why_not"]) for each in found["routes_asked"]] == [
        (first.pk, "type is “generic”, and not = “disk”"), (night.pk, "it does not count at this hour"),
        (other.pk, "it is another source's"), (house.pk, ""),
    ]  # fmt: skip
