"""Inhibitions on the database: whichever alert comes first, and told at once when what explained it is over."""

from itertools import permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import escalation, inhibiting, lifecycle, suppression
from alerts.enums import LogKind
from alerts.models import Alert, Inhibition
from notifications.models import Notification
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60, last_resort=["oncall"]))


def inhibit(source="type=down", target="type=disk", *, equal=("site",), wait=10, name="site down"):
    return Inhibition.objects.create(name=name, source_matchers=[source], target_matchers=[target], equal=list(equal), wait_seconds=wait)


def run(*, at):
    while escalation.advance_due(at=at):
        pass


def told():
    """The types of alert of which somebody was told for the first time, in order."""
    threads = Notification.objects.filter(reason="first").order_by("id").values_list("thread", flat=True)
    return [Alert.objects.get(pk=thread.removeprefix("alert:")).type for thread in threads]


def raised(kind, *, at=NOON, site="a", **fields):
    return raise_alert(at=at, type=kind, labels={"site": site}, subject=f"{site} {kind}", **fields)


def test_a_target_that_comes_first_waits_and_is_held_when_its_cause_comes(house):
    inhibit()
    disk = raised("disk")
    run(at=NOON)

    down = raised("down", at=NOON + 5 * SECOND)
    run(at=NOON + 5 * SECOND)
    run(at=NOON + 10 * SECOND)

    disk.refresh_from_db()
    assert (told(), disk.suppressed_by[0]["alert"], disk.suppressed_by[0]["number"]) == (["down"], str(down.pk), down.number)


def test_a_target_whose_cause_does_not_come_is_told_after_the_short_hold(house):
    inhibit()
    disk = raised("disk")

    run(at=NOON)
    before = told()
    run(at=NOON + 10 * SECOND)

    assert (before, told()) == ([], ["disk"])
    assert [entry.detail["by"][0]["kind"] for entry in disk.log.filter(kind=LogKind.SUPPRESSED)] == ["wait"]


def test_waiting_counts_no_hit_and_puts_the_next_steps_off_as_well(house):
    rule = inhibit()
    disk = raised("disk")

    run(at=NOON)
    run(at=NOON + 10 * SECOND)

    rule.refresh_from_db()
    disk.refresh_from_db()
    assert (rule.hits, disk.next_step_at) == (0, NOON + 70 * SECOND)


@pytest.mark.parametrize(("severity", "life_safety"), [("critical", False), ("medium", True)])
def test_a_p1_and_what_lives_depend_on_never_wait(house, severity, life_safety):
    inhibit()
    make_source("smarteye", life_safety=life_safety)

    raised("disk", source="smarteye", severity=severity)
    run(at=NOON)

    assert told() == ["disk"]


def test_a_cause_that_comes_later_holds_the_following_steps(house):
    inhibit(wait=0)
    disk = raised("disk")
    run(at=NOON)

    raised("down", at=NOON + 30 * SECOND)
    run(at=NOON + MINUTE)

    disk.refresh_from_db()
    assert (disk.step, disk.suppressed_by[0]["reason"]) == (1, "site down")


def test_what_was_held_is_told_at_once_when_its_cause_is_resolved(house):
    inhibit()
    down, disk = raised("down"), raised("disk")
    run(at=NOON)

    lifecycle.resolve(down, by=None, at=NOON + 7 * SECOND)
    disk.refresh_from_db()
    due = disk.next_step_at
    run(at=NOON + 10 * SECOND)

    disk.refresh_from_db()
    assert (due, told(), disk.suppressed_by) == (NOON + 7 * SECOND, ["down", "disk"], [])


def test_what_was_held_is_told_at_once_when_its_cause_ends_with_others(house):
    inhibit()
    causes = [raised("down", site=site) for site in "ab"]
    held = [raised("disk", site=site) for site in "ab"]
    run(at=NOON)

    lifecycle.resolve_all([(each, "") for each in causes], by=None, at=NOON + 9 * SECOND, resolution="recovered")

    assert set(Alert.objects.filter(pk__in=[each.pk for each in held]).values_list("next_step_at", flat=True)) == {NOON + 9 * SECOND}


def test_an_expired_cause_holds_nothing(house):
    inhibit()
    down = raised("down")
    raised("disk")
    run(at=NOON)

    lifecycle.expire(down, at=NOON + 30 * SECOND)
    run(at=NOON + 30 * SECOND)

    assert told() == ["down", "disk"]


def test_another_cause_goes_on_holding_and_only_its_end_tells(house):
    inhibit()
    first, second = raised("down", at=NOON - SECOND), raised("down", dedup_key="again")
    disk = raised("disk")
    run(at=NOON)

    lifecycle.resolve(first, by=None, at=NOON + 20 * SECOND)
    run(at=NOON + 20 * SECOND)
    disk.refresh_from_db()
    named = disk.suppressed_by[0]["alert"]
    lifecycle.resolve(second, by=None, at=NOON + 30 * SECOND)
    run(at=NOON + 30 * SECOND)

    assert (named, told()[-1]) == (str(second.pk), "disk")


@pytest.mark.parametrize("order", list(permutations(["down", "disk", "net"])))
def test_rules_in_a_ring_tell_one_of_them_in_every_order(house, order):
    inhibit("type=down", "type=disk", name="1")
    inhibit("type=disk", "type=net", name="2")
    inhibit("type=net", "type=down", name="3")

    for place, kind in enumerate(order):
        raised(kind, at=NOON + place * SECOND)
        run(at=NOON + place * SECOND)
    for second in range(10, 70, 10):
        run(at=NOON + second * SECOND)

    assert told() == [order[0]]


def test_a_regular_expression_and_a_missing_label_are_asked_in_full(house):
    inhibit('type=~"do.*"', 'type=~"di.*"', equal=("site", "subject.none"), wait=0)
    raised("down")
    raised("disk")

    run(at=NOON)

    assert told() == ["down"]


def test_own_columns_may_have_to_agree(house):
    inhibit("severity=critical", "severity=medium", equal=("type", "subject"), wait=0)
    raise_alert(at=NOON, type="air", subject="cellar", severity="critical")
    raise_alert(at=NOON, type="air", subject="cellar", severity="medium", dedup_key="2")
    raise_alert(at=NOON, type="air", subject="attic", severity="medium", dedup_key="3")

    run(at=NOON)

    assert Notification.objects.count() == 2


def test_a_label_named_like_a_number_narrows_nothing(house):
    rule = inhibit(equal=(), wait=0)
    Inhibition.objects.filter(pk=rule.pk).update(equal=["0"])
    raised("down")
    raised("disk")

    run(at=NOON)

    assert told() == ["down"]


def test_asking_costs_the_same_for_one_due_alert_and_for_many(house, keys_are_kept):
    inhibit(wait=0)
    raised("down", site="s1")
    alerts = [raised("disk", site=f"s{number}") for number in range(8)]

    counts = []
    for asked in (alerts[:1], alerts):
        with CaptureQueriesContext(connection) as queries:
            suppression.reasons(asked, at=NOON)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_causes_are_read_page_by_page(house):
    rule = inhibit(equal=(), wait=0)
    for number in range(5):
        raised("down", site=f"s{number}")
    read = inhibiting.rule_of(rule)

    found = list(inhibiting._sources(read, {()}, page=2))

    assert [node.pk for node in found] == list(Alert.objects.order_by("pk").values_list("pk", flat=True))
