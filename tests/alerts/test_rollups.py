"""Roll-ups say the same as the alerts, whenever those change, and still when they are gone."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts import escalation, lifecycle, rollups, statistics
from alerts.models import Alert, AlertEvent, AlertRollup, RollupProgress
from alerts.statistics import AlertQuery
from sentinel_site.lib.rolling import asking, keeping
from sentinel_site.lib.rolling.steps import DAY, LEVELS, MONTH
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
ALERTS, STEPS = rollups.KEPT
LATER = NOON + timedelta(days=3)


@pytest.fixture
def source(db):
    make_recipient(groups=["oncall"])
    return make_source()


def asked(**fields):
    query = AlertQuery(
        **{"since": NOON - timedelta(days=2), "until": NOON + timedelta(days=2), "zone": "Asia/Kathmandu", "step": "day", **fields}
    )
    return query, asking.read(query, at=LATER)


def chart(name="alerts", **fields):
    answer = statistics.CHARTS[name](*asked(**fields))
    return {figure.id: {series.id: list(series.values) for series in figure.series} for figure in answer.figures}


def totals(name="by_priority", chart="alerts"):
    table = next(table for table in statistics.CHARTS[chart](*asked()).tables if table.id == name)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_alerts_are_counted_on_the_day_of_the_one_who_asks(source):
    raise_alert(at=NOON, severity="high", subject="a")
    raise_alert(at=NOON + 6 * HOUR + 20 * MINUTE, severity="high", subject="b")  # a quarter past midnight in Kathmandu
    keeping.run(ALERTS, at=LATER)

    assert chart()["raised"]["P2"] == [0, 0, 1, 1, 0]


def test_what_changes_later_is_followed(source, user):
    alert = raise_alert(at=NOON)
    keeping.run(ALERTS, at=LATER)
    assert totals()[0]["to_acknowledge_median_seconds"] is None
    lifecycle.acknowledge(alert, by=user, at=NOON + 2 * MINUTE)
    lifecycle.resolve(alert, by=user, at=NOON + 60 * MINUTE)

    keeping.run(ALERTS, at=LATER + MINUTE)

    (row,) = totals()
    assert (row["raised"], row["acknowledged"], row["resolved"]) == (1, 1, 1)
    assert (row["to_acknowledge_mean_seconds"], row["to_resolve_mean_seconds"]) == (120, 3600)
    assert chart()["to_acknowledge"]["p95"] == [None, None, pytest.approx(120, rel=0.025), None, None]
    assert row["to_acknowledge_median_seconds"] == pytest.approx(120, rel=0.025)


def test_counting_again_changes_nothing_and_days_put_together_say_the_same(source):
    for number in range(5):
        raise_alert(at=NOON - number * 13 * HOUR, subject=f"{number}", severity="medium" if number % 2 else "low")
    ALERTS.progress.objects.create(name="alerts", position=-1, history_at=LATER)
    keeping.run(ALERTS, at=LATER)
    fine, days = chart(), AlertRollup.objects.filter(seconds=DAY).count()

    AlertRollup.objects.filter(seconds__in=LEVELS[1:]).delete()
    from_quarters = chart()
    keeping.rebuild(ALERTS, since=NOON - timedelta(days=9), until=LATER, at=LATER, progress=lambda *_: None)

    assert (days > 0, fine, chart()) == (True, from_quarters, from_quarters)
    assert sum(map(sum, fine["raised"].values())) == 4  # one lies before what is asked


def test_what_retention_deletes_stays_counted(source, user):
    alert = raise_alert(at=NOON)
    lifecycle.resolve(alert, by=user, at=NOON + MINUTE)
    raise_alert(at=NOON + SECOND, subject="another")
    keeping.run(ALERTS, at=LATER)
    before = totals()

    Alert.objects.filter(pk=alert.pk).delete()
    keeping.rebuild(ALERTS, since=NOON - HOUR, until=NOON + HOUR, at=LATER, progress=lambda *_: None)

    assert (before[0]["raised"], totals()) == (2, before)


def test_the_history_before_the_first_run_is_counted_backwards_within_the_budget(source):
    for days in (0, 5, 9):
        raise_alert(at=NOON - timedelta(days=days), subject=f"{days}")
    AlertEvent.objects.all().delete()

    keeping.run(ALERTS, at=NOON + HOUR, budget_seconds=0)
    nothing = AlertRollup.objects.count()
    keeping.run(ALERTS, at=NOON + HOUR)

    assert (nothing, RollupProgress.objects.get().whole) == (0, True)
    assert sum(AlertRollup.objects.filter(seconds=900, priority=0, source="").values_list("raised", flat=True)) == 3


def test_a_day_that_is_counted_anew_is_not_left_to_its_quarters_meanwhile(source):
    for days in (1, 3, 6):
        raise_alert(at=NOON - timedelta(days=days), subject=f"{days}")
    keeping.run(ALERTS, at=LATER)
    days = set(AlertRollup.objects.filter(seconds=DAY).values_list("at", flat=True))

    RollupProgress.objects.update(whole=False, history_at=LATER, merged_at=LATER)  # nothing else is put together now
    keeping.run(ALERTS, at=LATER)

    assert (len(days), RollupProgress.objects.get().whole) == (3, True)
    assert set(AlertRollup.objects.filter(seconds=DAY).values_list("at", flat=True)) == days


def test_events_that_are_forgotten_unread_are_made_up_for(source, user):
    alert = raise_alert(at=NOON)
    keeping.run(ALERTS, at=LATER)
    lifecycle.acknowledge(alert, by=user, at=NOON + MINUTE)
    raise_alert(at=NOON + MINUTE, subject="another")
    newest = AlertEvent.objects.order_by("-pk").first().pk
    AlertEvent.objects.filter(pk__lt=newest).delete()

    keeping.run(ALERTS, at=LATER + MINUTE)

    assert [(row["raised"], row["acknowledged"]) for row in totals()] == [(2, 1)]


def test_the_ledger_says_how_late_the_worst_step_was(source):
    raise_alert(at=NOON, subject="in time")
    escalation.advance_due(at=NOON)
    raise_alert(at=NOON + SECOND, subject="late")
    escalation.advance_due(at=NOON + 91 * SECOND)
    keeping.run(STEPS, at=LATER)

    (everything, *_) = totals("promises", "steps")

    assert everything == {"priority": "all", "due": 2, "late": 1, "very_late": 1, "p95_seconds": pytest.approx(90, rel=0.025),
                          "worst_seconds": 90}  # fmt: skip


def test_many_sources_are_eight_and_the_others(source):
    for number in range(10):
        make_source(f"s{number}", name=f"=Source {number}")
        raise_alert(at=NOON, source=f"s{number}")
    raise_alert(at=NOON, source="s9", subject="another")
    keeping.run(ALERTS, at=LATER)

    found = chart(by="source")["raised"]

    assert (list(found), sum(map(sum, found.values()))) == (["s9", "s0", "s1", "s2", "s3", "s4", "s5", "s6", ""], 11)
    assert chart(by="source", source="s3", priority="P3")["raised"] == {"s3": chart(source="s3")["raised"]["P3"]}


def test_the_longest_stretch_of_anything_is_bounded():
    since = datetime(2000, 1, 2, tzinfo=UTC)
    for fields in ({"since": since}, {"since": LATER}, {"step": "hour", "since": NOON - timedelta(days=90)}):
        with pytest.raises(Exception, match=r"1830 days|160 steps"):
            asked(**fields)


def test_thirty_days_are_put_together_of_all_their_days_or_not_at_all(source):
    for days in range(0, 80, 2):
        raise_alert(at=NOON - timedelta(days=days), subject=f"{days}")
    keeping.run(ALERTS, at=LATER)
    counts = {
        seconds: sum(AlertRollup.objects.filter(seconds=seconds, priority=0, source="").values_list("raised", flat=True))
        for seconds in LEVELS[:-1]
    }  # fmt: skip
    months = AlertRollup.objects.filter(seconds=MONTH, priority=0, source="").order_by("at")

    assert counts == dict.fromkeys(LEVELS[:-1], 40)
    for month in months:
        ends = month.at + timedelta(seconds=MONTH)
        inside = AlertRollup.objects.filter(seconds=900, priority=0, source="", at__gte=month.at, at__lt=ends)
        assert month.raised == sum(inside.values_list("raised", flat=True)) > 0
    assert len(months) >= 2
