"""What comes and goes again and again is told once, held back, and told again when it is calm."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import calming, escalation, flapping, lifecycle
from alerts.flapping import Limits
from alerts.models import Alert, Flapping, Source
from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery, Notification
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

LIMITS = Limits(3, 1, 30 * MINUTE)


def minutes(*numbers):
    return [NOON + number * MINUTE for number in numbers]


@pytest.mark.parametrize(
    ("opens", "begins"),
    [([0, 1], False), ([0, 1, 2], True), ([0, 15, 29], True), ([0, 15, 30], False), ([0, 31, 32], False), ([0, 31, 32, 33], True)],
)
def test_so_many_within_the_window_begin_it(opens, begins):
    opens = minutes(*opens)

    assert flapping.begins(opens, LIMITS, at=opens[-1]) is begins


def test_it_is_calm_when_few_enough_are_left_in_the_window():
    assert flapping.calm_at(minutes(0, 1, 2), LIMITS) == NOON + 31 * MINUTE
    assert flapping.calm_at(minutes(0, 1, 2, 20), LIMITS) == NOON + 32 * MINUTE
    assert flapping.calm_at(minutes(0), LIMITS) is None


@given(gaps=st.lists(st.integers(1, 4000), min_size=1, max_size=20), calm=st.integers(0, 4), more=st.integers(1, 4))
def test_what_is_calm_has_few_in_its_window_and_calm_comes_within_one_window(gaps, calm, more):
    limits, opens, now = Limits(calm + more, calm, 30 * MINUTE), [], NOON
    for gap in gaps:
        now += timedelta(seconds=gap)
        opens.append(now)

    until = flapping.calm_at(opens, limits)

    if until is not None:
        assert until <= opens[-1] + limits.window
        assert sum(each > until - limits.window for each in opens) <= calm


@pytest.fixture
def house(db):
    make_recipient(groups=["oncall"])
    return make_source(policy=make_policy("Calls", 0, 600), flap_opens=3, flap_calm_opens=1, flap_window_seconds=1800)


def run(*, at):
    while escalation.advance_due(at=at):
        pass
    for taken in outbox.claim("email", limit=99, at=at, lease_seconds=45):
        outbox.settle([outbox.Outcome(taken, DeliveryStatus.SENT)], at=at)


def come(*, at, severity="medium"):
    alert = raise_alert(at=at, dedup_key="door", severity=severity)
    run(at=at)
    return alert


def go(alert, *, at):
    lifecycle.resolve(alert, by=None, at=at, resolution="recovered")
    run(at=at)


def come_and_go(times, **fields):
    for number in range(times):
        go(come(at=NOON + number * MINUTE, **fields), at=NOON + number * MINUTE + 30 * SECOND)


def told():
    return list(Notification.objects.order_by("id").values_list("reason", flat=True))


def test_it_is_told_once_that_it_flaps_and_then_nothing(house):
    come_and_go(2)
    come(at=NOON + 2 * MINUTE)
    third = Notification.objects.latest("id")
    go(Alert.objects.get(status="PENDING"), at=NOON + 3 * MINUTE)
    before = len(told())

    fourth = come(at=NOON + 4 * MINUTE)

    fourth.refresh_from_db()
    assert third.context["flaps"] == {"opens": 3, "minutes": 2, "calm": False}
    assert (len(told()), fourth.suppressed_by[0]["kind"], fourth.next_step_at) == (before, "flapping", NOON + 32 * MINUTE)


def test_the_following_steps_of_the_one_that_told_it_are_held_too(house):
    come_and_go(2)
    third = come(at=NOON + 2 * MINUTE)

    run(at=NOON + 12 * MINUTE)

    third.refresh_from_db()
    assert (third.step, third.suppressed_by[0]["kind"]) == (1, "flapping")


def test_what_is_open_when_it_is_calm_is_told(house):
    come_and_go(3)
    fourth = come(at=NOON + 4 * MINUTE)

    run(at=NOON + 32 * MINUTE)
    calming.end_calm(at=NOON + 32 * MINUTE)
    calming.end_calm(at=NOON + 60 * MINUTE)

    assert Notification.objects.filter(thread=fourth.thread).values_list("reason", flat=True).get() == "first"
    assert Flapping.objects.get().ended_at == NOON + 32 * MINUTE


def test_what_is_over_when_it_is_calm_is_told_once_to_everyone_who_was_told(house):
    come_and_go(5)
    before = told()

    early = calming.end_calm(at=NOON + 32 * MINUTE)
    calming.end_calm(at=NOON + 33 * MINUTE)
    calming.end_calm(at=NOON + 90 * MINUTE)

    last = Notification.objects.latest("id")
    assert (early, told()[len(before) :], last.context["flaps"]) == (1, ["resolved"], {"opens": 5, "minutes": 4, "calm": True})


def test_after_it_was_calm_it_is_told_as_before(house):
    come_and_go(4)
    calming.end_calm(at=NOON + 60 * MINUTE)

    again = come(at=NOON + 61 * MINUTE)

    again.refresh_from_db()
    assert (again.suppressed_by, told()[-1]) == ([], "first")


def test_a_p1_is_never_held_and_neither_is_what_lives_depend_on(house):
    come_and_go(6, severity="critical")

    assert told().count("first") == 6
    Source.objects.update(life_safety=True)
    assert flapping.limits_of(Source.objects.get()) is None


def test_nothing_is_held_before_somebody_was_told_that_it_flaps(house):
    Delivery.objects.all().delete()
    house_is_empty = Notification.objects.count()
    make_source("empty", policy=None, flap_opens=2, policy_id=make_policy("Nobody", groups=("nobody",)).pk)
    for number in range(4):
        alert = raise_alert(at=NOON + number * MINUTE, source="empty", dedup_key="door")
        run(at=NOON + number * MINUTE)
        go(alert, at=NOON + number * MINUTE + SECOND)

    assert (house_is_empty, Flapping.objects.count(), Alert.objects.exclude(suppressed_by=[]).count()) == (0, 0, 0)


def test_what_expired_is_no_coming_and_going(house):
    for number in range(5):
        lifecycle.expire(come(at=NOON + number * MINUTE), at=NOON + number * MINUTE + SECOND)

    assert (Flapping.objects.count(), told().count("first")) == (0, 5)


def test_other_limits_tell_what_was_held(house):
    come_and_go(3)
    fourth = come(at=NOON + 4 * MINUTE)

    Source.objects.update(flap_opens=0)
    calming.reconsider(Source.objects.get(), at=NOON + 5 * MINUTE)
    run(at=NOON + 5 * MINUTE)

    assert Notification.objects.filter(thread=fourth.thread, reason="first").count() == 1


def test_what_somebody_took_unseen_is_told_when_it_is_over(house):
    come_and_go(3)
    fourth = come(at=NOON + 4 * MINUTE)
    lifecycle.acknowledge(fourth, by=None, at=NOON + 5 * MINUTE)

    calming.end_calm(at=NOON + 33 * MINUTE)
    running = Flapping.objects.get().ended_at
    go(fourth, at=NOON + 40 * MINUTE)
    calming.end_calm(at=NOON + 90 * MINUTE)

    assert (running, told()[-1], Flapping.objects.get().ended_at) == (None, "resolved", NOON + 90 * MINUTE)
