"""The only writer of Delivery.status: claims, settles, receipts and cancels, each one conditional update."""

from collections.abc import Iterable
from datetime import datetime

from notifications.enums import WAITING, DeliveryStatus
from notifications.models import Delivery, Notification


def cancel(threads: Iterable[str], *, at: datetime, why: str) -> tuple[int, int]:
    """Cancel what still waits in ``threads``. Returns how many were cancelled and how many are already on their way.

    A delivery that a runner has in hand is in flight: it cannot be called back, and is counted instead. The
    transaction that cancels and the runner's claim exclude each other on the row.
    """
    from_threads = Delivery.objects.filter(notification__thread__in=list(threads))
    ids = list(from_threads.filter(status__in=[*WAITING, DeliveryStatus.SENDING]).order_by("id").select_for_update(of=["self"]).values_list("id", "status"))
    waiting = [pk for pk, status in ids if status != DeliveryStatus.SENDING]
    if waiting:
        Delivery.objects.filter(pk__in=waiting).update(
            status=DeliveryStatus.CANCELLED, settled_at=at, next_attempt_at=None, error=why[:500]
        )
    in_flight = [pk for pk, status in ids if status == DeliveryStatus.SENDING]
    if in_flight:
        Notification.objects.filter(deliveries__in=in_flight).update(expires_at=at)
    return len(waiting), len(in_flight)
