"""Slack: by the app's bot token to a channel or a person, with buttons; or by an incoming webhook, with links only.

Slack knows no idempotency key that it documents. The delivery's id goes along as ``client_msg_id``, which Slack's own
clients use for that, and as metadata of the message: when it is not known whether an earlier try arrived, the
channel's history is asked (if the app may), and what is sent again after all says that it may be a repeat.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_noop

from notifications import http
from notifications.errors import NotificationError, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports import slack_api, slack_blocks
from notifications.transports.base import Sent

HOOKS: Final = "https://hooks.slack.com/"
EVENT: Final = "sentinel_delivery"
MAYBE: Final = "it may have been sent: "
"""How an error begins when Slack may have the message; it stays so until the message is sent."""
ADDRESS: Final = re.compile(r"[CDGUW][A-Z0-9]{7,20}|#[^\s#@,.:;<>&|\"']{1,80}", re.A)
WRONG_ADDRESS: Final = (
    "is no address for Slack; write a channel's or a person's ID (C0123456789, U0123456789), #channel, or an incoming"
    f" webhook's URL ({HOOKS}services/…)"
)


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. The provider's id is ``channel:ts``; an incoming webhook gives none."""
    maybe = delivery.attempts > 1 and (not delivery.error or delivery.error.startswith(MAYBE))
    try:
        if is_webhook(method.address):
            return _by_webhook(delivery, method.address, wording, again=maybe)
        return _by_app(delivery, method.address, wording, again=maybe)
    except TemporaryError as error:
        if maybe or isinstance(error, OutcomeUnknown):
            raise type(error)(MAYBE + str(error), retry_seconds=error.retry_seconds) from error
        raise


def revise(delivery: Delivery, wording: Wording, state: Mapping[str, Any]) -> None:
    """Make the message that was sent say ``state`` (see revisions.py), with the buttons that are left. Safe to repeat.

    Raises TemporaryError (try later) or PermanentError (it stays as it is).
    """
    channel, _, ts = delivery.provider_id.partition(":")
    if not channel or not ts:
        raise PermanentError("an incoming webhook's message cannot be changed")
    said = slack_blocks.message(delivery, wording, state=state, buttons=interactive())
    slack_api.call("chat.update", {"channel": channel, "ts": ts, **said})


def revises() -> bool:
    """Whether messages can be changed after they were sent."""
    return bool(settings.SLACK_BOT_TOKEN)


def missing() -> str:
    """Never: incoming webhooks need nothing. What the app needs is said by ``unready``."""
    return ""


def unready(address: str) -> str:
    """What has to be set up before something can be sent to ``address``; empty when nothing."""
    return "" if is_webhook(address) or settings.SLACK_BOT_TOKEN else gettext_noop("the Slack app is not set up") + " (SLACK_BOT_TOKEN)"


def close() -> None:
    """Close the thread's connections."""
    http.close()


def destination(method: ContactMethod) -> str:
    """All messages go to one place."""
    return ""


def interactive() -> bool:
    """Whether a pressed button reaches us: without the signing secret, messages have links instead."""
    return bool(settings.SLACK_SIGNING_SECRET and settings.SLACK_BOT_TOKEN)


def is_webhook(address: str) -> bool:
    """Whether ``address`` is an incoming webhook's, on Slack's own host (or on SLACK_BASE_URL)."""
    return address.startswith(tuple(_hosts()))


def refusal(address: str) -> str:
    """Why ``address`` is none for Slack, in words for a form; empty when it is one."""
    return "" if ADDRESS.fullmatch(address) or (is_webhook(address) and not re.search(r"[\s@\\]", address)) else WRONG_ADDRESS


def whisper(response_url: str, text: str) -> None:
    """Say ``text`` to the person who pressed a button, and to nobody else. Raises as ``http.post``; no foreign address is called."""
    if response_url.startswith(tuple(_hosts())):
        body = {"response_type": "ephemeral", "replace_original": False, "text": slack_blocks.escape(text, 3000)}
        http.post(
            response_url,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            trusted=True,
            once=True,
            total_seconds=settings.SLACK_TIMEOUT,
        )


def _hosts() -> list[str]:
    return [HOOKS, *([settings.SLACK_BASE_URL + "/"] if settings.SLACK_BASE_URL else [])]


def _by_webhook(delivery: Delivery, url: str, wording: Wording, *, again: bool) -> Sent:
    body = slack_blocks.message(delivery, wording, buttons=False, again=again)
    reply = http.post(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, trusted=True, once=True, total_seconds=settings.SLACK_TIMEOUT
    )
    said = reply.body.decode("utf-8", "replace").strip()
    if reply.status == 200 and said != "ok":
        raise OutcomeUnknown("Slack's answer cannot be understood")
    if reply.status != 200:
        raise slack_api.meaning(said if re.fullmatch(r"[a-z_]{1,40}", said) else "", reply)
    return Sent()


def _by_app(delivery: Delivery, address: str, wording: Wording, *, again: bool) -> Sent:
    if why := unready(address):
        raise PermanentError(why)
    if again and (earlier := _earlier(delivery, address)):
        return earlier
    body = {
        "channel": address, "client_msg_id": str(delivery.pk), "parse": "none", "unfurl_links": False, "unfurl_media": False,
        "metadata": {"event_type": EVENT, "event_payload": {"delivery_id": str(delivery.pk)}},
        **slack_blocks.message(delivery, wording, buttons=interactive(), again=again),
    }  # fmt: skip
    answer = slack_api.call("chat.postMessage", body)
    channel, ts = answer.get("channel"), answer.get("ts")
    if not isinstance(channel, str) or not isinstance(ts, str):
        raise OutcomeUnknown("Slack's answer cannot be understood")
    return Sent(f"{channel}:{ts}")


def _earlier(delivery: Delivery, address: str) -> Sent | None:
    """What an earlier try posted, found in the channel's history by its metadata; None when there is none or we may not look."""
    try:
        channel = address
        if address[0] in "UW":
            channel = str(slack_api.call("conversations.open", {"users": address})["channel"]["id"])
        since = (delivery.queued_at - timedelta(minutes=5)).timestamp()
        query = {"channel": channel, "oldest": f"{since:.6f}", "include_all_metadata": "true", "limit": "200"}
        found = slack_api.call("conversations.history", query, form=True)["messages"]
        for message in found:
            if ((message.get("metadata") or {}).get("event_payload") or {}).get("delivery_id") == str(delivery.pk):
                return Sent(f"{channel}:{message['ts']}")
    except (NotificationError, KeyError, TypeError, AttributeError):
        return None
    return None
