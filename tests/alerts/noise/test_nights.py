"""A night is the reader's own, and begins the day before it ends."""

from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from alerts.noise import nights
from alerts.noise.nights import Sleeper
from alerts.noise.rows import Quarter

ADA, GRACE = UUID(int=1), UUID(int=2)
PARIS, TOKYO = ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("hour", "minute", "night"), [(20, 59, None), (21, 0, 2), (22, 59, 2), (23, 0, 2), (5, 59, 1), (6, 0, None), (12, 0, None)]
)
def test_the_night_goes_from_22_to_7_by_the_readers_clock(hour, minute, night):
    at = datetime(2026, 3, 2, hour, minute, tzinfo=UTC)

    assert nights.night_of(at, PARIS) == (night and date(2026, 3, night))


def test_load_counts_nights_messages_and_the_worst_of_each_person():
    when = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((2, 23), (3, 2), (4, 1), (4, 12))]
    rings = [Quarter(ADA, at, number + 1) for number, at in enumerate(when)] + [Quarter(GRACE, when[3], 1), Quarter(GRACE, when[0], 9)]
    people = {ADA: Sleeper("Ada", PARIS), GRACE: Sleeper("Grace", TOKYO)}

    found = nights.load(rings, people, since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 5, tzinfo=UTC))

    assert [(each["name"], each["nights"], each["messages"], each["most"], each["most_on"]) for each in found] == [
        ("Ada", 2, 6, 3, "2026-03-03")
    ]
    assert (found[0]["first"], found[0]["of"], found[0]["by_night"]) == ("2026-02-28", 5, [0, 0, 3, 3, 0])
