"""One's own shifts, and handing them over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from notifications import own_methods, own_shifts, proofs
from notifications.models import Notification, OnCallOverride, Recipient
from sentinel_site.lib.problems import Problem
from tests.callers import KeyClient, make_caller, make_user
from tests.factories import make_method, make_recipient, make_schedule

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # Robin's week begins
WEEK, DAY = timedelta(days=7), timedelta(days=1)


@pytest.fixture
def robin():
    return make_recipient("Robin Vale", user=make_user("robin", "notifications.view_oncallschedule"))


@pytest.fixture
def kim():
    return make_recipient("Kim Moor", user=make_user("kim", "notifications.view_oncallschedule"))


@pytest.fixture
def schedule(robin, kim):
    return make_schedule("Nights", robin, kim)


def form(recipient, since=MONDAY, until=MONDAY + WEEK, **more):
    return own_shifts.HandOverForm(starts_at=since, ends_at=until, recipient=recipient.pk, **more)


def holders(schedule, person):
    held = own_shifts.upcoming(person, at=MONDAY, days=21)
    return [(each.shift.starts_at, each.shift.ends_at) for each in held if each.schedule.pk == schedule.pk]


def test_a_shift_is_handed_over_in_part_and_the_other_is_told(schedule, robin, kim):
    own_shifts.hand_over(schedule, form(kim, until=MONDAY + 2 * DAY), by=robin.user, at=MONDAY + DAY)

    assert holders(schedule, robin)[:2] == [(MONDAY, MONDAY + DAY), (MONDAY + 2 * DAY, MONDAY + WEEK)]
    note = Notification.objects.get()
    assert (note.recipient, note.context["handoff"]["other"], note.context["handoff"]["since"]) == (kim, "Robin Vale", "2026-03-03 09:00")


def test_two_swap_and_both_are_told(schedule, robin, kim):
    theirs = {"starts_at": MONDAY + WEEK, "ends_at": MONDAY + 2 * WEEK}

    own_shifts.hand_over(schedule, form(kim, in_exchange=theirs), by=robin.user, at=MONDAY - DAY)

    assert (holders(schedule, robin)[0], holders(schedule, kim)[0]) == ((MONDAY + WEEK, MONDAY + 2 * WEEK), (MONDAY, MONDAY + WEEK))
    assert set(Notification.objects.values_list("recipient__name", flat=True)) == {"Robin Vale", "Kim Moor"}


@pytest.mark.parametrize(("since", "until"), [(1, 2), (-1, 1), (0, 2)])
def test_nobody_gives_away_what_is_not_theirs(schedule, robin, kim, since, until):
    with pytest.raises(Problem, match="is not on call in Nights") as raised:
        own_shifts.hand_over(schedule, form(kim, MONDAY + since * WEEK, MONDAY + until * WEEK), by=robin.user, at=MONDAY - 3 * WEEK)

    assert (raised.value.status, OnCallOverride.objects.count()) == (409, 0)


def test_a_swap_takes_nothing_that_is_not_the_others(schedule, robin, kim):
    wrong = {"starts_at": MONDAY + 2 * WEEK, "ends_at": MONDAY + 3 * WEEK}

    with pytest.raises(Problem, match="Kim Moor is not on call"):
        own_shifts.hand_over(schedule, form(kim, in_exchange=wrong), by=robin.user, at=MONDAY)

    assert (OnCallOverride.objects.count(), Notification.objects.count()) == (0, 0)


def test_a_stranger_to_the_schedule_takes_nothing_unless_a_planner_says_so(schedule, robin):
    ada = make_recipient("Ada Byron")

    with pytest.raises(Problem, match="takes no turns"):
        own_shifts.hand_over(schedule, form(ada), by=robin.user, at=MONDAY)
    planner = make_user("planner", "notifications.view_oncallschedule", own_shifts.OVERRIDE)
    assert ada in own_shifts.takers(schedule, robin, planner)


def test_who_cannot_be_reached_takes_no_shift(schedule, robin, kim):
    kim.contact_methods.update(active=False)

    with pytest.raises(Problem, match="cannot be reached"):
        own_shifts.hand_over(schedule, form(kim), by=robin.user, at=MONDAY)


@pytest.mark.parametrize(("active", "verified"), [(False, True), (True, False)])
def test_nobody_takes_anything_in_exchange_without_being_reached(schedule, robin, kim, active, verified):
    theirs = {"starts_at": MONDAY + WEEK, "ends_at": MONDAY + 2 * WEEK}
    Recipient.objects.filter(pk=robin.pk).update(active=active)
    robin.contact_methods.update(verified=verified)

    with pytest.raises(Problem, match="reaches you now"):
        own_shifts.hand_over(schedule, form(kim, in_exchange=theirs), by=robin.user, at=MONDAY - DAY)

    assert (OnCallOverride.objects.count(), Notification.objects.count()) == (0, 0)


def test_a_shift_is_not_handed_over_in_slivers(schedule, robin, kim):
    with pytest.raises(Problem, match="15 minutes"):
        own_shifts.hand_over(schedule, form(kim, until=MONDAY + timedelta(minutes=5)), by=robin.user, at=MONDAY - DAY)

    own_shifts.hand_over(schedule, form(kim), by=robin.user, at=MONDAY + WEEK - timedelta(minutes=5))
    assert OnCallOverride.objects.count() == 1


def test_a_schedule_takes_so_many_overrides_and_no_more(schedule, robin, kim):
    spans = [MONDAY + number * timedelta(hours=1) for number in range(own_shifts.MOST_AHEAD)]
    OnCallOverride.objects.bulk_create(OnCallOverride(schedule=schedule, recipient=robin, starts_at=at, ends_at=at + DAY) for at in spans)

    with pytest.raises(Problem, match="overrides ahead") as raised:
        own_shifts.hand_over(schedule, form(kim), by=robin.user, at=MONDAY)

    assert raised.value.status == 409


def test_rest_shows_and_moves_ones_own_shifts_only(schedule, robin, kim):
    caller = KeyClient()
    caller.force_login(robin.user, backend="django.contrib.auth.backends.ModelBackend")
    found = caller.read("/me/shifts", days=60).json()

    assert {shift["recipient"] for shift in found["items"]} == {str(robin.pk)}
    assert found["takers"] == {str(schedule.pk): [{"id": str(kim.pk), "name": "Kim Moor"}]}
    stranger = make_caller(name="stranger")
    body = {"starts_at": found["items"][0]["starts_at"], "ends_at": found["items"][0]["ends_at"], "recipient": str(kim.pk)}
    assert stranger.send(f"/schedules/{schedule.pk}/hand-over", body).status_code == 403
    viewer = make_caller("notifications.view_oncallschedule", name="viewer")
    assert viewer.send(f"/schedules/{schedule.pk}/hand-over", body).status_code == 409
    assert caller.send(f"/schedules/{schedule.pk}/hand-over", body).status_code == 403  # a session needs its token
    assert stranger.read("/me/contact-methods").json() == {"items": []}
    assert viewer.read("/me/shifts").json() == {"items": [], "takers": {}}


def test_ones_own_methods_say_what_became_of_their_test(robin):
    method = robin.contact_methods.get()
    proofs.send(method, at=timezone.now())
    make_method(make_recipient("Kim Moor", email="kim@example.org"), address="other@example.org")

    with translation.override("fr"):  # REST speaks English; the page has its own words
        (found,) = own_methods.describe(robin, at=timezone.now())

    assert (found["kind_name"], found["test"]["status_name"], found["proved_at"], found["stale"]) == ("E-mail", "Queued", None, False)
