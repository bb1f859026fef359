"""Stretches that recur, by the clock of a zone and over both changes of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sentinel_site.lib import recurring
from sentinel_site.lib.recurring import RecurringError, Stretch

PARIS = ZoneInfo("Europe/Paris")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_weekdays_and_a_time_are_said_as_cron_says_them():
    assert recurring.expression([6, 0, 2], time(22, 5)) == "5 22 * * 1,3,0"
    assert recurring.expression([], time(0, 0)) == "0 0 * * *"


@pytest.mark.parametrize(
    ("at", "days"),
    [
        (utc(2026, 3, 2, 20, 59, 59), [2]), (utc(2026, 3, 2, 21), [2, 3]),
        (utc(2026, 3, 2, 22, 59, 59), [2, 3]), (utc(2026, 3, 2, 23), [3]),
    ],
)  # fmt: skip
def test_it_runs_from_its_beginning_until_just_before_its_end(at, days):
    found = recurring.around("0 22 * * *", 2 * HOUR, PARIS, at=at)

    assert found == [Stretch(utc(2026, 3, day, 21), utc(2026, 3, day, 23)) for day in days]


@pytest.mark.parametrize(
    ("begins", "at", "since"),
    [
        ("30 2 * * *", utc(2026, 3, 28, 12), utc(2026, 3, 29, 1)),  # 02:30 is skipped: at the jump, 03:00
        ("0 3 * * *", utc(2026, 3, 28, 12), utc(2026, 3, 29, 1)),
        ("30 1 * * *", utc(2026, 3, 28, 12), utc(2026, 3, 29, 0, 30)),
        ("30 2 * * *", utc(2026, 10, 24, 12), utc(2026, 10, 25, 0, 30)),  # 02:30 comes twice: the first one
        ("0 3 * * *", utc(2026, 10, 24, 12), utc(2026, 10, 25, 2)),
    ],
)
def test_when_the_clocks_change_it_comes_once_and_lasts_as_long(begins, at, since):
    assert recurring.around(begins, 2 * HOUR, PARIS, at=at)[-1] == Stretch(since, since + 2 * HOUR)
    inside = recurring.around(begins, 2 * HOUR, PARIS, at=since + 2 * HOUR - SECOND)
    assert inside[0] == Stretch(since, since + 2 * HOUR)
    assert recurring.around(begins, 2 * HOUR, PARIS, at=since + 2 * HOUR)[0].since > since


@pytest.mark.parametrize(
    ("expression", "lasts"),
    [("* * * * *", SECOND * 60), ("0 * * * *", HOUR), ("0 0 * * *", 24 * HOUR), ("0 0 * * *", 23 * HOUR), ("0 0 * * 1", 168 * HOUR),
     ("0,5 3 * * *", 5 * 60 * SECOND), ("61 * * * *", HOUR), ("nonsense", HOUR), ("0 0 30 2 *", HOUR)],
)  # fmt: skip
def test_what_never_ends_or_never_begins_is_refused(expression, lasts):
    with pytest.raises(RecurringError):
        recurring.check(expression, lasts, PARIS)


def test_what_leaves_time_between_is_taken():
    for expression, lasts in (("0 0 * * *", 22 * HOUR), ("0 2 * * 0", 4 * HOUR), ("0 0 1 1 *", 168 * HOUR), ("*/10 * * * *", 60 * SECOND)):
        recurring.check(expression, lasts, PARIS)
