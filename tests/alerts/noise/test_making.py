"""The noise report counts what came, and proposes what a replay of it speaks for."""

from dataclasses import replace

import pytest

from alerts import escalation as steps
from alerts import intake, job_callables, lifecycle
from alerts.enums import ReplayState
from alerts.errors import ConfigurationError
from alerts.models import Alert, Inhibition, MaintenanceWindow, NoiseReport, Route, Silence, Source
from alerts.noise import making
from alerts.noise.drafts import drafts
from jobs.models import JobRun
from tests.alerts.noise.grounds import came, ground
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_method, make_policy, make_recipient, make_source, report

pytestmark = pytest.mark.django_db
DAY = 24 * HOUR
NOW = NOON + 30 * DAY


@pytest.fixture
def house():
    ada = make_recipient("Ada Byron", groups=["oncall"])
    make_method(ada, kind="sms", address="+33612345678", order=2)
    calm = make_policy("Mail", 0)
    calm.steps.update(kinds=["email"])
    make_source(policy=make_policy("Calls", 0, 300))
    Route.objects.create(position=50, matchers=["source=probe"], policy_id=Route.objects.get().policy_id)
    return ada


def come(at, *, lasts=10 * MINUTE, by=None, **fields):
    """One alert that is told and ends."""
    (outcome,) = intake.accept([report(**fields)], at=at)
    steps.advance_due(at=at)
    steps.advance_due(at=at + 5 * MINUTE)
    alert = Alert.objects.get(pk=outcome.alert_id)
    lifecycle.resolve(alert, by=by, at=at + lasts, resolution="handled" if by else "recovered")
    return alert


def proposals():
    return making.carry_out(making.ask(by=None, at=NOW).pk).answer["proposals"]


def test_what_nobody_acts_on_is_proposed_to_go_the_calmest_way(house):
    for number in range(8):
        come(NOON + number * DAY + number * HOUR, type="disk")

    (found,) = proposals()

    assert (found["kind"], found["path"]) == ("route", "/api/v1/routes")
    assert found["body"] == {
        "position": 49, "matchers": ["source=probe", "type=disk", "severity=medium"], "policy": "Mail", "priority": "P4"
    }  # fmt: skip
    effect = found["effect"]
    assert (effect["messages"], effect["calmer"], effect["spared"]) == ({"before": 16, "after": 8}, 8, 0)
    assert effect["missed"] == {"acted": 0, "useful": 0, "p2": 0, "examples": []}
    assert Route.objects.count() == 2


def test_what_somebody_acted_on_is_left_alone(house, user):
    for number in range(8):
        come(NOON + number * DAY + number * HOUR, by=user if number == 3 else None)

    assert proposals() == []


def test_what_is_broken_now_is_proposed_to_be_silent_for_a_day(house):
    for number in range(12):
        come(NOW - 20 * HOUR + number * HOUR, type="sensor")

    found = proposals()[0]

    assert (found["kind"], found["facts"]["lately"]) == ("silence", 12)
    assert (found["body"]["starts_at"], found["body"]["ends_at"]) == ("2026-04-01T12:00:00.000Z", "2026-04-02T12:00:00.000Z")
    assert (found["effect"]["spared"], found["effect"]["told"]) == (12, {"before": 12, "after": 0})
    assert Silence.objects.count() == 0


def test_what_keeps_to_its_hours_is_proposed_a_maintenance_window(house):
    for number in range(10):
        come(NOON + number * DAY, type="backup-load", lasts=20 * MINUTE)

    (found,) = proposals()

    assert (found["kind"], found["body"]["duration_minutes"], found["effect"]["spared"]) == ("window", 30, 10)
    assert MaintenanceWindow.objects.count() == 0


def test_what_follows_another_is_proposed_to_be_explained_by_it(house, user):
    for number in range(8):
        at = NOON + number * DAY + number * HOUR
        (cause,) = intake.accept([report(type="link-down", labels={"site": "a"})], at=at)
        come(at + 20 * SECOND, type="no-data", labels={"site": "a"}, by=user if number == 0 else None)
        lifecycle.resolve(Alert.objects.get(pk=cause.alert_id), by=user, at=at + 12 * MINUTE)

    (found,) = [each for each in proposals() if each["kind"] == "inhibition"]

    assert (found["body"]["equal"], found["body"]["source_matchers"]) == (["site"], ["source=probe", "type=link-down"])
    assert (found["effect"]["spared"], found["effect"]["missed"]["acted"]) == (8, 1)
    assert Inhibition.objects.count() == 0


def test_a_source_whose_keys_come_and_go_is_proposed_other_limits(house, user):
    for number in range(9):
        come(NOON + number * HOUR, type="door", by=user if number == 0 else None)

    (found,) = proposals()

    assert (found["kind"], found["method"], found["path"]) == ("flapping", "PATCH", "/api/v1/sources/probe")
    assert found["body"] == {"flap_opens": 3, "flap_calm_opens": 1, "flap_window_seconds": 4 * 3600}
    assert (found["effect"]["spared"], Source.objects.get().flap_opens) == (6, 5)


def test_nobody_who_asks_twice_fills_the_queue_and_a_lost_one_is_forgotten(user):
    first = making.ask(by=user, at=NOON)

    assert making.ask(by=None, at=NOON + MINUTE).pk == first.pk
    assert making.ask(by=None, at=NOON + 2 * HOUR).pk != first.pk
    assert JobRun.objects.count() == 2


def test_the_job_makes_the_one_that_was_asked_for_or_that_of_the_night(house):
    asked = making.ask(by=None, at=NOW)

    assert job_callables.noise(report=str(asked.pk)) == {"proposals": 0}
    assert job_callables.noise() == {"proposals": 0}
    assert [row.state for row in NoiseReport.objects.all()] == ["done", "done"]


def test_a_report_that_fails_says_so(house):
    row = making.ask(by=None, at=NOW)
    come(NOW - DAY)
    Route.objects.all().delete()

    with pytest.raises(ConfigurationError):
        making.carry_out(row.pk)

    row.refresh_from_db()
    assert (row.state, "catch-all" in row.error, making.latest()) == ("failed", True, None)


def test_the_nights_of_people_and_the_totals_are_counted(house):
    come(NOON + 14 * HOUR)
    come(NOON + DAY)

    answer = making.carry_out(making.ask(by=None, at=NOW).pk).answer

    assert (answer["totals"]["alerts"], answer["totals"]["reports"], answer["cut"]) == (2, 2, None)
    assert answer["top"][0]["nights"] == 1


def test_old_reports_are_forgotten_and_the_newest_is_kept():
    for days in (100, 90, 80):
        NoiseReport.objects.create(since=NOW, until=NOW, asked_at=NOW - days * DAY, state=ReplayState.DONE)

    assert making.forget(at=NOW, limit=10) == 2


def test_what_today_would_be_a_p1_is_not_proposed_to_be_quieted(house):
    for number in range(8):
        come(NOON + number * DAY + number * HOUR, type="disk")
    Route.objects.create(position=40, matchers=["type=disk"], priority=1, policy_id=Route.objects.first().policy_id)

    assert proposals() == []


def test_messages_that_only_the_change_would_write_are_counted(house):
    Route.objects.filter(position=50).update(policy=make_policy("Late", 90, 300))
    for number in range(8):
        at = NOON + number * DAY + number * HOUR
        for lasts in [MINUTE, 10 * MINUTE] if number < 3 else [10 * MINUTE]:
            (outcome,) = intake.accept([report(type="disk", subject=str(lasts))], at=at)
            steps.advance_due(at=at + min(lasts, 90 * SECOND))
            steps.advance_due(at=at + min(lasts, 5 * MINUTE))
            lifecycle.resolve(Alert.objects.get(pk=outcome.alert_id), by=None, at=at + lasts, resolution="recovered")

    (found,) = [each["effect"] for each in proposals() if each["kind"] == "route"]

    assert (found["told"], found["new"], found["messages"]) == ({"before": 8, "after": 11}, 3, {"before": 16, "after": 11})


def test_a_label_with_an_odd_name_and_a_draft_that_no_form_takes_fail_no_report(house, user):
    for number in range(8):
        at = NOON + number * DAY + number * HOUR
        (cause,) = intake.accept([report(type="link-down", labels={"k8s.io/a b": "a"})], at=at)
        come(at + 20 * SECOND, type="no-data", labels={"k8s.io/a b": "a"}, by=user if number == 0 else None)
        lifecycle.resolve(Alert.objects.get(pk=cause.alert_id), by=user, at=at + 12 * MINUTE)

    assert [each["kind"] for each in proposals()] == []


def test_a_talker_goes_by_its_newest_title(house):
    come(NOON, title="zz: the older title")
    come(NOON + DAY, title="A newer title")

    assert making.carry_out(making.ask(by=None, at=NOW).pk).answer["top"][0]["title"] == "A newer title"


def test_nothing_is_called_broken_now_where_nothing_is_known_of_before():
    seen = ground(*(came(NOW - number * HOUR, dedup_key=str(number)) for number in range(12)), at=NOW)

    assert [draft.kind for draft in drafts(seen, [], {})] == ["silence"]
    assert drafts(replace(seen, since=NOW - 3 * DAY), [], {}) == []
