"""Expected runs: over midnight, month ends and the changes of the clocks; and which of them a report is about."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups import expectations
from backups.enums import Frequency
from backups.expectations import Expectation
from sentinel_site.lib import cron
from tests.conftest import HOUR, MINUTE, NOON

DAY = timedelta(days=1)
ZONE_NAMES = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "Africa/Casablanca")
ZONES = st.sampled_from([ZoneInfo(name) for name in ZONE_NAMES])
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
TIMES = st.times().map(lambda found: found.replace(second=0, microsecond=0))
DAILY = Expectation(Frequency.DAILY, ZoneInfo("UTC"), time(0, 10))


def expected(expectation, since, until):
    return [f"{cycle.expected_at.astimezone(expectation.zone):%m-%d %H:%M}" for cycle in expectations.between(expectation, since, until)]


@given(ZONES, TIMES, INSTANTS, st.sets(st.integers(0, 6)))
def test_a_daily_run_is_what_cron_says(zone, at, since, weekdays):
    expectation = Expectation(Frequency.DAILY, zone, at, weekdays=frozenset(weekdays))
    days = ",".join(str((day + 1) % 7) for day in sorted(weekdays)) or "*"

    found = next(expectations.following(expectation, since)).expected_at

    assert found == cron.after(f"{at.minute} {at.hour} * * {days}", since, zone)


@given(ZONES, st.integers(0, 59), INSTANTS)
def test_an_hourly_run_comes_once_an_hour_at_its_minute(zone, minute, since):
    expectation = Expectation(Frequency.HOURLY, zone, time(0, minute))

    found = [cycle.expected_at for cycle in expectations.between(expectation, since, since + 12 * HOUR)]

    assert {each.astimezone(zone).minute for each in found} == {minute}
    assert {later - earlier for earlier, later in pairwise(found)} <= {HOUR, 30 * MINUTE, 90 * MINUTE}


@given(ZONES, TIMES, INSTANTS, st.sampled_from([Frequency.HOURLY, Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY]))
def test_every_report_is_about_one_run_and_runs_follow_each_other_without_a_gap(zone, at, reported_at, frequency):
    expectation = Expectation(frequency, zone, at, day_of_month=31)

    cycle = expectations.of(expectation, reported_at)
    after = next(expectations.following(expectation, cycle.expected_at))

    assert cycle.opens_at <= reported_at < after.opens_at
    assert cycle.expected_at < after.opens_at <= after.expected_at


def test_a_report_before_midnight_is_about_the_run_after_it():
    assert expectations.of(DAILY, NOON.replace(hour=23, minute=55)).expected_at == NOON.replace(day=3, hour=0, minute=10)


def test_a_late_report_is_about_the_run_it_is_late_for():
    assert expectations.of(DAILY, NOON).expected_at == NOON.replace(hour=0, minute=10)


def test_a_run_is_overdue_when_its_grace_has_passed():
    deadline = NOON.replace(hour=1, minute=10)

    assert expectations.overdue(DAILY, deadline).expected_at == NOON.replace(day=1, hour=0, minute=10)
    assert expectations.overdue(DAILY, deadline + timedelta(microseconds=1)).expected_at == NOON.replace(hour=0, minute=10)


def test_the_31st_of_a_shorter_month_is_its_last_day():
    monthly = Expectation(Frequency.MONTHLY, ZoneInfo("Europe/Paris"), time(2, 30), day_of_month=31)

    found = expected(monthly, datetime(2028, 1, 1, tzinfo=UTC), datetime(2028, 5, 1, tzinfo=UTC))

    assert found == ["01-31 02:30", "02-29 02:30", "03-31 02:30", "04-30 02:30"]


def test_a_weekly_run_is_not_expected_on_other_days():
    weekly = Expectation(Frequency.WEEKLY, ZoneInfo("UTC"), time(3), weekdays=frozenset({2}))

    assert expected(weekly, NOON, NOON + 15 * DAY) == ["03-04 03:00", "03-11 03:00"]


def test_what_is_expected_once_is_expected_once():
    once = Expectation(Frequency.ONCE, ZoneInfo("UTC"), time(3), once_on=date(2026, 3, 5))

    assert expected(once, NOON, NOON + 100 * DAY) == ["03-05 03:00"]
    assert (expectations.of(once, NOON), expectations.overdue(once, NOON)) == (None, None)


def test_cron_says_everything_itself():
    nights = Expectation(Frequency.CRON, ZoneInfo("Europe/Paris"), cron="30 2 * * 1-5")

    assert expected(nights, NOON.replace(day=27), NOON.replace(day=31)) == ["03-30 02:30", "03-31 02:30"]


@pytest.mark.parametrize(("minutes", "hours"), [
    ((58, 61, 63, 60), 1), ((-121, -119, -120, -118), -2), ((2, 1, 3, 2), None), ((58, 61, 63), None), ((60, 60, 60, 5), None),
])  # fmt: skip
def test_reports_that_are_always_an_hour_off_show_it(minutes, hours):
    found = expectations.always_off([minute * MINUTE for minute in minutes])

    assert found == (None if hours is None else hours * HOUR)
