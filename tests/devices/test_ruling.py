"""Rules in the database: onset and alert are one, clear and resolve are one, whatever happens between."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from alerts import lifecycle, routing
from alerts.enums import AlertStatus, Resolution
from alerts.models import Alert
from devices import readings, roster, rule_upkeep, ruling
from devices.enums import Closing, RulePhase
from devices.models import AlertRule, Device, RuleEvent, RuleState
from devices.readings import NewReading
from devices.ruling import Ruling
from tests.conftest import NOON, SECOND
from tests.factories import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule():
    make_source("meters")
    make_source("sensors")
    make_source("sentinel")
    device = Device.objects.create(slug="quay", name="Quay 3", host="192.0.2.7", place="East side", time_zone="Europe/Paris")
    return AlertRule.objects.create(device=device, name="Night", threshold=80.0, sustained_seconds=2, cooldown_seconds=0)


def feed(runtime, rule, *samples):
    """Samples as (second, value); what changed is stored at once. Returns what happened."""
    happened = []
    for second, value in samples:
        at = NOON + second * SECOND
        changes = runtime.feed(rule.device_id, at, {"lp": value})
        assert runtime.record(changes, at=at) == 0
        happened += [type(change.what).__name__ for change in changes if change.what]
    return happened


def started(rule, second=0):
    runtime = Ruling()
    runtime.load([rule.device_id], at=NOON + second * SECOND)
    return runtime


LOUD = ((0, 85.0), (1, 91.0), (2, 84.0))
CALM = ((3, 60.0), (5, 60.0))


def test_an_onset_is_an_event_and_an_alert_that_says_it_all(rule):
    feed(started(rule), rule, *LOUD)

    event = RuleEvent.objects.get()
    alert = event.alert
    assert (event.onset_at, event.value, event.peak, event.clear_at) == (NOON + 2 * SECOND, 84.0, 91.0, None)
    assert (alert.source.slug, alert.type, alert.subject, alert.severity) == ("meters", "threshold", "quay", "high")
    assert alert.title == "Quay 3: sound level 84.0 dB, above 80 dB"
    assert alert.description == (
        "Quay 3, East side.\n"
        "Sound level is above 80 dB for 2 s, since 2026-03-02 13:00:00 (Europe/Paris): now 84.0 dB, highest 91.0 dB.\n"
        "Rule “Night”. The alert ends by itself when the value is back."
    )
    assert alert.links[0]["href"].endswith("/live/devices/quay/?at=2026-03-02T12:00:02.000Z")


def test_a_clear_closes_the_event_and_resolves_the_alert(rule):
    feed(started(rule), rule, *LOUD, *CALM)

    event = RuleEvent.objects.get()
    assert (event.clear_at, event.closing) == (NOON + 5 * SECOND, Closing.CLEARED)
    assert (event.alert.status, event.alert.resolution) == (AlertStatus.RESOLVED, Resolution.RECOVERED)


def test_a_clock_that_was_set_back_while_it_lasts_leaves_no_orphan(rule):
    runtime = started(rule)
    feed(runtime, rule, *LOUD)

    assert feed(runtime, rule, (-3600, 85.0), (-3598, 60.0), (-3596, 60.0)) == ["Clear"]
    assert (RuleEvent.objects.get().closing, Alert.objects.get().status) == (Closing.CLEARED, AlertStatus.RESOLVED)


def test_another_monitor_goes_on_where_the_first_one_stopped(rule):
    feed(started(rule), rule, *LOUD)

    happened = feed(started(rule, 3), rule, (3, 85.0), (4, 85.0), (5, 60.0), (7, 60.0))

    assert happened == ["Clear"]
    assert Alert.objects.get().status == AlertStatus.RESOLVED


def test_two_monitors_that_both_see_it_make_one_onset(rule):
    first, second = started(rule), started(rule)

    feed(first, rule, *LOUD)
    feed(second, rule, *LOUD)

    assert (RuleEvent.objects.count(), Alert.objects.get().occurrences) == (1, 1)


def test_changes_that_are_recorded_twice_have_one_effect(rule):
    runtime = started(rule)
    samples = (*LOUD, *CALM, (6, 90.0), (8, 90.0))
    changes = [change for second, value in samples for change in runtime.feed(rule.device_id, NOON + second * SECOND, {"lp": value})]

    for again in (changes, changes[:2], changes[1:]):
        runtime.record(again, at=NOON + 9 * SECOND)

    assert list(RuleEvent.objects.order_by("onset_at").values_list("closing", flat=True)) == [Closing.CLEARED, ""]
    assert sorted(Alert.objects.values_list("status", "occurrences")) == [("PENDING", 1), ("RESOLVED", 1)]


def test_an_open_event_whose_state_is_lost_is_taken_up_and_cleared(rule):
    feed(started(rule), rule, *LOUD)
    RuleState.objects.all().delete()

    feed(started(rule), rule, *CALM)

    assert RuleEvent.objects.get().closing == Closing.CLEARED


def test_a_state_that_says_active_without_an_event_begins_anew(rule):
    feed(started(rule), rule, *LOUD)
    RuleEvent.objects.all().delete()

    assert feed(started(rule, 3), rule, (3, 85.0), (5, 85.0)) == ["Onset"]


def test_a_state_that_cannot_be_read_begins_anew(rule):
    RuleState.objects.create(rule=rule, version=1, document={"phase": "wild", "ring": 7}, changed_at=NOON)

    assert feed(started(rule), rule, *LOUD) == ["Onset"]


def test_while_the_database_is_away_nothing_is_lost(rule):
    runtime = started(rule)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE devices_ruleevent RENAME TO gone")
        changes = [change for second, value in LOUD for change in runtime.feed(rule.device_id, NOON + second * SECOND, {"lp": value})]
        assert runtime.record(changes, at=NOON) == 1
        cursor.execute("ALTER TABLE gone RENAME TO devices_ruleevent")

    assert runtime.record([], at=NOON + 3 * SECOND) == 0
    assert Alert.objects.get().status == AlertStatus.PENDING


def test_an_edit_closes_the_open_event_and_the_new_version_begins_anew(rule):
    runtime = started(rule)
    feed(runtime, rule, *LOUD)

    rule.threshold, rule.version = 70.0, 2
    rule.save()

    event = RuleEvent.objects.get()
    assert (event.closing, event.alert.status, event.alert.resolution) == (Closing.EDITED, AlertStatus.RESOLVED, Resolution.AUTO)
    assert feed(runtime, rule, (3, 60.0), (5, 60.0)) == ["Clear"]  # what the old version still says is not written
    runtime.load([rule.device_id], at=NOON)
    assert feed(runtime, rule, (6, 75.0), (8, 75.0)) == ["Onset"]
    assert RuleEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("how", "closing"), [("disable", Closing.DISABLED), ("delete", Closing.DELETED), ("device off", Closing.DEVICE), ("device gone", None)]
)
def test_whatever_ends_the_watching_ends_the_event_and_its_alert(rule, how, closing):
    feed(started(rule), rule, *LOUD)

    match how:
        case "disable":
            rule.enabled = False
            rule.save()
        case "delete":
            rule.delete()
        case "device off":
            rule.device.enabled = False
            rule.device.save()
        case _:
            rule.device.delete()

    assert [event.closing for event in RuleEvent.objects.all()] == ([closing] if closing else [])
    assert (Alert.objects.get().status, Alert.objects.get().resolution) == (AlertStatus.RESOLVED, Resolution.AUTO)


def test_the_sweep_closes_what_was_changed_past_the_models(rule):
    feed(started(rule), rule, *LOUD)
    AlertRule.objects.update(enabled=False)

    assert [rule_upkeep.sweep(at=NOON), rule_upkeep.sweep(at=NOON)] == [1, 0]
    assert (RuleEvent.objects.get().closing, Alert.objects.get().status) == (Closing.DISABLED, AlertStatus.RESOLVED)


def test_the_sweep_ends_what_outlasts_its_hours_on_a_silent_device(rule):
    AlertRule.objects.update(window_from="12:00", window_until="14:00")
    feed(started(rule), rule, *LOUD)

    assert rule_upkeep.sweep(at=NOON + timedelta(minutes=59)) == 0
    assert rule_upkeep.sweep(at=NOON + timedelta(minutes=60)) == 1  # 14:00 in Paris
    assert (RuleEvent.objects.get().closing, Alert.objects.get().resolution) == (Closing.WINDOW, Resolution.RECOVERED)


def test_what_the_sweep_ended_is_not_active_any_more_for_the_monitor_that_has_the_device(rule):
    AlertRule.objects.update(window_from="12:00", window_until="14:00")
    runtime = started(rule)
    feed(runtime, rule, *LOUD)
    before = roster.look(at=NOON)[rule.device_id].rules
    rule_upkeep.sweep(at=NOON + timedelta(minutes=60))

    assert roster.look(at=NOON)[rule.device_id].rules != before
    runtime.load([rule.device_id], at=NOON + timedelta(hours=24))
    assert feed(runtime, rule, *((86_400 + second, value) for second, value in LOUD)) == ["Onset"]


def test_who_resolves_it_while_it_lasts_is_not_called_again_for_the_same(rule, user):
    runtime = started(rule)
    feed(runtime, rule, *LOUD)
    lifecycle.resolve(Alert.objects.get(), by=user, at=NOON)

    assert feed(runtime, rule, (3, 90.0), (4, 90.0), (5, 60.0), (7, 60.0)) == ["Clear"]
    assert (Alert.objects.get().resolution, RuleEvent.objects.get().closing) == (Resolution.HANDLED, Closing.CLEARED)
    assert feed(runtime, rule, (8, 90.0), (10, 90.0)) == ["Onset"]
    assert Alert.objects.count() == 2


def test_a_line_that_loses_an_answer_now_and_then_delays_no_alarm(rule):
    AlertRule.objects.update(sustained_seconds=60)

    assert feed(started(rule), rule, *((second, 85.0) for second in range(0, 66, 7))) == ["Onset"]


def test_the_peak_grows_while_it_lasts(rule):
    feed(started(rule), rule, *LOUD, (3, 95.0), (4, 99.0), (14, 93.0), (15, 99.5))

    assert RuleEvent.objects.get().peak == 99.5


def test_an_alert_is_not_lost_for_want_of_a_source(rule):
    source = make_source("harbour", enabled=False)
    Device.objects.update(source=source)

    feed(started(rule), rule, *LOUD)

    assert Alert.objects.get().source.slug == "meters"


def test_a_rule_that_cannot_be_stored_holds_back_no_other(rule):
    other = AlertRule.objects.create(device=rule.device, name="Louder", threshold=82.0, sustained_seconds=0)
    runtime = started(rule)
    changes = [change for second, value in LOUD for change in runtime.feed(rule.device_id, NOON + second * SECOND, {"lp": value})]
    AlertRule.objects.filter(pk=rule.pk).update(severity="unheard")

    assert runtime.record(changes, at=NOON) == 1
    assert [event.rule for event in RuleEvent.objects.all()] == [other]


def test_pushed_readings_are_judged_in_their_order_and_late_ones_are_said(rule):
    Device.objects.update(driver="push")
    readings = [(NOON + minute * 60 * SECOND, {"humidity": 50.0, "lp": value}) for minute, value in ((5, 85.0), (0, 85.0), (10, 60.0))]

    fed = ruling.feed_pushed(rule.device, readings, at=NOON + 600 * SECOND)
    late = ruling.feed_pushed(rule.device, readings[:2], at=NOON + 601 * SECOND)

    assert ([type(change.what).__name__ for change in fed.changes], fed.ignored, late) == (["Onset"], 0, ([], 2))
    assert RuleState.objects.get().phase == RulePhase.FALLING
    assert Alert.objects.get().source.slug == "sensors"


def test_a_pushed_reading_from_the_future_blinds_no_rule(rule):
    Device.objects.update(driver="push")
    AlertRule.objects.update(sustained_seconds=0)

    ahead = ruling.feed_pushed(rule.device, [(NOON + timedelta(days=1), {"lp": 85.0})], at=NOON)
    now = ruling.feed_pushed(rule.device, [(NOON, {"lp": 85.0})], at=NOON)

    assert (ahead.ignored, len(now.changes)) == (1, 1)


class Killed(BaseException):
    """The process is gone, before it could run its next statement."""


def killed_before(number):
    """Lets so many statements pass, and then the rollbacks that PostgreSQL makes of a lost connection."""
    passed = iter(range(number))

    def run(execute, sql, params, many, context):
        if not sql.startswith("ROLLBACK") and next(passed, None) is None:
            raise Killed
        return execute(sql, params, many, context)

    return connection.execute_wrapper(run)


@pytest.mark.parametrize("samples", [LOUD, LOUD + CALM], ids=["onset", "clear"])
def test_killed_before_any_statement_there_is_one_onset_one_clear_and_no_orphan(rule, samples):
    survived, number = False, 0
    routing.table()  # or what it keeps in memory would be rolled back under it
    while not survived:
        with transaction.atomic():
            readings.store([NewReading(rule.device_id, NOON + second * SECOND, {"lp": value}) for second, value in samples])
            try:
                with killed_before(number):
                    feed(started(rule), rule, *samples)
                survived = True
            except Killed:
                number += 1
            happened_next(rule, samples)
            transaction.set_rollback(True)
    assert number > 10


def happened_next(rule, samples):
    """Another monitor takes over and sees it end; then all must be as if there had been only one."""
    second = samples[-1][0] + 1
    after = started(rule, second)
    after.record([], at=NOON + second * SECOND)
    assert RuleEvent.objects.filter(clear_at=None).count() == Alert.objects.filter(status="PENDING").count() == (samples == LOUD)
    feed(after, rule, (second, 60.0), (second + 2, 60.0), (second + 4, 60.0))
    assert [event.closing for event in RuleEvent.objects.all()] == [Closing.CLEARED]
    assert [(alert.status, alert.occurrences) for alert in Alert.objects.all()] == [(AlertStatus.RESOLVED, 1)]


def test_a_new_monitor_has_its_aggregates_at_once(rule):
    AlertRule.objects.update(aggregate="leq:60", sustained_seconds=0)
    readings.store([NewReading(rule.device_id, NOON + second * SECOND, {"lp": 85.0}) for second in range(-58, -1)])

    runtime = started(rule)

    assert runtime.waiting == 1
    assert runtime.record([], at=NOON) == 0
    assert RuleEvent.objects.get().onset_at == NOON - 10 * SECOND


def test_an_edited_rule_judges_nothing_from_before_but_has_its_window(rule):
    AlertRule.objects.update(aggregate="leq:60", sustained_seconds=0)
    readings.store([NewReading(rule.device_id, NOON + second * SECOND, {"lp": 85.0}) for second in range(-58, 0)])
    RuleState.objects.create(rule=rule, version=1, document={"phase": "quiet", "last_at": NOON.isoformat()}, changed_at=NOON)

    runtime = started(rule)

    assert runtime.waiting == 0
    assert feed(runtime, rule, (1, 85.0)) == ["Onset"]


def test_the_ring_of_an_aggregate_is_stored_now_and_then(rule):
    AlertRule.objects.update(aggregate="leq:60")

    feed(started(rule), rule, *((second, 60.0) for second in range(0, 130, 2)))

    assert len(RuleState.objects.get().document["ring"]) == 30


def test_from_crossing_to_commit_few_statements_are_needed(rule, django_assert_max_num_queries):
    runtime = started(rule)
    changes = [change for second, value in LOUD for change in runtime.feed(rule.device_id, NOON + second * SECOND, {"lp": value})]
    for _ in range(2):  # the first is not kept: it stored a snapshot in a transaction that is not over
        routing.table()

    with django_assert_max_num_queries(11):
        runtime.record(changes, at=NOON)
