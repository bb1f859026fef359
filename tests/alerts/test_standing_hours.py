"""How many alerts were open, and late, at each full hour: as it was, and never rewritten."""

from datetime import timedelta

import pytest

from alerts import lifecycle, standing_hours, statistics
from alerts.models import Alert, RollupProgress
from alerts.statistics import AlertQuery
from sentinel_site.lib.rolling import asking
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db


def read(**asked):
    query = AlertQuery(since=NOON - 2 * HOUR, until=NOON + 6 * HOUR, zone="UTC", step="hour", **asked)
    answer = statistics.standing(query, asking.read(query, at=NOON + 9 * HOUR))
    return {series.id: list(series.values) for figure in answer.figures for series in figure.series}


@pytest.fixture
def history(user):
    """A P2, late after half an hour, taken after two and a half hours and ended after five; and a P3 that stays open."""
    make_source()
    first = raise_alert(at=NOON - 10 * MINUTE, severity="high")
    raise_alert(at=NOON + 3 * HOUR + MINUTE, severity="medium", subject="b")
    lifecycle.acknowledge(first, by=user, at=NOON + 150 * MINUTE)
    lifecycle.resolve(first, by=user, at=NOON + 285 * MINUTE)


def test_the_past_is_worked_out_from_what_is_still_there(history):
    standing_hours.run(at=NOON + 6 * HOUR + MINUTE, budget_seconds=60)

    found = read()

    assert found["open"] == [0, 0, 1, 1, 1, 1, 2, 1]
    assert (found["late"], found["P2"], found["P3"]) == ([0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0, 1, 1])
    assert read(priority="P3", source="probe")["open"] == found["P3"]
    assert RollupProgress.objects.get(pk="open").whole


def test_hours_that_were_missed_are_made_up_for_and_written_ones_stay(history):
    standing_hours.run(at=NOON + 2 * HOUR, budget_seconds=60)
    Alert.objects.all().delete()

    standing_hours.run(at=NOON + 5 * HOUR + MINUTE, budget_seconds=60)
    standing_hours.run(at=NOON + 5 * HOUR + 2 * MINUTE, budget_seconds=60)

    assert read()["open"] == [0, 0, 1, 1, 1, 0, 0, 0]


def test_what_is_open_for_very_long_is_counted(history):
    at = NOON + timedelta(days=45)

    standing_hours.run(at=at, budget_seconds=0)

    query = AlertQuery(since=at, until=at + HOUR, step="hour")
    assert list(statistics.standing(query, asking.read(query, at=at)).figures[0].series[0].values) == [1]
