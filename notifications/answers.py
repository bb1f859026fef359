"""Answers that come back through a transport: a Slack button, an SMS, a key on the telephone, a mail.

The edge that received it has verified who speaks (a signature, a code, a token) and which delivery is meant. What the
answer does is decided by the app above, which listens to ``answer_given``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from notifications import links, outbox
from notifications.enums import Answer as Answer
from notifications.enums import DeliveryStatus, Reason
from notifications.models import Delivery, Recipient
from notifications.signals import answer_given


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an answer: ``text`` is said back to the person, in their language. ``taken``: it counted."""

    text: str
    taken: bool


UNKNOWN = Reply("This message is not known here any more. Sign in to see what is open now.", taken=False)


def give(delivery_id: UUID, answer: Answer, *, via: str, at: datetime, name: str = "", person: Recipient | None = None) -> Reply:
    """Give ``answer`` to what the delivery told. Safe to repeat: the same answer again is a quiet success.

    ``via`` is the transport's name for the record; ``person`` is who answers when that is known to be another than the one who
    was told, or somebody of the group that was; ``name`` says who it is when no recipient is known.
    Not to be called inside a transaction. Raises nothing for a stale, unknown or late answer: the reply says so. What was
    told more than a day ago, or to somebody who is no longer told about alerts, is not answered this way.
    """
    found = Delivery.objects.select_related("notification__recipient", "notification__group")
    delivery = found.filter(pk=delivery_id).first()
    told = delivery.notification.recipient if delivery else None
    if delivery is None or (told is not None and not told.active and person is None):
        return UNKNOWN
    if at >= links.good_until(delivery.notification):
        with translation.override(told.language if told else settings.LANGUAGE_CODE):
            return Reply(_("This message is older than 24 hours: open the alert's page to answer."), taken=False)
    if delivery.notification.reason == Reason.TEST:
        return _proved(delivery, via=via, at=at)
    heard: list[Any] = answer_given.send(sender=Delivery, delivery=delivery, answer=answer, via=via, person=person, name=name, at=at)
    return next((reply for _, reply in heard if isinstance(reply, Reply)), UNKNOWN)


def _proved(delivery: Delivery, *, via: str, at: datetime) -> Reply:
    """Any answer to a test message proves that its method works."""
    outbox.receive(delivery.pk, status=DeliveryStatus.SEEN, at=at, detail=f"answered by {via}")
    person = delivery.notification.recipient
    with translation.override(person.language if person else settings.LANGUAGE_CODE):
        return Reply(_("Thank you. Sentinel can reach you this way."), taken=True)
