"""Slack, against a server that speaks its protocol."""

import pytest

from notifications.errors import DeadAddress, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import Delivery
from notifications.rendering import Wording
from notifications.transports import slack
from tests.conftest import NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue
from tests.notifications.slack import CHANNEL, DIRECT, HOOK, PERSON, TOKEN, elements, words
from tests.providers import Answer

pytestmark = pytest.mark.django_db


def told(address, **fields) -> Delivery:
    robin = make_recipient(**fields)
    make_method(robin, kind="slack", address=address)
    return queue(robin, kinds=["slack"])[0]


def send(delivery):
    return slack.send(delivery, delivery.method, Wording(delivery))


@pytest.mark.parametrize(("address", "channel"), [(CHANNEL, CHANNEL), ("#night", CHANNEL), (PERSON, DIRECT), (DIRECT, DIRECT)])
def test_the_app_posts_to_channels_and_persons(slack_server, address, channel):
    sent = send(told(address))

    ((found, ts),) = slack_server.messages
    assert (found, sent.provider_id, sent.receipt) == (channel, f"{channel}:{ts}", False)
    assert slack_server.posted[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_delivery_goes_along_as_key_and_metadata(slack_server):
    delivery = told(CHANNEL)

    send(delivery)

    body = slack_server.posted[0].json
    assert body["client_msg_id"] == str(delivery.pk)
    assert body["metadata"] == {"event_type": "sentinel_delivery", "event_payload": {"delivery_id": str(delivery.pk)}}


def test_an_incoming_webhook_gets_links_and_no_buttons(slack_server):
    sent = send(told(slack_server.url + HOOK))

    (button, page) = elements(slack_server.posted[0].json)
    assert (sent.provider_id, button["action_id"], "/a/" in button["url"]) == ("", "link:answer", True)
    assert ("value" in button, "authorization" in slack_server.posted[0].headers) == (False, False)
    assert page["action_id"] == "link:alert"


def test_without_the_signing_secret_there_are_links_instead_of_buttons(slack_server, settings):
    settings.SLACK_SIGNING_SECRET = ""

    send(told(CHANNEL))

    assert [each["action_id"] for each in elements(slack_server.posted[0].json)] == ["link:answer", "link:alert"]


def test_without_a_token_a_channel_is_refused(slack_server, settings):
    settings.SLACK_BOT_TOKEN = ""

    with pytest.raises(PermanentError, match="SLACK_BOT_TOKEN"):
        send(told(CHANNEL))


def test_without_a_token_a_webhook_is_not_refused(slack_server, settings):
    settings.SLACK_BOT_TOKEN = ""

    send(told(slack_server.url + HOOK))

    assert len(slack_server.posted) == 1


@pytest.mark.parametrize(("word", "error"), [
    ("channel_not_found", DeadAddress), ("is_archived", DeadAddress), ("user_not_found", DeadAddress), ("not_in_channel", PermanentError),
    ("restricted_action", PermanentError), ("invalid_blocks", PermanentError), ("invalid_auth", TemporaryError),
    ("token_revoked", TemporaryError), ("missing_scope", TemporaryError), ("ratelimited", TemporaryError),
    ("a_word_of_next_year", TemporaryError), ("fatal_error", OutcomeUnknown),
])  # fmt: skip
def test_every_error_of_the_api_has_its_meaning(slack_server, word, error):
    slack_server.error = word

    with pytest.raises(error) as raised:
        send(told(CHANNEL))

    assert type(raised.value) is error
    assert not {TOKEN, CHANNEL, PERSON} & set(str(raised.value).split())


@pytest.mark.parametrize(("word", "error"), [
    ("no_service", DeadAddress), ("channel_is_archived", DeadAddress), ("invalid_token", DeadAddress),
    ("action_prohibited", PermanentError), ("invalid_payload", PermanentError),
])  # fmt: skip
def test_every_error_of_a_webhook_has_its_meaning(slack_server, word, error):
    slack_server.error = word

    with pytest.raises(error) as raised:
        send(told(slack_server.url + HOOK))

    assert type(raised.value) is error
    assert "services" not in str(raised.value)


def test_the_wait_that_slack_wishes_is_respected(slack_server):
    slack_server.say(Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"}))

    with pytest.raises(TemporaryError) as raised:
        send(told(CHANNEL))

    assert raised.value.retry_seconds == 30


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"ok": "yes"}', b'{"ok": true}', b'{"ok": true, "ts": 1, "channel": []}', b"[" * 9999]
)
def test_an_answer_that_is_none_leaves_the_outcome_unknown(slack_server, body):
    slack_server.say(Answer(body))

    with pytest.raises(OutcomeUnknown, match="may have been sent"):
        send(told(CHANNEL))


def again(delivery, error=slack.MAYBE + "Slack's answer cannot be understood"):
    delivery.attempts, delivery.error = 2, error
    return send(delivery)


@pytest.mark.parametrize("address", [CHANNEL, PERSON])
def test_what_an_earlier_try_posted_is_found_and_not_posted_again(slack_server, address):
    delivery = told(address)
    delivery.queued_at = NOON.replace(year=2020)
    first = send(delivery)

    assert (again(delivery), len(slack_server.posted)) == (first, 1)


def test_what_cannot_be_looked_up_is_sent_again_and_says_so(slack_server):
    slack_server.may_read_history = False

    again(told(CHANNEL))

    assert "you may see it twice" in words(slack_server.posted[0].json)


def test_a_retry_of_what_was_surely_not_sent_says_nothing_of_the_kind(slack_server):
    again(told(CHANNEL), "Slack takes no more messages for the moment (rate limit)")

    assert "twice" not in words(slack_server.posted[0].json)
    assert [arrival.path for arrival in slack_server.arrivals] == ["/api/chat.postMessage"]


def test_a_doubt_stays_a_doubt_until_the_message_is_sent(slack_server):
    slack_server.error = "ratelimited"

    with pytest.raises(TemporaryError) as raised:
        again(told(CHANNEL))

    assert str(raised.value).startswith(slack.MAYBE)


@pytest.mark.parametrize("address", ["C0123456789", "G0123456789", "D0123456789", "U0123456789", "W0123456789", "#on-call",
                                     "https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/triggers/x"])  # fmt: skip
def test_what_slack_can_reach_is_an_address(address):
    assert slack.refusal(address) == ""


@pytest.mark.parametrize("address", [
    "", "night", "c0123456789", "C012", "#two words", "@robin", "https://example.org/services/T0", "http://hooks.slack.com/services/T0/B0/x",
    "https://hooks.slack.com.example.org/x", "https://hooks.slack.com@example.org/x", "https://hooks.slack.com/x@y", "#a<!channel>",
    "https://hooks.slack.com/a b", "#" + "a" * 81,
])  # fmt: skip
def test_anything_else_is_refused_with_what_to_write(address):
    assert "write a channel's or a person's ID" in slack.refusal(address)
