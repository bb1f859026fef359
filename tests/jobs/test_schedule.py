"""By which slots a job is due, over every change of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import schedule
from jobs.enums import CatchUp
from sentinel_site.lib import cron
from tests.conftest import HOUR, MINUTE, NOON

ZONES = ("UTC", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")
EXPRESSIONS = (
    "30 2 * * *",
    "0 * * * *", "*/15 * * * *", "0 3 * * 1-5", "59 23 28-31 * *", "0 0 1 * *", "15,45 1-3 * * *", "0 */6 * * 7", "0 0 29 2 *",
)  # fmt: skip
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC),
    datetime(2028, 2, 28, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC),
)  # fmt: skip
"""About these days clocks change somewhere in ZONES, or a month ends."""
moments = st.builds(lambda day, off: day + off, st.sampled_from(CHANGES), st.timedeltas(timedelta(days=-1), timedelta(days=1)))
gaps = st.lists(st.timedeltas(timedelta(seconds=1), timedelta(hours=20)), min_size=1, max_size=6)
thorough = settings(deadline=None, max_examples=60)


@thorough
@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), moments, gaps)
def test_whenever_somebody_looks_each_slot_comes_exactly_once(expression, zone, begin, pauses):
    next_at, at, found = schedule.next_slot(expression, zone, at=begin), begin, []

    for pause in pauses:
        at += pause
        if next_at <= at:
            found += schedule.due(expression, zone, since=next_at, at=at, catch_up=CatchUp.ALL)
            next_at = schedule.next_slot(expression, zone, at=at)

    assert found == list(cron.between(expression, begin + timedelta(microseconds=1), at, ZoneInfo(zone)))
    assert sorted(set(found)) == found


@thorough
@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), moments, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_caught_up_once_is_the_newest_slot(expression, zone, since, passed):
    at = since + passed
    every = list(cron.between(expression, since, at, ZoneInfo(zone)))

    assert schedule.due(expression, zone, since=since, at=at, catch_up=CatchUp.ONCE) == tuple(every[-1:])


@thorough
@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), moments)
def test_the_next_slot_is_later_and_a_slot(expression, zone, at):
    slot = schedule.next_slot(expression, zone, at=at)

    assert slot > at
    assert schedule.is_slot(expression, zone, slot)
    assert schedule.last_slot(expression, zone, at=slot) == slot


@pytest.mark.parametrize(("late", "count"), [(MINUTE, 1), (2 * MINUTE, 0), (HOUR, 0)])
def test_what_is_not_caught_up_runs_only_when_it_is_hardly_late(late, count):
    assert len(schedule.due("0 12 * * *", "UTC", since=NOON, at=NOON + late, catch_up=CatchUp.NONE)) == count


def test_what_is_not_caught_up_is_given_the_grace_of_its_job():
    assert schedule.due("0 12 * * *", "UTC", since=NOON, at=NOON + HOUR, catch_up=CatchUp.NONE, grace=HOUR) == (NOON,)


def test_of_a_year_of_missed_minutes_the_newest_are_caught_up():
    slots = schedule.due("* * * * *", "UTC", since=NOON - timedelta(days=365), at=NOON, catch_up=CatchUp.ALL)

    assert (len(slots), slots[0], slots[-1]) == (schedule.MOST, NOON - (schedule.MOST - 1) * MINUTE, NOON)


def test_the_last_leap_day_is_found():
    assert schedule.last_slot("0 0 29 2 *", "UTC", at=NOON) == datetime(2024, 2, 29, tzinfo=UTC)


def test_without_a_schedule_nothing_is_ever_due():
    assert schedule.next_slot("", "UTC", at=NOON) is None
    assert schedule.last_slot("", "UTC", at=NOON) is None
    assert schedule.due("", "UTC", since=NOON, at=NOON, catch_up=CatchUp.ALL) == ()
