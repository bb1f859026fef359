"""Wall times and instants, at the changes of the clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from notifications import walltime

PARIS, HOWE, HAVANA = ZoneInfo("Europe/Paris"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Havana")


@pytest.mark.parametrize(("wall", "zone", "first", "last"), [
    (datetime(2026, 3, 2, 9), PARIS, datetime(2026, 3, 2, 8), datetime(2026, 3, 2, 8)),
    (datetime(2026, 10, 25, 2, 30), PARIS, datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 30)),
    (datetime(2026, 3, 29, 2, 0), PARIS, datetime(2026, 3, 29, 1, 0), datetime(2026, 3, 29, 1, 0)),
    (datetime(2026, 3, 29, 2, 30), PARIS, datetime(2026, 3, 29, 1, 0), datetime(2026, 3, 29, 1, 0)),
    (datetime(2026, 3, 29, 3, 0), PARIS, datetime(2026, 3, 29, 1, 0), datetime(2026, 3, 29, 1, 0)),
    (datetime(2026, 10, 4, 2, 10), HOWE, datetime(2026, 10, 3, 15, 30), datetime(2026, 10, 3, 15, 30)),
    (datetime(2026, 4, 5, 1, 45), HOWE, datetime(2026, 4, 4, 14, 45), datetime(2026, 4, 4, 15, 15)),
    (datetime(2026, 11, 1, 0, 0), HAVANA, datetime(2026, 11, 1, 4), datetime(2026, 11, 1, 5)),
    (datetime(2026, 3, 8, 0, 0), HAVANA, datetime(2026, 3, 8, 5), datetime(2026, 3, 8, 5)),
])  # fmt: skip
def test_a_wall_time_has_a_first_and_a_last_instant(wall, zone, first, last):
    assert walltime.first(wall, zone) == first.replace(tzinfo=UTC)
    assert walltime.last(wall, zone) == last.replace(tzinfo=UTC)


def test_what_the_clocks_show_has_no_zone_and_no_fold():
    assert walltime.shown(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), PARIS) == datetime(2026, 10, 25, 2, 30)
    assert walltime.shown(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), PARIS).fold == 0
