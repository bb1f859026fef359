"""Of old days the quarters go and the day stays: no count is lost by it, whatever happens to the alerts then."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts import lifecycle, rollups, statistics
from alerts.models import Alert, AlertRollup
from alerts.statistics import AlertQuery
from sentinel_site import statistics as kept
from sentinel_site.lib.rolling import asking, keeping, steps, thinning
from sentinel_site.lib.rolling.steps import DAY
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_recipient, make_source, raise_alert

ALERTS = rollups.KEPT[0]
LATER = NOON + timedelta(days=3)


@pytest.fixture
def alerts(db):
    make_recipient(groups=["oncall"])
    make_source()
    made = [raise_alert(at=NOON + hours * HOUR, subject=f"{hours}") for hours in (-20, -6, 0, 6.5, 30)]
    keeping.run(ALERTS, at=LATER)
    return made


def raised(zone="UTC", step="day"):
    query = AlertQuery(since=NOON - timedelta(days=2), until=NOON + timedelta(days=2), zone=zone, step=step)
    figures = statistics.CHARTS["alerts"](query, asking.read(query, at=LATER)).figures
    return [sum(values) for values in zip(*(series.values for series in figures[0].series), strict=True)]


def quarters(**fields):
    return AlertRollup.objects.filter(seconds=900, priority=0, source="", **fields).count()


def thin(before=NOON):
    return thinning.run(ALERTS, before=before, budget_seconds=60)


def test_thin_days_say_the_same_and_later_ones_keep_their_quarters(alerts):
    before = raised()

    gone = [thin(NOON), thin(NOON + timedelta(days=1)), thin(NOON + timedelta(days=1))]

    assert (gone, quarters(at__lt=NOON + 12 * HOUR), quarters()) == ([8, 24, 0], 0, 1)
    assert not AlertRollup.objects.filter(seconds__lt=DAY, at__lt=NOON + 12 * HOUR).exists()
    assert raised() == before == [0, 1, 3, 1, 0]


def test_a_day_of_an_odd_zone_has_whole_days_of_utc(alerts):
    fine = raised("Asia/Kathmandu")
    thin(LATER)

    assert (fine, raised("Asia/Kathmandu"), sum(raised(step="hour"))) == ([0, 1, 2, 2, 0], [0, 1, 3, 1, 0], 5)


def test_a_day_that_is_not_there_or_says_otherwise_keeps_its_quarters(alerts):
    days = AlertRollup.objects.filter(seconds=DAY)
    days.filter(at__lt=NOON - 12 * HOUR).delete()
    days.filter(at=NOON - 12 * HOUR, priority=0, source="").update(repeats=7)

    assert (thin(NOON + 30 * HOUR), quarters()) == (0, 5)


def test_a_change_long_after_has_the_whole_day_counted_anew(alerts, user):
    before = raised()
    thin(LATER)
    lifecycle.acknowledge(alerts[1], by=user, at=NOON + MINUTE)

    keeping.run(ALERTS, at=LATER + HOUR)
    anew = AlertRollup.objects.get(seconds=DAY, priority=0, source="", at=NOON - 12 * HOUR)

    assert (raised(), anew.acknowledged, quarters()) == (before, 1, 3)
    assert (thin(LATER), quarters()) == (24, 0)


def test_a_thin_day_of_which_alerts_were_deleted_stays_as_it_was_counted(alerts, user):
    before = raised()
    thin(LATER)
    for alert in alerts[1:3]:
        lifecycle.resolve(alert, by=user, at=NOON + MINUTE)
    Alert.objects.filter(pk=alerts[1].pk).delete()

    keeping.run(ALERTS, at=LATER + HOUR)
    keeping.rebuild(ALERTS, since=NOON - timedelta(days=5), until=LATER, at=LATER, progress=lambda *_: None)

    assert (raised(), quarters(at__gte=NOON - 12 * HOUR, at__lt=NOON + 12 * HOUR)) == (before, 0)


def test_the_setting_says_how_old_and_nought_is_never(alerts, settings):
    settings.SENTINEL_KEEP_QUARTERS_DAYS = 0
    never = kept.thin(at=NOON + timedelta(days=900))
    settings.SENTINEL_KEEP_QUARTERS_DAYS = 1
    young = kept.thin(at=NOON + timedelta(days=30))
    settings.SENTINEL_KEEP_QUARTERS_DAYS = 400

    assert (never, young, kept.thin(at=NOON + timedelta(days=399)), quarters()) == (0, 0, 0, 5)
    assert (kept.thin(at=NOON + timedelta(days=420)) > 0, quarters()) == (True, 0)


@pytest.mark.parametrize(("hour", "day"), [(0, 5), (12, 5), (12.25, 6), (18.25, 6), (23.75, 6)])
def test_the_nearest_midnight(hour, day):
    assert steps.nearest_midnight(datetime(2026, 3, 5, tzinfo=UTC) + hour * HOUR) == datetime(2026, 3, day, tzinfo=UTC)
