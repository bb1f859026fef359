"""Keys pressed during a call: 1 takes what was read out, 2 passes it on. Only a key proves that a person listened."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from notifications import answers, outbox, telephone_words
from notifications.answers import Answer
from notifications.enums import ANSWERABLE, DeliveryStatus, Transport
from notifications.models import Delivery
from sentinel_site.lib import crypto

_NUMBER: Final = re.compile(r"#\d+ ?")
"""The number of an alert, which nobody wants to hear."""
KEYS: Final = {"1": Answer.HANDLING, "2": Answer.PASS_ON}


@dataclass(frozen=True, slots=True)
class Said:
    """What the voice says next, and whether it asks for a key once more."""

    text: str
    language: str
    again: bool = False


def press(delivery_id: UUID, *, key: str, number: str, at: datetime) -> Said | None:
    """Take the ``key`` that was pressed on the call to ``number``. None: there is no such call, or it went elsewhere.

    Safe to repeat. Not to be called inside a transaction.
    """
    calls = Delivery.objects.filter(
        pk=delivery_id, transport=Transport.VOICE, method__address_digest=crypto.digest(number, purpose="address")
    )
    delivery = calls.exclude(method__active=False).select_related("notification__recipient").first()
    if delivery is None:
        return None
    note = delivery.notification
    language = note.recipient.language if note.recipient else settings.LANGUAGE_CODE
    if note.reason not in ANSWERABLE and key == "1":
        outbox.receive(delivery_id, status=DeliveryStatus.SEEN, at=at, detail="key 1 was pressed")
        return Said(telephone_words.say("confirmed", language), language)
    if note.reason not in ANSWERABLE or key not in KEYS:  # perhaps a machine's tones: no proof
        return Said(telephone_words.say("wrong_key" if note.reason in ANSWERABLE else "confirm", language), language, again=True)
    reply = answers.give(delivery_id, KEYS[key], via=Transport.VOICE, at=at)
    return Said(f"{_NUMBER.sub('', reply.text)} {telephone_words.say('goodbye', language)}", language)
