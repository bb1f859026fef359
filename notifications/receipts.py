"""Receipts that do not come: the next method of the recipient takes the place of the one that stays silent.

`outbox.receive` takes those that do come. How long a kind of method may stay silent is a setting, and only for transports
that can tell (`transports.gives_receipts`). The database holds the timer, so any number of runners may sweep.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, transaction

from notifications import outbox, transports
from notifications.enums import PROVED, DeliveryStatus
from notifications.models import ContactMethod, Delivery, Notification
from notifications.signals import deliveries_settled

AGAIN: Final = timedelta(minutes=1)
"""When a row that could not be handled is looked at again."""
logger = logging.getLogger(__name__)


def due_at(method: ContactMethod, *, at: datetime) -> datetime | None:
    """By when a message accepted at ``at`` for ``method`` needs a receipt; None when it cannot give one, or needs none."""
    seconds = settings.SENTINEL_RECEIPT_SECONDS.get(method.kind, 0)
    if seconds <= 0 or not transports.gives_receipts(method):
        return None
    return at + timedelta(seconds=seconds)


def miss_due(*, at: datetime, limit: int = 200) -> int:
    """Use the next method for every delivery whose receipt is overdue at ``at``, once; the apps above are told.

    Nothing is used for what was answered or has expired meanwhile, or reached the person by another method. Concurrent
    sweeps share the work. A row that fails is looked at again a minute later. Returns how many were handled. Raises
    nothing but errors of the database.
    """
    ids = list(Delivery.objects.filter(receipt_due_at__lte=at).order_by("receipt_due_at").values_list("pk", flat=True)[:limit])
    try:
        return _miss(ids, at=at)
    except Exception:  # one bad row must hold up no other
        logger.exception("%d missing receipts could not be handled together; they are handled one by one", len(ids))
        close_old_connections()
        return sum(_alone(pk, at=at) for pk in ids)


def _alone(pk: UUID, *, at: datetime) -> int:
    try:
        return _miss([pk], at=at)
    except Exception:  # looked at again later
        logger.exception("the missing receipt of delivery %s could not be handled", pk)
        return Delivery.objects.filter(pk=pk).update(receipt_due_at=at + AGAIN)


def _miss(ids: Iterable[UUID], *, at: datetime) -> int:
    with transaction.atomic():
        # the notifications first: `cancel` waits for them, or has changed them before
        notes = Notification.objects.filter(deliveries__in=ids).order_by("id").select_for_update(of=["self"], no_key=True, skip_locked=True)
        open_notes = {note.pk: note.open_at(at) for note in notes}
        found = Delivery.objects.filter(pk__in=ids, notification__in=open_notes, receipt_due_at__lte=at).order_by("id")
        rows = found.select_related("notification__recipient", "notification__group").select_for_update(of=["self"], skip_locked=True)
        deliveries = list(rows)
        if not deliveries:
            return 0
        missed = _silent([delivery for delivery in deliveries if open_notes[delivery.notification_id]])
        _note(deliveries, missed)
        if missed:
            fallen_over = outbox.fall_over(missed, at=at)
            deliveries_settled.send(sender=Delivery, deliveries=missed, fallen_over=fallen_over, at=at)
    return len(deliveries)


def _silent(deliveries: list[Delivery]) -> list[Delivery]:
    """Those accepted and not heard of since, by no method of the same notification."""
    arrived = Delivery.objects.filter(notification__in={delivery.notification_id for delivery in deliveries}, status__in=PROVED)
    heard = set(arrived.values_list("notification_id", flat=True))
    waiting = [delivery for delivery in deliveries if delivery.status == DeliveryStatus.SENT and delivery.fell_over_at is None]
    return [delivery for delivery in waiting if delivery.notification_id not in heard]


def _note(deliveries: list[Delivery], missed: list[Delivery]) -> None:
    """Stop the timers, and write the reason on those that were missed."""
    reasons: dict[str, list[UUID]] = defaultdict(list)
    for delivery in missed:
        since = delivery.sent_at or delivery.queued_at
        delivery.error = (
            f"no receipt within {round((delivery.receipt_due_at - since).total_seconds())} s" if delivery.receipt_due_at else ""
        )
        reasons[delivery.error].append(delivery.pk)
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).update(receipt_due_at=None)
    for reason, ids in reasons.items():
        Delivery.objects.filter(pk__in=ids).update(error=reason)
