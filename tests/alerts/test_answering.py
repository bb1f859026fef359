"""A link answers as the one it went to."""

from uuid import UUID

import pytest
from django.utils import timezone

from alerts import answering, escalation, lifecycle
from alerts.answering import AnswerError
from alerts.enums import AlertStatus
from alerts.errors import IllegalTransition
from alerts.models import Alert
from notifications import answers, links
from notifications.answers import Answer, Reply
from notifications.links import LinkError
from notifications.models import Delivery, Notification, Recipient, RecipientGroup
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
NOBODY_S = "01a1fd92-0652-78bf-b6e8-c5ae7975faca"
"""An id that nothing has."""


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def alert(at):
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy())
    alert = raise_alert(at=at, title="Fall in room 12")
    escalation.advance_due(at=at)
    return alert


@pytest.fixture
def token(alert):
    return links.token(Delivery.objects.select_related("notification").get())


def test_the_person_told_takes_it(alert, token, at):
    visit = answering.visit(token, at=at)

    answering.take(visit, answer="on_my_way", which=str(alert.pk), at=at)

    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by, alert.promise) == (AlertStatus.ACKNOWLEDGED, "Ada Byron", "on_my_way")
    assert Delivery.objects.get().seen_at == at


def test_taking_it_again_changes_nothing(alert, token, at):
    for _ in range(3):
        answering.take(answering.visit(token, at=at), answer="calling", which=str(alert.pk), at=at)

    assert alert.log.filter(kind="status", detail__to="ACKNOWLEDGED").count() == 1


def test_what_somebody_has_can_be_ended_and_not_taken_again(client, alert, token, at):
    answering.take(answering.visit(token, at=at), answer="calling", which=str(alert.pk), at=at)

    page = client.get(f"/a/{token}").content.decode()

    assert [answer for answer in answering.ANSWERS if f'value="{answer}:' in page] == ["handled", "false_alarm"]


@pytest.mark.parametrize(("fields", "rests"), [
    ({"status": AlertStatus.SEEN}, False),
    ({"status": AlertStatus.ACKNOWLEDGED}, True),
    ({"status": AlertStatus.ACKNOWLEDGED, "unanswered": True}, False),
    ({"status": AlertStatus.ACKNOWLEDGED, "next_step_at": NOON}, False),
])  # fmt: skip
def test_an_alert_rests_while_somebody_has_it_and_nobody_is_called(fields, rests):
    assert Alert(**fields).rests == rests


def test_a_closed_alert_cannot_be_taken(alert, token, at):
    answering.take(answering.visit(token, at=at), answer="false_alarm", which=str(alert.pk), at=at)

    with pytest.raises(IllegalTransition):
        answering.take(answering.visit(token, at=at), answer="calling", which=str(alert.pk), at=at)


@pytest.mark.parametrize(
    ("answer", "which"), [("delete", "all-f"), ("", "all-f"), ("calling", ""), ("calling", "all"), ("calling", NOBODY_S)]
)
def test_an_answer_that_was_never_offered_is_refused(token, at, answer, which):
    with pytest.raises(AnswerError):
        answering.take(answering.visit(token, at=at), answer=answer, which=which, at=at)


def test_a_link_opens_nothing_for_someone_who_left(token, at):
    Recipient.objects.update(active=False)

    with pytest.raises(LinkError):
        answering.visit(token, at=at)


def test_a_link_is_good_for_a_day(token, at):
    assert answering.visit(token, at=at + 23 * HOUR).recipient.name == "Ada Byron"

    with pytest.raises(LinkError):
        answering.visit(token, at=at + 24 * HOUR + MINUTE)


def _group_visit(alert, at):
    group = RecipientGroup.objects.get(slug="oncall")
    make_method(group, kind="webhook", address="https://chat.example.org/hook")
    notification = Notification.objects.create(key="g", thread=alert.thread, group=group, reason="first", created_at=at)
    delivery = Delivery.objects.create(notification=notification, transport="webhook", queued_at=at)
    return answering.visit(links.token(delivery), at=at)


def test_a_groups_link_asks_which_member_it_is(alert, at):
    visit = _group_visit(alert, at)
    with pytest.raises(AnswerError):
        answering.take(visit, answer="calling", which=visit.everything, at=at)

    answering.take(visit, answer="calling", which=visit.everything, person=str(visit.members[0].pk), at=at)

    alert.refresh_from_db()
    assert alert.acknowledged_by == "Ada Byron"


def test_a_stranger_is_not_a_member(alert, at):
    stranger, visit = make_recipient("Mallory Stone"), _group_visit(alert, at)

    with pytest.raises(AnswerError):
        answering.take(visit, answer="calling", which=visit.everything, person=str(stranger.pk), name="Mallory", at=at)


def test_a_group_without_members_answers_with_the_name_written_down(alert, at):
    visit = _group_visit(alert, at)
    visit.group.members.clear()

    answering.take(visit, answer="calling", which=visit.everything, name="Zoe from the night shift", at=at)

    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == (AlertStatus.ACKNOWLEDGED, "oncall")
    assert alert.log.get(detail__to="ACKNOWLEDGED").detail["note"] == "answered by Zoe from the night shift"


def test_all_takes_what_the_page_showed_of_a_group(at):
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy(), group_attributes=["source"])
    for subject in "abc":
        raise_alert(at=at, subject=subject)
    escalation.advance_due(at=at)
    escalation.advance_due(at=at + 2 * MINUTE)
    bundle = Delivery.objects.select_related("notification").get(notification__thread__startswith="group:")

    visit = answering.visit(links.token(bundle), at=at + 3 * MINUTE)
    late = raise_alert(at=at + 3 * MINUTE, subject="d")
    escalation.advance_due(at=at + 3 * MINUTE)
    answering.take(answering.visit(links.token(bundle), at=at), answer="handling", which=visit.everything, at=at + 3 * MINUTE)

    late.refresh_from_db()
    assert list(Alert.objects.exclude(pk=late.pk).values_list("status", flat=True)) == ["ACKNOWLEDGED"] * 3
    assert (late.group_id is not None, late.status) == (True, "PENDING")


def test_an_answer_through_a_transport_is_taken_as_its_person(alert, at):
    delivery = Delivery.objects.get()

    reply = answers.give(delivery.pk, Answer.CALLING, via="sms", at=at)

    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by, alert.promise) == (AlertStatus.ACKNOWLEDGED, "Ada Byron", "calling")
    assert reply == Reply(f"You have it: #{alert.number} Fall in room 12. Nobody else is called.", taken=True)


def test_an_answer_to_a_closed_alert_says_so(alert, at):
    lifecycle.resolve(alert, by=None, at=at)

    reply = answers.give(Delivery.objects.first().pk, Answer.HANDLING, via="slack", at=at)

    assert not reply.taken
    assert "closed before you answered" in reply.text


def test_passing_on_makes_the_next_step_due_at_once(alert, at):
    reply = answers.give(Delivery.objects.get().pk, Answer.PASS_ON, via="voice", at=at)

    alert.refresh_from_db()
    assert (reply.taken, alert.next_step_at, alert.status) == (True, at, AlertStatus.SEEN)


def test_an_answer_to_a_message_that_is_gone_is_refused_in_words(at):
    assert answers.give(UUID(NOBODY_S), Answer.SEEN, via="sms", at=at) == answers.UNKNOWN
