"""What becomes of what came in: raised, acknowledged, resolved, tried, dropped; every message is kept."""

import pytest

from alerts import intake
from alerts.enums import Verdict
from alerts.folding import NewReport
from alerts.incoming import seen, taking
from alerts.incoming.contract import Action, Incoming
from alerts.models import Alert, Report, SeenEvent
from notifications.models import Notification
from tests.callers import make_user
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source("probe")


@pytest.fixture
def sender(source):
    return make_user("sender", "alerts.report_alert")


def said(action, key="disk", *, event="", **fields):
    return Incoming(action, NewReport(source="probe", title="The disk is full", dedup_key=key, raw='{"disk": 1}', **fields), event=event)


def verdicts():
    return list(Report.objects.values_list("verdict", flat=True))


def test_what_follows_upon_each_other_is_done_in_that_order(sender):
    taken = taking.take([said(Action.TRIGGER), said(Action.RESOLVE), said(Action.TRIGGER), said(Action.TRIGGER)], at=NOON, by=sender)

    assert [each.verdict for each in taken] == [Verdict.ACCEPTED, Verdict.APPLIED, Verdict.ACCEPTED, Verdict.FOLDED]
    assert list(Alert.objects.order_by("status").values_list("status", "occurrences")) == [("PENDING", 2), ("RESOLVED", 1)]
    assert sorted(verdicts()) == ["accepted", "accepted", "applied", "folded"]


def test_an_acknowledgement_stops_the_escalation_and_names_the_sender(sender):
    taking.take([said(Action.TRIGGER)], at=NOON, by=sender)

    (taken,) = taking.take([said(Action.ACKNOWLEDGE)._replace(note="Kim has it")], at=NOON + MINUTE, by=sender)

    alert = Alert.objects.get()
    assert (taken.verdict, alert.status, alert.acknowledged_by, alert.next_step_at) == ("applied", "ACKNOWLEDGED", "sender", None)


def test_without_an_open_alert_the_report_says_why_nothing_was_done(sender):
    taken = taking.take([said(Action.RESOLVE), said(Action.ACKNOWLEDGE)], at=NOON, by=sender)

    assert taken == [taking.Taken(Verdict.DROPPED, None, taking.NOT_OPEN)] * 2
    assert list(Report.objects.values_list("verdict", "reason", "raw")) == [("dropped", taking.NOT_OPEN, {"disk": 1})] * 2


def test_a_test_is_shown_and_calls_nobody(source, sender):
    (taken,) = taking.take([said(Action.TEST, severity="critical")], at=NOON, by=sender)

    alert = Alert.objects.get()
    assert (taken.verdict, alert.status, alert.resolution, alert.next_step_at) == ("accepted", "RESOLVED", "test", None)
    assert not Notification.objects.exists()


def test_a_test_leaves_the_open_alert_with_its_key_alone(sender):
    taking.take([said(Action.TRIGGER), said(Action.TEST)], at=NOON, by=sender)

    assert list(Alert.objects.order_by("status").values_list("status", "occurrences")) == [("PENDING", 1), ("RESOLVED", 1)]


def test_what_is_ignored_is_kept_with_its_reason(sender):
    taking.take([said(Action.IGNORE)._replace(why="only a change")], at=NOON, by=sender)

    assert (Alert.objects.count(), Report.objects.get().reason) == (0, "only a change")


def test_a_message_that_names_itself_counts_once(sender):
    first, again = (taking.take([said(Action.TRIGGER, event="e1"), said(Action.TRIGGER, event="e1")], at=NOON, by=sender) for _ in range(2))

    assert [each.verdict for each in (*first, *again)] == ["accepted", "dropped", "dropped", "dropped"]
    assert (Alert.objects.get().occurrences, Report.objects.filter(reason=taking.CAME_BEFORE).count()) == (1, 3)


def test_nobody_uses_up_the_name_of_anothers_message(sender):
    taking.take(
        [said(Action.IGNORE, event="e1"), said(Action.RESOLVE, event="e1")], at=NOON, by=make_user("mallory", "alerts.report_alert")
    )

    (taken,) = taking.take([said(Action.TRIGGER, event="e1")], at=NOON, by=sender)

    assert taken.verdict == Verdict.ACCEPTED


def test_a_resolution_that_is_replayed_ends_no_later_alert(sender):
    taking.take([said(Action.TRIGGER), said(Action.RESOLVE, event="e1"), said(Action.TRIGGER)], at=NOON, by=sender)

    (taken,) = taking.take([said(Action.RESOLVE, event="e1")], at=NOON, by=sender)

    assert (taken.reason, Alert.objects.filter(status="PENDING").count()) == (taking.CAME_BEFORE, 1)


def test_what_was_refused_is_told_and_may_be_sent_again(sender):
    make_source(intake.OWN_SOURCE)
    elsewhere = said(Action.TRIGGER, event="e1")
    elsewhere = elsewhere._replace(report=elsewhere.report._replace(source="later"))
    assert taking.take([elsewhere], at=NOON, by=sender)[0].verdict == Verdict.REJECTED
    make_source("later")

    (taken,) = taking.take([elsewhere], at=NOON, by=sender)

    assert (taken.verdict, sorted(verdicts())) == (Verdict.ACCEPTED, ["accepted", "rejected"])


def test_another_key_closes_nothing_that_it_did_not_report(sender):
    taking.take([said(Action.TRIGGER)], at=NOON, by=sender)
    stranger, responder = make_user("stranger", "alerts.report_alert"), make_user("responder", "alerts.answer_alert")

    assert taking.take([said(Action.RESOLVE)], at=NOON, by=stranger)[0].reason == taking.NOT_YOURS
    assert taking.take([said(Action.RESOLVE)], at=NOON, by=responder)[0].verdict == Verdict.APPLIED


def test_who_repeats_anothers_alert_may_not_end_it_for_that(sender):
    taking.take([said(Action.TRIGGER)], at=NOON, by=sender)
    stranger = make_user("stranger", "alerts.report_alert")

    repeated, ended = taking.take([said(Action.TRIGGER), said(Action.RESOLVE)], at=NOON + MINUTE, by=stranger)

    assert (repeated.verdict, ended.reason, Alert.objects.get().status) == (Verdict.FOLDED, taking.NOT_YOURS, "PENDING")


def test_where_lives_depend_no_machine_acknowledges(source, sender):
    source.life_safety = True
    source.save()
    taking.take([said(Action.TRIGGER)], at=NOON, by=sender)

    (taken,) = taking.take([said(Action.ACKNOWLEDGE)], at=NOON, by=sender)

    assert (taken.reason, Alert.objects.get().status) == (taking.LIVES, "PENDING")


def test_what_was_seen_is_forgotten_in_time(sender):
    taking.take([said(Action.TRIGGER, event="e1")], at=NOON, by=sender)

    assert (seen.forget(at=NOON + 29 * 24 * HOUR, limit=10), seen.forget(at=NOON + 31 * 24 * HOUR, limit=10)) == (0, 1)
    assert not SeenEvent.objects.exists()
