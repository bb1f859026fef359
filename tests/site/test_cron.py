"""Cron expressions in a time zone, at the changes of the clocks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from sentinel_site.lib import cron

PARIS = ZoneInfo("Europe/Paris")


def slots(expression, since, count, zone=PARIS):
    found = [since]
    for _ in range(count):
        found.append(cron.after(expression, found[-1], zone))
    return [f"{slot.astimezone(zone):%m-%d %H:%M %z}" for slot in found[1:]]


def test_a_slot_that_the_clocks_skip_comes_at_the_jump():
    assert slots("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), 2) == ["03-29 03:00 +0200", "03-30 02:30 +0200"]


def test_a_slot_that_the_clocks_show_twice_comes_once():
    assert slots("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == ["10-25 02:30 +0200", "10-26 02:30 +0100"]


def test_an_hourly_slot_comes_in_every_hour_whatever_the_clocks_do():
    first = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    found = [first := cron.after("0 * * * *", first, PARIS) for _ in range(4)]

    assert [later - earlier for earlier, later in pairwise(found)] == [timedelta(hours=1)] * 3


@pytest.mark.parametrize("expression", ["", "* * * *", "60 * * * *", "0 0 30 2 *", "@daily", "0 0 * * * *", "0 0 * * funday"])
def test_what_is_no_expression_says_what_to_write(expression):
    with pytest.raises(cron.CronError, match=r"Write|No date"):
        cron.check(expression)


def test_before_is_the_slot_before_the_instant():
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)

    assert cron.before("0 12 * * *", at, ZoneInfo("UTC")) == at - timedelta(days=1)
    assert cron.before("0 12 * * *", at + timedelta(microseconds=1), ZoneInfo("UTC")) == at
