"""SMS, through Twilio.

A text that somebody can answer ends with how: reply 1, or 2 to pass it on, and the code of this message. Where no reply
can come back (a sender without a number, no public address), it ends with the answer link instead.
"""

from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_noop

from notifications import gsm, telephone_words
from notifications.enums import ANSWERABLE
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports import twilio_client
from notifications.transports.base import Sent

VALID_SECONDS: Final = 600
"""How long Twilio keeps it in its queue; later the next reminder is of more use."""
SEGMENTS_WITH_LINK: Final = 4


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. Acceptance by Twilio proves nothing; the carrier's receipt comes by call-back."""
    fields: dict[str, Any] = {"to": method.address, "body": body(delivery, wording), "validity_period": VALID_SECONDS}
    if settings.TWILIO_MESSAGING_SERVICE_SID:
        fields["messaging_service_sid"] = settings.TWILIO_MESSAGING_SERVICE_SID
    else:
        fields["from_"] = settings.TWILIO_FROM
    if not twilio_client.hears_back():
        fields["status_callback"] = twilio_client.callback("status", delivery)
    return twilio_client.create(lambda client: client.messages.create(**fields))


def missing() -> str:
    """Which settings are missing."""
    lacks = [twilio_client.missing()] if twilio_client.missing() else []
    if not settings.TWILIO_FROM and not settings.TWILIO_MESSAGING_SERVICE_SID:
        lacks.append("TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID")
    return gettext_noop("SMS is not set up") + f" ({', '.join(lacks)})" if lacks else ""


def close() -> None:
    """Nothing: no connection is kept open."""


def gives_receipts(method: ContactMethod) -> bool:
    """The carrier says whether it arrived, where its receipt can come back."""
    return not twilio_client.hears_back()


def destination(method: ContactMethod) -> str:
    """All messages go to one place."""
    return ""


def body(delivery: Delivery, wording: Wording) -> str:
    """The text, cut to a few segments; how to answer is never cut."""
    if delivery.notification.reason not in ANSWERABLE:
        return gsm.fit([wording.sms], "")
    if delivery.answer_code and takes_replies() and not twilio_client.hears_back():
        return gsm.fit([wording.sms], telephone_words.say("how_to_reply", wording.language, code=delivery.answer_code))
    link = telephone_words.say("how_to_open", wording.language, url=wording.answer_url)
    return gsm.fit([wording.sms], link, limit=SEGMENTS_WITH_LINK)


def takes_replies() -> bool:
    """Whether one can reply to the sender: not when it is a name."""
    return bool(settings.TWILIO_MESSAGING_SERVICE_SID) or settings.TWILIO_FROM.lstrip("+").isdigit()
