"""A replay says what the engine then does with the same reports."""

from datetime import timedelta

import pytest

from alerts import effects, escalation, intake, lifecycle, past, replay, replays, supposing
from alerts.models import Alert, Inhibition, Replay, Report, Route, Silence
from alerts.supposing import Changed
from notifications.models import Notification
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert, report

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def house():
    make_recipient("Ada Byron", groups=["oncall"])
    make_recipient("Grace Hill", groups=["manager"])
    return make_source(policy=make_policy("Calls", 0, 300))


def raw(**fields):
    return '{"source": "probe", "title": "Something is wrong"' + "".join(f', "{name}": "{value}"' for name, value in fields.items()) + "}"


def come(at=NOON, **fields):
    """A report that is kept as it came, and whose first step was taken."""
    intake.accept([report(raw=raw(**fields), **fields)], at=at)
    escalation.advance_due(at=at)
    return Report.objects.latest("received_at")


def setting(changed=supposing.NOTHING):
    return supposing.setting(changed, since=NOON - DAY, until=NOON + DAY)


def replayed(changed=supposing.NOTHING, **asked):
    return list(replay.replay(past.reports(since=NOON - DAY, until=NOON + DAY), setting(changed), **asked))


def test_nothing_differs_when_nothing_was_changed(house):
    come(subject="a")
    come(at=NOON + MINUTE, subject="a")
    come(at=NOON + HOUR, subject="b", severity="critical")

    found = replayed()

    assert [(each.would, each.differences) for each in found] == [("accepted", ()), ("folded", ()), ("accepted", ())]
    assert [each.course.told_at for each in found] == [NOON, NOON, NOON + HOUR]


def test_a_new_route_changes_policy_and_priority_of_what_it_matches(house):
    come(subject="a")
    come(at=NOON + MINUTE, subject="b")
    route = Route(position=1, matchers=["subject=a"], policy=make_policy("Rooms", 60), priority=2)

    found = replayed(Changed(routes=[route]))

    assert [(each.course.policy, each.course.priority, each.differences) for each in found] == [
        ("Rooms", 2, ("priority", "policy", "route")), ("Calls", 3, ())
    ]  # fmt: skip
    assert Route.objects.count() == 1


def test_a_stored_route_is_replayed_as_it_is_today(house):
    come(subject="a")
    Route.objects.create(position=1, matchers=["subject=a"], policy=make_policy("Rooms", 60))

    (found,) = replayed()

    assert (found.course.policy, found.course.told_at) == ("Rooms", NOON + MINUTE)


def test_a_silence_that_is_only_supposed_holds_until_it_ends_or_for_good(house):
    first = come(subject="a")
    come(at=NOON + SECOND, subject="b")
    lifecycle.resolve(Alert.objects.get(subject="a"), by=None, at=NOON + MINUTE)
    works = Silence(matchers=["source=probe"], reason="works", starts_at=NOON - HOUR, ends_at=NOON + HOUR)

    found = replayed(Changed(silences=[works]))

    assert [(each.would, each.course.told_at) for each in found] == [("suppressed", None), ("suppressed", NOON + HOUR)]
    assert (found[0].id, found[0].differences, Silence.objects.count()) == (first.pk, ("held", "told"), 0)


def test_no_silence_holds_where_lives_depend(house):
    make_source("smarteye", life_safety=True)
    intake.accept([report("smarteye")], at=NOON)
    works = Silence(matchers=["source=smarteye"], reason="works", starts_at=NOON - HOUR, ends_at=NOON + HOUR)

    (found,) = replayed(Changed(silences=[works]))

    assert (found.would, found.course.held, found.course.told_at) == ("accepted", [], NOON)


def test_an_inhibition_holds_until_its_cause_ended(house):
    cause = raise_alert(at=NOON, type="site-down", labels={"site": "a"})
    here = raise_alert(at=NOON + SECOND, type="disk", labels={"site": "a"})
    raise_alert(at=NOON + SECOND, type="disk", subject="b", labels={"site": "b"})
    lifecycle.resolve(cause, by=None, at=NOON + HOUR)
    rule = Inhibition(name="site down", source_matchers=["type=site-down"], target_matchers=["type=disk"], equal=["site"])

    found = {each.was.alert: each.course for each in replayed(Changed(inhibitions=[rule]))}

    assert found[here.pk].told_at >= NOON + HOUR
    assert sorted(bool(course.held) for course in found.values()) == [False, False, True]


def test_other_dedup_attributes_fold_what_were_two_alerts(house):
    come(subject="a")
    come(at=NOON + MINUTE, subject="b")
    house.dedup_attributes = ["source"]

    found = replayed(Changed(sources=[house]))

    assert [(each.would, each.differences) for each in found] == [("accepted", ()), ("folded", ("verdict",))]


def test_what_follows_in_a_group_is_told_a_minute_later(house):
    come(subject="a")
    come(at=NOON + 5 * SECOND, subject="b")
    house.group_attributes = ["source"]

    found = replayed(Changed(sources=[house]))

    assert [(each.course.grouped, each.course.told_at) for each in found] == [(False, NOON), (True, NOON + 5 * SECOND + MINUTE)]


def test_a_report_that_was_refused_is_read_by_todays_rules(house):
    intake.refuse(slug="probe", subject="", errors=[("severity", "is not one")], raw=raw(severity="medium"), at=NOON, by_id=None)
    intake.refuse(slug="probe", subject="", errors=[("severity", "is not one")], raw=raw(severity="huge"), at=NOON, by_id=None)

    found = [each for each in replayed() if each.source == "probe"]

    assert sorted((each.would, each.differences) for each in found) == [("accepted", ("verdict",)), ("rejected", ())]


def test_the_effect_of_a_change_says_who_is_spared(house):
    come(subject="a")
    come(at=NOON + MINUTE, subject="b")
    for alert in Alert.objects.all():
        lifecycle.resolve(alert, by=None, at=NOON + 2 * MINUTE)
    works = Silence(matchers=["subject=a"], reason="works", starts_at=NOON - HOUR, ends_at=NOON + HOUR)

    found = effects.effect(
        past.reports(since=NOON - DAY, until=NOON + DAY), setting(), setting(Changed(silences=[works]))
    )  # fmt: skip

    assert (found.reports, found.before.told, found.after.told, found.messages_spared, found.new) == (2, 2, 1, 1, ())
    assert found.spared == (Alert.objects.get(subject="a").pk,)


def test_past_alerts_are_a_stream_as_well(house):
    alert = raise_alert(at=NOON)

    (found,) = replay.replay(past.alerts(since=NOON - DAY, until=NOON + DAY), setting())

    assert (found.was.alert, found.would, found.course.policy) == (alert.pk, "accepted", "Calls")


def test_one_report_says_every_step_and_in_what_it_differs(house):
    kept = come(subject="a")
    Route.objects.create(position=1, matchers=["subject=a"], policy=make_policy("Rooms", 0, 60, groups=["manager"]), priority=1)

    found = replays.one(kept, at=NOON + DAY)

    assert (found["was"]["policy"], found["would"]["policy"], found["would"]["people"]) == ("Calls", "Rooms", ["Grace Hill"])
    assert found["differences"] == ["priority", "policy", "route", "people"]
    assert [step["at"][11:19] for step in found["steps"][:2]] == ["12:00:00", "12:01:00"]
    assert (Alert.objects.count(), Notification.objects.count()) == (1, 1)


def test_one_report_can_be_supposed_to_come_now(house):
    kept = come(subject="a")
    Silence.objects.create(matchers=["subject=a"], reason="works", starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR)

    then, now = replays.one(kept, at=NOON + 2 * HOUR), replays.one(kept, at=NOON + 2 * HOUR, as_now=True)

    assert (then["would"]["held"], now["would"]["held"][0]["reason"]) == ([], "works")


def test_a_repeat_is_replayed_with_the_alert_it_repeats(house):
    come(subject="a")
    kept = come(at=NOON + MINUTE, subject="a")

    assert replays.one(kept, at=NOON + DAY)["would"]["verdict"] == "folded"


def test_a_stretch_of_time_is_counted_and_its_differences_listed(house):
    come(subject="a")
    come(subject="b")
    Route.objects.create(position=1, matchers=["subject=a"], policy=make_policy("Rooms"), priority=1)

    row = replays.ask(since=NOON - DAY, until=NOON + DAY, source="", as_now=False, by=None, at=NOON + DAY)

    answer = row.answer
    assert (row.state, answer["reports"], answer["different"], answer["by_difference"]["priority"]) == ("done", 2, 1, 1)
    assert [(item["was"]["priority"], item["would"]["priority"]) for item in answer["items"]] == [("P3", "P1")]
    assert Replay.objects.count() == 1
