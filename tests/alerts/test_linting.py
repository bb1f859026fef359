"""What the linter says of a set-up, each mistake by itself."""

from datetime import time, timedelta

import pytest

from alerts import linting, routing
from alerts.models import Inhibition, Route, Silence
from notifications.models import ContactMethod
from tests.callers import make_caller
from tests.conftest import HOUR, NOON
from tests.factories import make_method, make_policy, make_recipient, make_schedule, make_source

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def house():
    """A set-up with nothing to find fault with: a source with a policy that reaches somebody, and the catch-all."""
    ContactMethod.objects.all().delete()
    make_recipient("Ada Byron", groups=["oncall"])
    ContactMethod.objects.update(proved_at=NOON)
    policy = make_policy("Calls", last_resort=["oncall"])
    return make_source(policy=policy)


def said(*codes):
    """The findings with ``codes``, or all, as (code, level, text)."""
    found = linting.examine(at=NOON)
    return [(each.code, each.level.value, each.text) for each in found if not codes or each.code in codes]


def codes():
    return {code for code, _, _ in said()}


def route(position, *matchers, **fields):
    return Route.objects.create(position=position, matchers=list(matchers), **{"policy": house_policy(), **fields})


def house_policy():
    return Route.objects.get(catch_all=True).policy


def test_a_good_set_up_has_nothing_but_a_source_for_the_catch_all(house):
    house.policy = house_policy()
    house.save()

    assert said() == []


def test_a_source_that_only_the_catch_all_takes_is_named(house):
    assert [(code, level) for code, level, _ in said()] == [("source-unrouted", "notice")]

    route(1, "severity=medium")

    assert said() == []


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (["severity=critical"], ["severity=critical", "room=12"]),
        (['room=~"1.*"'], ["room=12"]),
        ([], ["room=12"]),
        (["source=probe"], ["source=probe", "severity=high"]),
        (["severity!=low"], ["severity=high"]),
    ],
)
def test_a_route_that_an_earlier_one_leaves_nothing_is_named(house, earlier, later):
    first, second = route(1, *earlier), route(2, *later)

    assert said("route-shadowed") == [
        ("route-shadowed", "warning", f"The route {second} is never asked: “{first}” takes everything it would match.")
    ]


def test_several_routes_may_shadow_one_together(house):
    route(1, 'severity=~"critical|high"')
    route(2, 'severity!~"critical|high"')
    last = route(3, "room=12")

    assert [text.partition(" is ")[0] for _, _, text in said("route-shadowed")] == [f"The route {last}"]


@pytest.mark.parametrize(
    ("fields", "matchers"),
    [({"continues": True}, []), ({"policy": None, "priority": 1}, []), ({"hours_from": time(22), "hours_until": time(6)}, []),
     ({}, ["severity=high"]), ({}, ["room=13"]), ({"enabled": False}, [])],
)  # fmt: skip
def test_a_route_to_which_something_is_left_is_not_named(house, fields, matchers):
    route(1, *matchers, **fields)
    route(2, "room=12")

    assert said("route-shadowed") == []


def test_a_route_is_shadowed_by_one_of_the_same_hours(house):
    night = {"hours_from": time(22), "hours_until": time(6)}
    route(1, **night)
    route(2, "room=12", **night)

    assert len(said("route-shadowed")) == 1


def test_a_route_of_one_source_shadows_that_source_alone(house):
    other = make_source("other")
    route(1, source=house)
    route(2, source=house)
    route(3, source=other)

    assert [text.partition(" is ")[0] for _, _, text in said("route-shadowed")] == ["The route 2: everything"]


def test_routes_that_do_nothing_are_named(house):
    route(1, "severity=urgent")
    route(2, "source=nobody")
    route(3, "room=1", "room=2")
    route(4, "((")
    route(5, "room=1", policy=None)

    assert said("route-impossible", "route-unreadable", "route-idle") == [
        ("route-unreadable", "error", "The route 4: (( has a condition that cannot be read, and is left out."),
        ("route-impossible", "warning", "The route 1: severity=urgent never matches: no severity is called urgent."),
        ("route-impossible", "warning", "The route 2: source=nobody never matches: no source that may report is called nobody."),
        ("route-impossible", "warning", "The route 3: room=1, room=2 never matches: nothing fulfils room=1 and room=2."),
        ("route-idle", "warning", "The route 5: room=1 changes nothing: it has no policy and no priority."),
    ]


def test_a_missing_catch_all_is_an_error(house):
    Route.objects.all().delete()

    assert ("no-catch-all", "error") in [(code, level) for code, level, _ in said()]


def test_policies_and_steps_that_reach_nobody_are_named(house):
    route(1, "room=1", policy=make_policy("Nobody", groups=["empty"]))
    half = make_policy("Half", 0, 60, last_resort=["oncall"])
    half.steps.get(delay_seconds=60).groups.clear()
    make_policy("Spare", groups=["empty"])

    assert said("policy-reaches-nobody", "step-reaches-nobody", "policy-unused", "last-resort-reaches-nobody") == [
        ("policy-reaches-nobody", "error", "The policy Nobody reaches nobody."),
        ("step-reaches-nobody", "warning", "The policy Half has steps that reach nobody: after 60."),
        ("policy-reaches-nobody", "warning", "The policy Spare reaches nobody."),
        ("policy-unused", "notice", "The policy Half is not used: no route that is enabled and no source names it."),
        ("last-resort-reaches-nobody", "notice", "The last resort of the policy Nobody reaches nobody: who answers when nobody did?"),
        ("policy-unused", "notice", "The policy Spare is not used: no route that is enabled and no source names it."),
    ]


def test_steps_that_are_never_reached_are_named(house):
    make_policy("Late", 0, 7200)
    make_policy("Later", 0, 7000)

    assert [(code, text) for code, _, text in said("step-unreached", "last-resort-unreached")] == [
        ("step-unreached", "The policy Late never comes to “after 7200”: an unanswered alert expires after 2 h."),
        ("last-resort-unreached", "The policy Later expires after 2 h, before its last resort is told (2 h 1 min 40 s)."),
    ]


def silence(*matchers, begins=-HOUR, ends=HOUR):
    return Silence.objects.create(matchers=list(matchers), reason="Works", starts_at=NOON + begins, ends_at=NOON + ends)


def test_silences_without_effect_are_named(house):
    make_source("camera", life_safety=True)
    silence("source=camera")
    silence("severity=urgent")
    silence("room=1", begins=-2 * DAY)
    silence("room=3")

    assert [(code, text) for code, _, text in said("silence-without-effect", "silence-without-hits")] == [
        ("silence-without-effect", "The silence “source=camera (Works)” holds nothing back: it names only sources on which lives depend, "
         "and those are never held back."),
        ("silence-without-effect", "The silence “severity=urgent (Works)” holds nothing back: no alert fulfils severity=urgent."),
        ("silence-without-hits", "The silence “room=1 (Works)” has been in force since 2026-02-28 12:00 UTC and has held nothing back."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("source=nobody", "room=1", "its source can never be"),
        ("room=1", "source=nobody", "no alert fulfils source=nobody"),
        ("room=12", 'room=~"12"', "its source and its target are the same alerts"),
        ("((", "room=1", "cannot be read"),
    ],
)
def test_inhibitions_that_hold_nothing_back_are_named(house, source, target, why):
    Inhibition.objects.create(name="Rule", source_matchers=[source], target_matchers=[target])
    Inhibition.objects.create(name="Good", source_matchers=["type=power"], target_matchers=["type=disk"], equal=["room"])
    Inhibition.objects.create(name="Wider", source_matchers=["room=12"], target_matchers=['room=~"1.*"'])

    ((_, _, text),) = said("inhibition-without-effect")
    assert text.startswith("The inhibition “Rule” holds nothing back: ")
    assert why in text


def test_a_schedule_with_a_gap_is_named_and_weighs_more_where_a_step_rests_on_it(house):
    ada = make_recipient("Grace Hill")
    nights = make_schedule("Nights", ada, time_zone="UTC", layer={"hours_from": time(20), "hours_until": time(8)})
    policy = house_policy()
    policy.steps.get().schedules.add(nights)

    beside = said("schedule-gap")
    policy.steps.get().groups.clear()

    text = "The schedule Nights has nobody on call from 2026-03-02 12:00 to 2026-03-02 20:00 UTC, and 14 more times in the next 14 days."
    assert beside == [("schedule-gap", "notice", text)]
    assert [level for _, level, _ in said("schedule-gap")] == ["warning"]


def test_people_and_addresses_that_reach_nobody_are_named(house):
    ada = make_recipient("Grace Hill")
    ContactMethod.objects.filter(recipient=ada).update(verified=False, created_at=NOON)
    make_method(house_person(), address="old@example.org", proved_at=NOON - 90 * DAY)

    assert [(code, level) for code, level, _ in said("person-unreachable", "method-unverified", "method-unproved")] == [
        ("person-unreachable", "warning"), ("method-unproved", "warning"), ("method-unverified", "notice"),
    ]  # fmt: skip


def house_person():
    return ContactMethod.objects.get(recipient__name="Ada Byron").recipient


def test_minutes_in_which_a_p1_reaches_nobody_are_an_error(house):
    ContactMethod.objects.update(active=False)

    assert ("nobody-reachable", "error") in [(code, level) for code, level, _ in said()]


def test_it_costs_the_same_for_more_routes_silences_and_sources(house, django_assert_num_queries, django_assert_max_num_queries):
    route(1, "room=1")
    silence("room=1")
    routing.table()  # stores the snapshots
    routing.forget()
    with django_assert_max_num_queries(60) as few:
        linting.examine(at=NOON)
    for number in range(3):
        route(2 + number, f"room={number}")
        silence(f"room={number}")
        make_source(f"source-{number}")
    routing.forget()

    with django_assert_num_queries(len(few)):
        linting.examine(at=NOON)


def test_rest_lists_the_findings_with_what_they_are_about(house):
    first, second = route(1, "room=1"), route(2, "room=1")
    caller = make_caller("alerts.view_escalationpolicy")

    found = [item for item in caller.read("/lint").json()["items"] if item["code"] == "route-shadowed"]

    assert found == [{
        "code": "route-shadowed", "level": "warning",
        "text": "The route 2: room=1 is never asked: “1: room=1” takes everything it would match.",
        "fix": "Move it before that one, make one of them narrower, or delete it.",
        "about": [{"kind": "route", "id": str(each.pk), "name": str(each)} for each in (second, first)],
    }]  # fmt: skip
    assert make_caller("alerts.view_route", name="other").read("/lint").status_code == 403
