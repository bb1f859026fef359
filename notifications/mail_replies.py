"""Answers by replying to a mail: "OK" to ack+<token>@<SENTINEL_INBOUND_DOMAIN> takes what the mail told about.

A reply counts when everything fits: the token is ours and not too old, the mail comes from the address that the message
went to and its domain vouches for it, no machine wrote it, and its first word is an answer. Else it does nothing, and
the log says why.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from anymail.exceptions import AnymailError
from django.utils.html import strip_tags

from notifications import answers, links, mail_senders, reply_addresses
from notifications.answers import Answer
from notifications.enums import Transport
from notifications.models import Delivery

WORDS: Final[Mapping[str, Answer]] = {
    **dict.fromkeys(("ack", "ok", "okay", "oui", "yes"), Answer.HANDLING), **dict.fromkeys(("pass", "passe"), Answer.PASS_ON),
}  # fmt: skip
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_AUTOMATIC: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "List-Id", "X-Auto-Reply-From")
logger = logging.getLogger(__name__)


class ReplyError(Exception):
    """The reply is not taken; the text is for staff, and names nobody."""


def take(event: Any, *, service: str, at: datetime) -> None:
    """Give the answer that ``event`` (anymail's inbound event) brings, or log why it is none. Not to be called inside a transaction."""
    try:
        delivery, answer = _read(event.message, event.esp_event, service, at=at)
    except ReplyError as error:
        logger.warning("a reply by mail was not taken: %s", error)
        return
    except (AnymailError, ValueError, LookupError, TypeError) as error:
        logger.warning("a reply by mail cannot be read (%s)", type(error).__name__)
        return
    reply = answers.give(delivery.pk, answer, via=Transport.EMAIL, at=at)
    if not reply.taken:
        logger.warning("a reply by mail to delivery %s came too late", delivery.pk)


def _read(message: Any, raw: Any, service: str, *, at: datetime) -> tuple[Delivery, Answer]:
    delivery = _delivery_of(_recipients(message), at=at)
    sender = _sender(message)
    if delivery.method is None or sender.casefold() != delivery.method.address.casefold():
        raise ReplyError(f"it does not come from the address that delivery {delivery.pk} went to")
    if why := _is_automatic(message):
        raise ReplyError(f"a machine wrote it ({why}), for delivery {delivery.pk}")
    if not mail_senders.vouched_for(message, raw, service, domain=sender.rpartition("@")[2].lower()):
        raise ReplyError(f"neither DKIM nor SPF vouches for its sender, for delivery {delivery.pk}")
    answer = WORDS.get(first_word(message))
    if answer is None:
        raise ReplyError(f"its first word is none of {', '.join(WORDS)}, for delivery {delivery.pk}")
    return delivery, answer


def first_word(message: Any) -> str:
    """The first word of what was written, small, without the full stop, comma or exclamation mark behind it."""
    text = message.stripped_text or message.text or strip_tags(message.html or "")
    words = str(text)[:10_000].replace("\N{NO-BREAK SPACE}", " ").split(maxsplit=1)
    return words[0].casefold().rstrip(".,!;:") if words else ""


def _delivery_of(addresses: Iterable[str], *, at: datetime) -> Delivery:
    wanted = next(filter(None, map(reply_addresses.read, addresses)), None)
    if wanted is None:
        raise ReplyError("it is addressed to no message of ours")
    found = Delivery.objects.select_related("notification__recipient", "method").filter(pk=wanted).first()
    if found is None or found.notification.recipient is None or not found.notification.recipient.active:
        raise ReplyError("its message is no longer kept, or its recipient no longer told about alerts")
    if at >= links.good_until(found.notification):
        raise ReplyError(f"it comes too late for delivery {found.pk}")
    return found


def _recipients(message: Any) -> list[str]:
    named = [each.addr_spec for each in (*message.to, *message.cc)]
    return [str(each).strip("<> ") for each in (message.envelope_recipient, message["Delivered-To"], *named) if each]


def _sender(message: Any) -> str:
    """The one address in From."""
    sender = message.from_email
    if len(message.get_all("From") or []) != 1 or sender is None or isinstance(sender, list):
        raise ReplyError("it has not exactly one sender")
    return str(sender.addr_spec)


def _is_automatic(message: Any) -> str:
    """The header that says so, if any."""
    if str(message.get("Auto-Submitted", "no")).strip().casefold() != "no":
        return "Auto-Submitted"
    if str(message.get("Precedence", "")).strip().casefold() in _BULK:
        return "Precedence"
    if str(message.get("Return-Path", "")).strip() == "<>" or message.envelope_sender in {"<>", ""}:
        return "Return-Path"
    return next((name for name in _AUTOMATIC if name in message), "")
