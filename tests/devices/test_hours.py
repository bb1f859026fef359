"""The hours of a rule, over both changes of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from devices.hours import Hours

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
