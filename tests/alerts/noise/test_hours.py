"""What keeps to its hours is found, whatever the clocks do, and what does not is not."""

from datetime import datetime, time, timedelta

from alerts.noise import hours
from alerts.noise.hours import Habit
from alerts.noise.kinds import Kind
from tests.alerts.noise.grounds import DAY, PARIS, PROBE, came
from tests.conftest import HOUR, MINUTE

NIGHT = datetime(2026, 3, 2, 2, 10, tzinfo=PARIS)


def habit(*alerts):
    return hours.habit(Kind(PROBE, "disk", None, alerts), zone=PARIS)


def nightly(count=20, **fields):
    return [came(datetime.combine(NIGHT.date() + n * DAY, time(2, 10 + n % 4), PARIS), lasts=20, **fields) for n in range(count)]


def test_every_night_at_two_is_a_habit_that_lasts_until_it_is_over():
    assert habit(*nightly()) == Habit(time(2, 5), 35, (), 1.0)


def test_over_the_change_of_the_clocks_it_stays_at_two_by_the_clock():
    shifted = [came(datetime.combine(NIGHT.date() + n * DAY, time(4, 10), PARIS), lasts=20) for n in range(17, 37)]

    assert habit(*shifted).begins == time(4, 5)


def test_only_on_sundays_is_a_habit_of_sundays():
    sundays = [came(datetime.combine(NIGHT.date() + timedelta(days=6 + 7 * week), time(3, n), PARIS)) for week in range(4) for n in (0, 9)]

    assert habit(*sundays).weekdays == (6,)


def test_a_stretch_may_go_over_midnight():
    late = [came(datetime.combine(NIGHT.date() + n * DAY, time(23, 50), PARIS) + (n % 3) * 10 * MINUTE) for n in range(12)]

    assert habit(*late).begins == time(23, 45)


def test_what_comes_at_any_hour_or_is_not_over_or_came_twice_is_none():
    assert habit(*(came(NIGHT + n * 5 * HOUR) for n in range(20))) is None
    assert habit(*nightly(resolution="", count=3)) is None
    assert habit(*(came(NIGHT + n * DAY, lasts=None) for n in range(20))) is None
    assert habit(*(came(NIGHT + n * DAY, lasts=600) for n in range(20))) is None
    assert habit(*(came(NIGHT + n * MINUTE) for n in range(20))) is None
