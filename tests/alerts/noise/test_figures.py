"""Who talks most is named; what is scattered is counted together."""

from datetime import date

from alerts.noise import figures
from alerts.noise.rows import Day, Talker
from tests.conftest import NOON


def talker(subject, alerts, **fields):
    row = Talker("probe", "disk", subject, False, 3, "Disk full", alerts, alerts, alerts, alerts, 0, 0, 0, 60.0, frozenset(), NOON)
    return row._replace(**fields)


def test_a_subject_that_talks_much_stands_alone_and_the_rest_together():
    rows = [talker("a", 50), *(talker(str(number), 2, nights=frozenset({date(2026, 3, 1)})) for number in range(10))]

    found = figures.figures(rows)

    assert [(each.subject, each.subjects, each.alerts, each.nights) for each in found] == [("a", 1, 50, 0), (None, 10, 20, 1)]


def test_the_lists_are_ordered_by_what_they_cost():
    rows = [talker("a", 9, type="a", acted=1), talker("b", 8, type="b", messages=80), talker("c", 7, type="c", reports=700)]

    found = figures.figures(rows)

    assert [each["subject"] for each in figures.top(found)] == ["b", "a", "c"]
    assert [each["subject"] for each in figures.unacted(found)] == ["b", "c"]
    assert [each["subject"] for each in figures.folded(found)] == ["c"]


def test_totals_are_sums_of_days():
    days = [Day(date(2026, 3, number), 2, 1, 3, 1, 0, 0) for number in (1, 2)]

    found = figures.totals(days, reports=(10, 4, 1), figures=[])

    assert (found["alerts"], found["messages"], found["folded"], found["refused"]) == (4, 6, 4, 1)
