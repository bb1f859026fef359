"""What a person says by pressing a button in Slack: is it from Slack, which message, who, and what comes of it.

Slack signs what it sends; the button carries our own signature of the delivery as well. Pressing twice is harmless.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from notifications import answers, http
from notifications.enums import Answer, Transport
from notifications.errors import NotificationError
from notifications.facts import clean
from notifications.links import LIFETIME
from notifications.models import ContactMethod, Delivery, Recipient
from notifications.transports import slack, slack_blocks
from sentinel_site.lib import crypto

OFFERED: Final = {answer.value for answer in (*slack_blocks.ASKS, Answer.SEEN)}
"""The answers that our buttons give."""
NAME_LENGTH: Final = 80
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Press:
    """One pressed button, as Slack reports it. ``place``: "channel:ts" of its message, when Slack names it."""

    answer: Answer
    value: str
    user_id: str
    user_name: str
    place: str
    response_url: str


def genuine(raw: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack signed ``raw`` for us, at most five minutes ago. Needs SLACK_SIGNING_SECRET."""
    from slack_sdk.signature import SignatureVerifier  # noqa: PLC0415 (only the process that Slack calls needs the library)

    try:
        return bool(SignatureVerifier(settings.SLACK_SIGNING_SECRET).is_valid_request(raw, dict(headers)))
    except (ValueError, TypeError):  # a time that is no number, a body that is no text, a signature in foreign letters
        return False


def read(raw: bytes) -> Press | None:
    """The press that ``raw``, a verified request, tells of; None for anything else that Slack sends."""
    try:
        payload = json.loads(parse_qs(raw.decode(), max_num_fields=10)["payload"][0])
        if payload["type"] != "block_actions":
            return None
        word, value = next((name[7:], act["value"]) for act in payload["actions"] if (name := act["action_id"]).startswith("answer:"))
        if word not in OFFERED:
            return None
        user, container = payload["user"], payload.get("container") or {}
        place = ":".join(str(container.get(part) or "") for part in ("channel_id", "message_ts"))
        name = " ".join(str(clean(str(user.get("name") or user.get("username") or user["id"]))).split())
        return Press(Answer(word), str(value), str(user["id"]), name[:NAME_LENGTH], place, str(payload.get("response_url") or ""))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration, RecursionError):
        return None


def take(press: Press, *, at: datetime) -> str:
    """Give the answer. Returns what to say to the person who pressed. Not to be called inside a transaction."""
    delivery = _delivery(press)
    person, name = _who(delivery, press) if delivery else (None, "")
    speaker = person or (delivery.notification.recipient if delivery else None)
    with translation.override(speaker.language if speaker else settings.LANGUAGE_CODE):
        if delivery is None:
            return _("This button is not known here any more. Use the link in the message, or sign in.")
        if at >= delivery.notification.created_at + LIFETIME:
            return _("This message is older than 24 hours: open the alert's page to answer.")
        if len(press.place) <= 200 and all(press.place.split(":")):  # the answer may be faster than our own note of what Slack said
            Delivery.objects.filter(pk=delivery.pk, provider_id="").update(provider_id=press.place)
    return answers.give(delivery.pk, press.answer, via=Transport.SLACK.value, at=at, name=name, person=person).text


def say(press: Press, text: str) -> None:
    """Say ``text`` to the person who pressed, without making Slack wait for it. What is lost is lost: the message shows the state."""
    if press.response_url:
        threading.Thread(target=_whisper, args=(press.response_url, text), name="slack-whisper", daemon=True).start()


def _whisper(response_url: str, text: str) -> None:
    try:
        slack.whisper(response_url, text)
    except NotificationError as error:
        logger.info("a reply to a button was not taken by Slack: %s", error)
    finally:
        http.close()


def _delivery(press: Press) -> Delivery | None:
    delivery_id = slack_blocks.dereference(press.value)
    found = Delivery.objects.select_related("notification__recipient", "notification__group", "method")
    return found.filter(pk=delivery_id, transport=Transport.SLACK).first() if delivery_id else None


def _who(delivery: Delivery, press: Press) -> tuple[Recipient | None, str]:
    """Who answers, as ``answers.give`` wants it: nobody named when it is the very person who was told."""
    told, method = delivery.notification.recipient, delivery.method
    mine = ContactMethod.objects.filter(
        kind=Transport.SLACK, address_digest=crypto.digest(press.user_id, purpose="address"), verified=True, active=True,
        recipient__active=True,
    )  # fmt: skip
    people = {each.recipient for each in mine.select_related("recipient") if each.recipient}
    if told in people or (told and method and method.address[:1] in {"D", "U", "W"}):
        return None, ""
    return (people.pop(), "") if len(people) == 1 else (None, press.user_name)
