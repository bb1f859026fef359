"""A month in days, as a page shows it."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from notifications import roster
from notifications.enums import RotationKind
from notifications.oncall import Layer, Schedule
from notifications.public_holidays import is_known, of

PARIS = ZoneInfo("Europe/Paris")
NAMES = {"a": "Ana", "b": "Ben"}
DAILY = Layer("base", RotationKind.DAILY, date(2026, 1, 5), ("a", "b"), handoff_time=time(6))
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def day_of(schedule, day, *, at=AT):
    weeks = roster.month(schedule, day.replace(day=1), NAMES, at=at)
    return next(each for week in weeks for each in week if each.day == day)


def test_a_day_names_who_goes_on_and_who_comes_and_when():
    day = day_of(Schedule(PARIS, (DAILY,)), date(2026, 3, 10))

    assert [(piece.name, piece.colour, piece.at, piece.left, piece.width) for piece in day.pieces] == [
        ("Ben", 1, "", 0, 25), ("Ana", 0, "06:00", 25, 75),
    ]  # fmt: skip
    assert (day.today, day.inside, day.gap) == (True, True, False)


@pytest.mark.parametrize(("day", "share"), [(date(2026, 3, 29), 500 / 23), (date(2026, 10, 25), 700 / 25)])
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(day, share):
    assert day_of(Schedule(PARIS, (DAILY,)), day).pieces[0].width == round(share, 2)


def test_weeks_are_whole_and_begin_on_monday():
    weeks = roster.month(Schedule(PARIS), date(2026, 3, 1), {}, at=AT)

    assert {len(week) for week in weeks} == {7}
    assert (weeks[0][0].day, weeks[-1][-1].day) == (date(2026, 2, 23), date(2026, 4, 5))
    assert all(day.gap and not day.pieces for week in weeks for day in week)


def test_a_day_of_many_shifts_names_some_and_counts_the_rest():
    hourly = Layer("base", RotationKind.HOURLY, date(2026, 1, 5), ("a", "b"))

    day = day_of(Schedule(PARIS, (hourly,)), date(2026, 3, 10))

    assert (len(day.listed), day.more) == (5, 19)


@pytest.mark.parametrize(("first_day", "expected"), [
    (date(2026, 1, 1), (date(2025, 12, 1), date(2026, 2, 1))), (date(2026, 12, 1), (date(2026, 11, 1), date(2027, 1, 1))),
])  # fmt: skip
def test_a_month_has_neighbours(first_day, expected):
    assert roster.neighbours(first_day) == expected


def test_public_holidays_are_those_of_the_place():
    assert (date(2026, 7, 14) in of("FR"), date(2026, 7, 13) in of("FR")) == (True, False)
    assert (date(2026, 1, 6) in of("DE-BY"), date(2026, 1, 6) in of("DE")) == (True, False)


def test_a_place_nobody_knows_has_none(caplog):
    assert (date(2026, 1, 1) in of("XX"), is_known("XX"), is_known("FR-NOWHERE")) == (False, False, False)
    assert "no calendar of public holidays for 'XX'" in caplog.text
