"""Codes that answer a message by SMS: four digits, good from the number the message went to, for as long as its link is.

A code is given when the message is handed to its transport, and stays the same when that is tried again. Two open
messages to one number never have the same code: the database sees to it. Without a code a message is sent all the same.
"""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from notifications.enums import ANSWERABLE
from notifications.links import LIFETIME
from notifications.models import AnswerCode, ContactMethod, Delivery

CODES: Final = range(1000, 10_000)
TRIES: Final = 20
_TAKE = """
INSERT INTO notifications_answercode AS held (delivery_id, number_digest, code, until) VALUES (%s, %s, %s, %s)
ON CONFLICT (number_digest, code) DO UPDATE SET delivery_id = excluded.delivery_id, until = excluded.until WHERE held.until <= %s
"""
logger = logging.getLogger(__name__)


def allot(deliveries: Sequence[Delivery], *, at: datetime, codes: Sequence[int] = CODES, tries: int = TRIES) -> None:
    """Give each delivery that can be answered its ``answer_code``, one of ``codes``: at random, in at most ``tries`` tries.

    One that gets none keeps the empty one; raises nothing.
    """
    askable = [delivery for delivery in deliveries if delivery.notification.reason in ANSWERABLE and delivery.method is not None]
    if not askable:
        return
    try:
        known = of(askable)
        for delivery in askable:
            delivery.answer_code = known.get(delivery.pk) or _take(delivery, codes, tries, at=at)
    except DatabaseError:  # the message matters more than its code: it carries the link instead
        logger.exception("some of %d SMS got no code; they are answered by their links", len(askable))


def answerable(number_digest: str, *, at: datetime, code: str = "") -> list[Delivery]:
    """What may be answered from the number, the newest first; with ``code`` the one message it belongs to, if any.

    Only what went to a method that still has this number, of somebody who is still told about alerts.
    """
    held = AnswerCode.objects.filter(number_digest=number_digest, until__gt=at, **({"code": code} if code else {}))
    wanted: list[UUID] = list(held.values_list("delivery_id", flat=True))
    here = ContactMethod.objects.filter(address_digest=number_digest, active=True).exclude(recipient__active=False)
    found = Delivery.objects.filter(pk__in=wanted, method__in=here).select_related("notification__recipient", "notification__group")
    return list(found.order_by("-id"))


def of(deliveries: Sequence[Delivery]) -> dict[UUID, str]:
    """The codes of ``deliveries``."""
    return dict(AnswerCode.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).values_list("delivery_id", "code"))


def _take(delivery: Delivery, codes: Sequence[int], tries: int, *, at: datetime) -> str:
    """A code that no open message to this number has. Empty when nearly all are taken."""
    digest, until = delivery.method.address_digest if delivery.method else "", delivery.notification.created_at + LIFETIME
    for _ in range(tries):
        code = str(secrets.choice(codes))
        with transaction.atomic(), connection.cursor() as cursor:  # one by one: two runners that hold codes would wait for each other
            cursor.execute(_TAKE, [delivery.pk, digest, code, until, at])
            if cursor.rowcount:
                return code
    return ""
