"""The drawing of a chart: nothing is lost, gaps stay gaps, and any numbers can be drawn."""

from zoneinfo import ZoneInfo

import pytest

from alerts import story_chart
from alerts.story_parts import Chart, Span
from tests.conftest import HOUR, MINUTE, NOON, SECOND

PARIS = ZoneInfo("Europe/Paris")


def chart(*values, every=SECOND, span=None, **fields):
    at = [(NOON + number * every).timestamp() for number, value in enumerate(values) if value is not None]
    kept = [value for value in values if value is not None]
    span = span or Span(NOON, NOON + len(values) * every)
    return Chart("Lp", "dB", span, at, kept, kept, kept, 1.0, gaps=story_chart.gaps(at, span), **fields)


def draw(found, zone=PARIS):
    return story_chart.draw(found, width=400, height=100, zone=zone)


def test_where_nothing_was_measured_is_a_gap_and_the_line_is_broken():
    found = chart(*[60.0] * 20, *[None] * 30, *[60.0] * 20)

    assert found.gaps == [Span(NOON + 19 * SECOND, NOON + 50 * SECOND)]
    assert [len(line) for line in draw(found).lines] == [20, 20]


def test_no_samples_at_all_are_one_gap():
    span = Span(NOON, NOON + MINUTE)

    assert (story_chart.gaps([], span), draw(chart(span=span)).lines) == ([span], [])


def test_no_peak_is_lost_among_many():
    drawing = draw(chart(*[50.0] * 5000, 99.0, *[50.0] * 5000, limit=70.0))

    assert len(drawing.lines[0]) <= story_chart.COLUMNS + 1
    assert min(y for _, y in drawing.bands[0]) < drawing.limit < max(y for _, y in drawing.bands[0])


def test_onset_and_end_are_where_they_were_and_nowhere_else():
    drawing = draw(chart(*[60.0] * 100, onset_at=NOON + 50 * SECOND, clear_at=NOON + HOUR))

    assert (drawing.onset, drawing.clear) == (200.0, None)


def test_the_axis_shows_the_clocks_of_the_zone():
    drawing = draw(chart(*[60.0] * 3, every=20 * MINUTE))

    assert [mark.text for mark in drawing.columns] == ["13:00", "13:10", "13:20", "13:30", "13:40", "13:50", "14:00"]


@pytest.mark.parametrize("values", [(0.0,), (60.0, 60.0), (1e300, -1e300), (1e-12, 2e-12), (-5.0, None, 5.0)])
def test_any_numbers_can_be_drawn(values):
    drawing = draw(chart(*values))

    assert all(0 <= y <= 100 for line in drawing.lines for _, y in line)
    assert all(points for points in drawing.line_points)
