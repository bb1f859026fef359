"""A person's own contact methods, as they look at them: what reaches them, what proves it, and what became of the last test."""

from datetime import datetime
from typing import Any
from uuid import UUID

from notifications import proofs, transports
from notifications.enums import DeliveryStatus, Reason, Transport
from notifications.methods import describe_method
from notifications.models import ContactMethod, Delivery, Recipient
from sentinel_site.lib import english
from sentinel_site.lib.instants import instant


def describe(person: Recipient | None, *, at: datetime) -> list[dict[str, Any]]:
    """The methods of ``person`` in their order; none when there is no such person. Three statements."""
    if person is None:
        return []
    found = list(ContactMethod.objects.filter(recipient=person).select_related("recipient", "group").order_by("order", "id"))
    tests = _tests(found)
    return [
        {
            **describe_method(method), "kind_name": english.label(Transport, method.kind), "platform": method.platform or None,
            "usable": method.usable, "stale": proofs.is_stale(method, at=at), "lacking": transports.lacking(method) or None,
            "tested_at": instant(method.tested_at), "test": tests.get(method.pk),
        }
        for method in found
    ]  # fmt: skip


def _tests(methods: list[ContactMethod]) -> dict[UUID, dict[str, Any]]:
    """What became of the newest test message to each."""
    rows = Delivery.objects.filter(method__in=methods, notification__reason=Reason.TEST)
    newest = rows.order_by("method_id", "-id").distinct("method_id")
    return {
        delivery.method_id: {
            "status": delivery.status, "status_name": english.label(DeliveryStatus, delivery.status), "error": delivery.error or None,
            "at": instant(delivery.seen_at or delivery.delivered_at or delivery.sent_at or delivery.queued_at),
        }
        for delivery in newest
        if delivery.method_id
    }  # fmt: skip
