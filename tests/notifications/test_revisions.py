"""Messages that are changed after they were sent: durable, once per message, and never in the way of a first one."""

import pytest
from django.utils import timezone

from alerts import answering, escalation, lifecycle
from alerts.enums import Resolution
from notifications import revisions
from notifications.delivery import deliver_due
from notifications.models import Delivery, Recipient, RecipientGroup, Revision
from tests.conftest import HOUR, MINUTE, SECOND
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.notifications.slack import CHANNEL, HOOK, elements, words
from tests.providers import FAILS, TAKES, Mode, patience

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def alert(slack_server, at):
    """An alert of which the group's Slack channel was told."""
    make_method(RecipientGroup.objects.create(slug="oncall", name="Night team"), kind="slack", address=CHANNEL)
    make_source(policy=make_policy())
    alert = raise_alert(at=at, title="Fall in room 12")
    escalation.advance_due(at=at)
    deliver_due(at=at, budget_seconds=60)
    assert len(slack_server.posted) == 1
    return alert


def shown(slack_server):
    (body,) = slack_server.messages.values()
    return words(body), [each["action_id"] for each in elements(body)]


def due():
    return Revision.objects.filter(due_at__isnull=False).count()


def test_an_acknowledgement_is_shown_in_the_message(alert, slack_server, at):
    robin = make_recipient("Robin Vale")

    lifecycle.acknowledge(alert, by=robin, at=at + MINUTE, promise="on_my_way")
    assert revisions.run_due(at=at + MINUTE) == 1

    said, buttons = shown(slack_server)
    assert "Robin Vale is on the way" in said
    assert (buttons, due()) == (["answer:false_alarm", "answer:handled", "link:answer"], 0)


def test_a_resolution_takes_the_buttons_away(alert, slack_server, at):
    lifecycle.acknowledge(alert, by=None, at=at)
    lifecycle.resolve(alert, by=make_recipient("Robin Vale"), at=at + MINUTE, resolution=Resolution.FALSE_ALARM)
    revisions.run_due(at=at + MINUTE)

    said, buttons = shown(slack_server)
    assert ("Over: false alarm – Robin Vale" in said, buttons) == (True, ["link:alert"])
    assert len(slack_server.updates) == 1


def test_an_expired_alert_says_so(alert, slack_server, at):
    lifecycle.expire(alert, at=at + HOUR)
    revisions.run_due(at=at + HOUR)

    assert "Expired: nobody took it" in shown(slack_server)[0]


@pytest.mark.parametrize("mode", FAILS)
def test_what_fails_is_tried_again_until_it_is_shown(alert, slack_server, settings, at, mode):
    lifecycle.resolve(alert, by=None, at=at)
    slack_server.mode, settings.SLACK_TIMEOUT = mode, patience(mode)
    revisions.run_due(at=at)
    assert due() == 1

    slack_server.mode, settings.SLACK_TIMEOUT = Mode.ACCEPT, patience(Mode.ACCEPT)
    assert revisions.run_due(at=at + MINUTE) == 1

    assert (due(), shown(slack_server)[1]) == (0, ["link:alert"])
    assert len(slack_server.updates) == (2 if mode in TAKES else 1)


def test_one_failure_makes_everything_wait_and_asks_slack_no_more(alert, slack_server, at):
    other = raise_alert(at=at, subject="other")
    escalation.advance_due(at=at)
    deliver_due(at=at + 5 * SECOND, budget_seconds=60)
    lifecycle.acknowledge(alert, by=None, at=at)
    lifecycle.acknowledge(other, by=None, at=at)
    slack_server.mode = Mode.BUSY

    assert revisions.run_due(at=at) == 1
    assert revisions.run_due(at=at + 6 * SECOND) == 0

    slack_server.mode = Mode.ACCEPT
    assert revisions.run_due(at=at + 8 * SECOND) == 2


def test_a_message_that_was_deleted_is_left_alone(alert, slack_server, at):
    slack_server.messages.clear()
    lifecycle.acknowledge(alert, by=None, at=at)

    revisions.run_due(at=at)

    assert (due(), Revision.objects.get().error) == (0, "the message was deleted")


def test_a_runner_that_died_is_followed_by_another(alert, slack_server, at):
    lifecycle.acknowledge(alert, by=None, at=at)
    assert revisions._claim(at=at) is not None

    assert revisions.run_due(at=at + SECOND) == 0
    assert revisions.run_due(at=at + MINUTE) == 1


def test_what_is_wanted_while_it_is_being_sent_is_sent_as_well(alert, slack_server, at):
    lifecycle.acknowledge(alert, by=None, at=at)
    in_hand = revisions._claim(at=at)
    lifecycle.resolve(alert, by=None, at=at)
    assert revisions.run_due(at=at) == 0

    revisions._settle(in_hand, revisions._attempt(in_hand, at=at))
    assert due() == 1

    revisions.run_due(at=at)
    assert (due(), shown(slack_server)[1]) == (0, ["link:alert"])


def test_a_message_still_on_its_way_is_changed_when_it_has_arrived(alert, slack_server, at):
    sent = Delivery.objects.get()
    Delivery.objects.update(status="sending", provider_id="")
    lifecycle.acknowledge(alert, by=None, at=at)
    revisions.run_due(at=at)
    assert (due(), slack_server.updates) == (1, [])

    Delivery.objects.update(status="sent", provider_id=sent.provider_id)
    revisions.run_due(at=at + MINUTE)

    assert (due(), len(slack_server.updates)) == (0, 1)


def test_what_cannot_be_changed_is_not_wanted(slack_server, at):
    make_method(make_recipient(groups=["oncall"]), kind="slack", address=slack_server.url + HOOK)
    make_source(policy=make_policy())
    alert = raise_alert(at=at)
    escalation.advance_due(at=at)
    deliver_due(at=at, budget_seconds=60)

    lifecycle.acknowledge(alert, by=None, at=at)

    assert (len(slack_server.posted), Revision.objects.count()) == (1, 0)


def test_each_alert_of_a_bundle_is_shown_by_itself(slack_server, at):
    make_method(make_recipient(groups=["oncall"]), kind="slack", address=CHANNEL)
    make_source(policy=make_policy("Calls", 0, 60), group_attributes=["type"])
    first, second, third = (raise_alert(at=at, subject=subject, title=f"Door {subject}", type="door") for subject in "abc")
    escalation.advance_due(at=at)
    deliver_due(at=at, budget_seconds=60)
    escalation.advance_due(at=at + 2 * MINUTE)
    bundle = Delivery.objects.get(transport="slack", notification__reason="bundle")
    for later in (2 * MINUTE, 2 * MINUTE + 5 * SECOND):  # of a reminder and the bundle, one waits for the channel's next second
        deliver_due(at=at + later, budget_seconds=60)

    told = [each["id"] for each in bundle.notification.context["alerts"]]
    taken = next(each for each in (first, second, third) if str(each.pk) in told)
    lifecycle.acknowledge(taken, by=Recipient.objects.get(), at=at + 3 * MINUTE)
    revisions.run_due(at=at + 3 * MINUTE)

    bundle.refresh_from_db()
    body = slack_server.messages[tuple(bundle.provider_id.split(":"))]
    assert f"#{taken.number} {taken.title}: 🙋 Robin Vale takes it" in words(body)
    assert len([each for each in elements(body) if each["action_id"].startswith("answer:")]) == 5


def test_somebody_of_the_group_is_named(alert, slack_server, at):
    delivery = Delivery.objects.get()

    answering.reply(delivery, "handling", via="slack", name="kim", at=at)
    revisions.run_due(at=at)

    assert "Night team (kim) takes it" in shown(slack_server)[0]
