"""Quiet hours: exact over midnight and over both changes of the clocks, and never for ever."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.quiet_hours import ends_at

PARIS = ZoneInfo("Europe/Paris")
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "UTC")
walls = st.times(min_value=time(0), max_value=time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))
instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
NIGHT = (time(22), time(7))


def paris(text, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(("at", "end"), [
    ("2026-03-02T21:59:59", None), ("2026-03-02T22:00", "2026-03-03T07:00"), ("2026-03-03T00:00", "2026-03-03T07:00"),
    ("2026-03-03T06:59:59", "2026-03-03T07:00"), ("2026-03-03T07:00", None), ("2026-03-03T12:00", None),
    ("2026-03-29T01:00", "2026-03-29T07:00"), ("2026-10-25T01:00", "2026-10-25T07:00"),
])  # fmt: skip
def test_a_night_runs_over_midnight_and_over_changes_of_the_clocks(at, end):
    assert ends_at(*NIGHT, "Europe/Paris", at=paris(at)) == (end and paris(end))


def test_an_afternoon_stays_within_its_day():
    assert ends_at(time(13), time(15), "Europe/Paris", at=paris("2026-03-02T14:00")) == paris("2026-03-02T15:00")
    assert ends_at(time(13), time(15), "Europe/Paris", at=paris("2026-03-02T16:00")) is None


def test_a_time_that_comes_twice_ends_them_the_first_time_and_begins_them_the_second_time():
    once, again = paris("2026-10-25T02:30"), paris("2026-10-25T02:30", fold=1)

    assert again - once == timedelta(hours=1)
    assert ends_at(time(22), time(2, 30), "Europe/Paris", at=once - timedelta(minutes=1)) == once
    assert ends_at(time(22), time(2, 30), "Europe/Paris", at=once) is None
    assert ends_at(time(2, 30), time(7), "Europe/Paris", at=once) is None
    assert ends_at(time(2, 30), time(7), "Europe/Paris", at=again) == paris("2026-10-25T07:00")


def test_a_time_that_is_skipped_counts_from_the_skip():
    skip = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

    assert ends_at(time(22), time(2, 30), "Europe/Paris", at=skip - timedelta(minutes=1)) == skip
    assert ends_at(time(22), time(2, 30), "Europe/Paris", at=skip) is None
    assert ends_at(time(2, 30), time(7), "Europe/Paris", at=skip) == paris("2026-03-29T07:00")


@pytest.mark.parametrize(("begin", "end"), [(None, None), (time(22), None), (None, time(7)), (time(7), time(7))])
def test_half_of_them_or_none_at_all_hold_nothing_back(begin, end):
    assert ends_at(begin, end, "Europe/Paris", at=paris("2026-03-02T23:00")) is None


def test_an_unknown_zone_counts_as_utc():
    assert ends_at(*NIGHT, "Mars/Olympus", at=datetime(2026, 3, 2, 23, tzinfo=UTC)) == datetime(2026, 3, 3, 7, tzinfo=UTC)


@given(walls, walls, st.sampled_from(ZONES), instants)
def test_their_end_lies_ahead_within_a_day_and_is_not_quiet(begin, end, zone, at):
    until = ends_at(begin, end, zone, at=at)

    if until is not None:
        assert at < until <= at + timedelta(hours=26)
        assert ends_at(begin, end, zone, at=until) is None


@given(walls, walls, st.sampled_from(ZONES), instants)
def test_every_instant_outside_of_them_lets_messages_through(begin, end, zone, at):
    wall = at.astimezone(ZoneInfo(zone)).time().replace(tzinfo=None)
    inside = begin <= wall < end if begin < end else wall >= begin or wall < end

    if not inside:
        assert ends_at(begin, end, zone, at=at) is None
