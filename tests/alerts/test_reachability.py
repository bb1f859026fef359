"""When a P1 would reach nobody: exact to the second, by the engine's own book."""

from datetime import timedelta

import pytest

from alerts import reachability, routing
from notifications.models import ContactMethod, OnCallOverride, Recipient
from tests.callers import make_caller
from tests.conftest import HOUR, NOON
from tests.factories import make_method, make_policy, make_recipient, make_schedule, make_source

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def fresh_table():
    routing.forget()


def gaps(*, days=2):
    found = reachability.gaps(since=NOON, until=NOON + days * DAY)
    return [(gap.policy, (gap.span.since - NOON) / HOUR, (gap.span.until - NOON) / HOUR) for gap in found]


def scheduled(*people, **layer):
    """A policy that tells one schedule after 0 and after 5 minutes, and nobody else."""
    schedule = make_schedule("Nights", *people, layer={"kind": "daily", **layer})
    policy = make_policy("Nights", 0, 300, groups=())
    for step in policy.steps.all():
        step.schedules.add(schedule)
    make_source(policy=policy)
    return schedule


def test_a_group_that_can_be_told_leaves_no_gap():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())

    assert gaps() == []


def test_nobody_who_can_be_told_is_a_gap_without_end():
    make_recipient(groups=["oncall"])
    ContactMethod.objects.update(verified=False)
    make_source(policy=make_policy("Calls"))

    (gap,) = reachability.gaps(since=NOON, until=NOON + DAY)

    assert (gap.span, gap.why) == (
        (NOON, NOON + DAY), ("Robin Vale has no contact method that is verified, active and working",),
    )  # fmt: skip


def test_a_schedule_with_a_hole_is_a_gap_until_the_step_that_falls_behind_it():
    scheduled(make_recipient(), hours_from="08:00", hours_until="20:00")

    assert gaps() == [("Nights", 8.0, 20.0 - 5 / 60), ("Nights", 32.0, 44.0 - 5 / 60)]


def test_a_member_who_cannot_be_told_makes_his_shifts_gaps():
    mute = Recipient.objects.create(name="Mute")
    scheduled(make_recipient(), mute)

    found = gaps(days=4)

    assert [round(end - start + 5 / 60) for _, start, end in found] in ([24, 24], [24, 21], [21, 24, 3], [24, 24, 3])


def test_an_override_closes_the_gap():
    schedule = scheduled(make_recipient(), hours_from="08:00", hours_until="20:00")
    night = make_recipient("Night")
    OnCallOverride.objects.create(schedule=schedule, starts_at=NOON + 8 * HOUR, ends_at=NOON + 20 * HOUR, recipient=night)

    assert [start for _, start, _ in gaps()] == [32.0]


def test_the_last_resort_counts():
    make_recipient("Manager", groups=["manager"])
    make_source(policy=make_policy("Calls", groups=(), last_resort=["manager"]))

    assert gaps() == []


def test_quiet_hours_hold_no_p1():
    make_recipient(groups=["oncall"], quiet_from="00:00", quiet_until="23:59")
    make_source(policy=make_policy())

    assert gaps() == []


@pytest.mark.parametrize("people", [1, 3])
def test_the_number_of_statements_does_not_grow(people, django_assert_num_queries):
    scheduled(*[make_recipient(f"Person {number}") for number in range(people)])
    routing.table()
    routing.table()  # kept from the second look on: what a transaction reads first may be rolled back

    with django_assert_num_queries(7):
        gaps(days=14)


def test_rest_answers_the_next_days():
    make_source(policy=make_policy("Calls"))

    found = make_caller("alerts.view_escalationpolicy").get("/api/v1/reachability?days=3").json()

    assert [(gap["minutes"], gap["policy"], gap["why"]) for gap in found["gaps"]] == [(3 * 1440, "Calls", ["the group oncall has nobody"])]


def test_more_days_than_can_be_asked_are_refused():
    assert make_caller("alerts.view_escalationpolicy").get("/api/v1/reachability?days=61").status_code == 422


def test_a_method_that_is_added_later_closes_the_gap():
    person = Recipient.objects.create(name="Mute")
    scheduled(person)
    before = len(gaps())

    make_method(person)

    assert (before, gaps()) == (1, [])


def test_a_schedule_that_cannot_be_worked_out_is_a_gap_and_stops_no_sweep():
    broken = scheduled(make_recipient())
    broken.rotations.update(starts_on="0001-01-01", kind="weekly", handoff_weekday=1)

    assert gaps() == [("Nights", 0, 48)]
