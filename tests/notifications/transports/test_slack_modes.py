"""Slack in every way that it can fail: nothing is lost, nothing is told twice unsaid, and the next method is tried."""

import pytest

from notifications.delivery import deliver_due
from notifications.models import Delivery
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue
from tests.notifications.slack import CHANNEL, HOOK, words
from tests.providers import FAILS, Mode, patience

pytestmark = pytest.mark.django_db(transaction=True)
APP, WEBHOOK = "app", "webhook"


@pytest.fixture
def behave(slack_server, settings):
    """Has Slack behave so; ``of_silence`` as for `patience`."""

    def change(mode, **how):
        slack_server.mode, settings.SLACK_TIMEOUT = mode, patience(mode, **how)

    return change


def tell(slack_server, way) -> Delivery:
    """One message to somebody who has Slack first and e-mail second."""
    robin = make_recipient()
    make_method(robin, kind="slack", address=CHANNEL if way == APP else slack_server.url + HOOK, order=0)
    return queue(robin, kinds=["slack"])[0]


def attempts(*instants):
    for at in instants:
        deliver_due(at=at, budget_seconds=60)


def by_kind():
    return dict(Delivery.objects.values_list("transport", "status"))


@pytest.mark.parametrize("way", [APP, WEBHOOK])
@pytest.mark.parametrize("mode", FAILS)
def test_whatever_slack_does_the_next_method_is_tried(slack_server, mailbox, behave, mode, way):
    tell(slack_server, way)
    behave(mode, of_silence=0.25)

    attempts(NOON, NOON + MINUTE, NOON + 2 * MINUTE)

    assert by_kind()["email"] == "sent"
    assert len(mailbox.messages) == 1
    assert slack_server.to("/elsewhere") == []


@pytest.mark.parametrize("way", [APP, WEBHOOK])
@pytest.mark.parametrize("mode", [mode for mode in FAILS if mode != Mode.DENY])
def test_what_failed_arrives_when_slack_is_well_again(slack_server, mailbox, behave, mode, way):
    tell(slack_server, way)
    behave(mode, of_silence=0.25)
    attempts(NOON)

    behave(Mode.ACCEPT)
    attempts(NOON + MINUTE, NOON + HOUR)

    posted = [arrival.json for arrival in slack_server.posted]
    unsaid = [body for body in posted if "you may see it twice" not in words(body)]
    assert by_kind()["slack"] == "sent"
    assert len(unsaid) <= 1 <= len(posted)


@pytest.mark.parametrize("mode", [Mode.ACCEPT_HANG, Mode.ACCEPT_RESET])
def test_a_message_that_was_taken_is_found_and_not_sent_again(slack_server, mailbox, behave, mode):
    delivery = tell(slack_server, APP)
    Delivery.objects.update(queued_at=NOON.replace(year=2020))
    behave(mode)
    attempts(NOON)

    behave(Mode.ACCEPT)
    attempts(NOON + MINUTE)

    delivery.refresh_from_db()
    ((channel, ts),) = slack_server.messages
    assert (len(slack_server.posted), delivery.status, delivery.provider_id) == (1, "sent", f"{channel}:{ts}")


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.RESET, Mode.ERROR, Mode.GARBAGE])
def test_one_attempt_is_one_request(slack_server, mailbox, behave, mode):
    tell(slack_server, APP)
    behave(mode)

    attempts(NOON)

    assert len(slack_server.arrivals) == 1


def test_a_token_that_is_repaired_sends_what_waited(slack_server, mailbox, settings):
    tell(slack_server, APP)
    settings.SLACK_BOT_TOKEN, right = "xoxb-old", settings.SLACK_BOT_TOKEN
    attempts(NOON)
    assert by_kind() == {"slack": "failed"}

    settings.SLACK_BOT_TOKEN = right
    attempts(NOON + MINUTE)

    assert (by_kind(), len(slack_server.posted)) == ({"slack": "sent"}, 1)


def test_a_dead_webhook_is_disabled_and_the_next_method_used_at_once(slack_server, mailbox):
    delivery = tell(slack_server, WEBHOOK)
    slack_server.error = "no_service"

    attempts(NOON)

    delivery.method.refresh_from_db()
    assert by_kind() == {"slack": "dead", "email": "sent"}
    assert delivery.method.disabled_reason == "the incoming webhook was removed"
