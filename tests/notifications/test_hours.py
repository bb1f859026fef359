"""Hours of the day, over both changes of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.hours import Hours, Timetable

PARIS = ZoneInfo("Europe/Paris")
NIGHT = Hours(PARIS, time(22), time(6))
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)  # the clocks change at 01:00 UTC


def inside(hours, since, until):
    """How much of the time between two instants lies in ``hours``, to the minute."""
    count = int((until - since) / timedelta(minutes=1))
    return sum(hours.contain(since + timedelta(minutes=number)) for number in range(count)) * timedelta(minutes=1)


def test_a_night_is_shorter_in_spring_and_longer_in_autumn():
    assert [inside(NIGHT, day - timedelta(hours=8), day + timedelta(hours=12)) for day in (SPRING, AUTUMN)] == [
        timedelta(hours=7),
        timedelta(hours=9),
    ]


def test_it_begins_and_ends_to_the_microsecond():
    begins = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)

    assert [NIGHT.contain(begins - timedelta(microseconds=1)), NIGHT.contain(begins)] == [False, True]
    assert [NIGHT.contain(begins + timedelta(hours=8, microseconds=-1)), NIGHT.contain(begins + timedelta(hours=8))] == [True, False]


def test_an_hour_that_comes_twice_belongs_to_its_window_as_a_whole():
    hours = Hours(PARIS, time(2, 15), time(2, 45))

    assert inside(hours, AUTUMN - timedelta(hours=3), AUTUMN + timedelta(hours=5)) == timedelta(minutes=90)


def test_an_hour_that_is_skipped_has_no_window():
    hours = Hours(PARIS, time(2, 15), time(2, 45))

    assert inside(hours, SPRING - timedelta(hours=3), SPRING + timedelta(hours=5)) == timedelta()


def test_a_window_over_midnight_belongs_to_the_day_it_begins_on():
    friday_night = Hours(PARIS, time(22), time(6), frozenset({4}))

    assert friday_night.contain(datetime(2026, 3, 6, 23, 0, tzinfo=UTC))  # Saturday, 00:00 in Paris
    assert not friday_night.contain(datetime(2026, 3, 6, 4, 0, tzinfo=UTC))  # Friday, 05:00: Thursday's night
    assert not friday_night.contain(datetime(2026, 3, 7, 22, 0, tzinfo=UTC))  # Saturday, 23:00


def test_days_without_hours_are_days_of_the_place():
    sunday = Hours(PARIS, weekdays=frozenset({6}))

    assert inside(sunday, AUTUMN - timedelta(days=2), AUTUMN + timedelta(days=3)) == timedelta(hours=25)
    assert inside(sunday, SPRING - timedelta(days=2), SPRING + timedelta(days=3)) == timedelta(hours=23)


@pytest.mark.parametrize("hours", [Hours(PARIS), Hours(PARIS, time(8), time(8))])
def test_without_hours_or_with_a_whole_day_it_always_holds(hours):
    assert inside(hours, SPRING - timedelta(hours=1), SPRING + timedelta(hours=26)) == timedelta(hours=27)


TIMES = st.one_of(st.none(), st.sampled_from([time(0), time(1, 30), time(2, 15), time(2, 45), time(6), time(14), time(22), time(23, 59)]))
LIMITS = st.builds(
    lambda starts, ends, days: Hours(PARIS, starts, ends if starts else None, days) if ends else Hours(PARIS, weekdays=days),
    TIMES, TIMES, st.frozensets(st.integers(0, 6)),
)  # fmt: skip
INSTANTS = st.one_of(
    *(st.integers(-96 * 60, 96 * 60).map(lambda minutes, day=day: day + timedelta(minutes=minutes)) for day in (SPRING, AUTUMN))
)


@given(LIMITS, INSTANTS)
def test_between_its_edges_it_answers_the_same(hours, at):
    since, until = hours.edges(at)

    part = (until - since) / 50
    assert {hours.contain(since + number * part) for number in range(50)} == {hours.contain(at)}
    assert since <= at < until


@given(st.lists(LIMITS, max_size=4), st.lists(INSTANTS, max_size=6))
def test_a_timetable_says_what_its_hours_say_in_whatever_order_it_is_asked(hours, instants):
    timetable = Timetable(hours)

    assert [timetable.open_at(at) for at in instants] == [{each for each in hours if each.contain(at)} for at in instants]


def test_a_timetable_answers_with_the_same_until_something_opens_or_closes():
    timetable = Timetable([NIGHT])
    begins = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)

    before, after = timetable.open_at(begins - timedelta(microseconds=1)), timetable.open_at(begins)

    assert (before, after) == (frozenset(), {NIGHT})
    assert timetable.open_at(begins + timedelta(hours=1)) is after
