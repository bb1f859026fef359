"""Time is cut by people's clocks, and from the fewest roll-ups."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from sentinel_site.lib.rolling import bins, steps
from sentinel_site.lib.rolling.steps import DAY, LEVELS, QUARTER, SIX_HOURS, Step

PARIS = ZoneInfo("Europe/Paris")
LATE = datetime(2026, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(("zone", "hours"), [("Europe/Paris", 23), ("Asia/Kathmandu", 24), ("Australia/Lord_Howe", 24)])
def test_a_day_is_what_the_clocks_of_its_zone_say(zone, hours):
    begin = datetime(2026, 3, 29, tzinfo=ZoneInfo(zone))

    edges = steps.bounds(begin, datetime(2026, 3, 30, tzinfo=ZoneInfo(zone)), Step.DAY, ZoneInfo(zone))

    assert [after - before for before, after in pairwise(edges)] == [timedelta(hours=hours)]
    assert edges[0] == begin


@pytest.mark.parametrize(("step", "first"), [(Step.WEEK, "2026-03-02"), (Step.MONTH, "2026-03-01"), (Step.DAY, "2026-02-26")])
def test_steps_begin_where_people_expect_it(step, first):
    edges = steps.bounds(datetime(2026, 2, 25, 12, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC), step, PARIS)

    assert [f"{at.astimezone(PARIS):%Y-%m-%d}" for at in edges[:2]] == ["2026-02-25", first]


def test_a_stretch_is_made_of_the_longest_roll_ups_that_are_there():
    edges = [datetime(2026, 1, 1, 23, tzinfo=UTC), datetime(2026, 1, 4, 1, tzinfo=UTC)]

    found = steps.pieces(edges, {DAY: {datetime(2026, 1, 2, tzinfo=UTC)}, SIX_HOURS: {datetime(2026, 1, 3, 12, tzinfo=UTC)}})

    assert [(piece.seconds, f"{piece.since:%d %H}", f"{piece.until:%d %H}") for piece in found] == [
        (QUARTER, "01 23", "02 00"), (DAY, "02 00", "03 00"), (QUARTER, "03 00", "03 12"), (SIX_HOURS, "03 12", "03 18"),
        (QUARTER, "03 18", "04 00"), (QUARTER, "04 00", "04 01"),
    ]  # fmt: skip


@pytest.mark.parametrize("days", [1, 40, 200, 1830])
def test_pieces_cover_a_stretch_without_gap_and_without_overlap(days):
    edges = steps.bounds(LATE - timedelta(days=days, hours=5), LATE, steps.fitting(LATE - timedelta(days=days), LATE), PARIS)
    clean = {
        seconds: {steps.floor(LATE, seconds) - n * timedelta(seconds=seconds) for n in range(1, 40)} for seconds in LEVELS[1:]
    }  # fmt: skip

    found = steps.pieces(edges, clean)

    assert (found[0].since, found[-1].until) == (edges[0], edges[-1])
    assert all(one.until == other.since for one, other in pairwise(found))


def test_too_many_steps_are_refused():
    with pytest.raises(ValueError, match="more than 160 steps"):
        steps.bounds(LATE - timedelta(days=30), LATE, Step.HOUR, PARIS)


def test_a_percentile_from_bins_is_nearly_the_true_one():
    lengths = [0.0004 * 1.013**n for n in range(2000)]
    counts: dict[int, int] = {}
    for length in lengths:
        counts[bins.bin_of(length)] = counts.get(bins.bin_of(length), 0) + 1

    for share in (0.5, 0.95, 1.0):
        exact = max(bins.LEAST_SECONDS, lengths[int(share * 2000) - 1])
        assert bins.percentile(counts, share) == pytest.approx(exact, rel=bins.ERROR_PERCENT / 100)
    assert bins.percentile({}, 0.5) is None
