"""What became of the messages about alerts: who was reached, and what could not be sent."""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from alerts import lifecycle, record
from alerts.enums import OPEN, AlertStatus, EventKind, LogKind
from alerts.models import Alert
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from sentinel_site.lib import prepared

_ABOUT: Final = """
SELECT id, group_id FROM alerts_alert WHERE id = ANY(%s::uuid[])
UNION SELECT id, group_id FROM alerts_alert WHERE group_id = ANY(%s::uuid[]) AND status = ANY(%s::text[]) ORDER BY id
"""


def settled(deliveries: Sequence[Delivery], *, fallen_over: Mapping[UUID, Delivery], at: datetime) -> None:
    """Put settled deliveries on the live feed, and on record those that were given up, stay silent or go another way.

    Belongs to the transaction that settled them, as its last statement.
    """
    about = _alerts_about(delivery.notification.thread for delivery in deliveries)
    entries, changed = [], {}
    for delivery in deliveries:
        for pk in about[delivery.notification.thread]:
            changed[pk] = (EventKind.DELIVERY, pk)
            silent = delivery.status == DeliveryStatus.SENT and delivery.error
            if delivery.status == DeliveryStatus.DEAD or silent or delivery.pk in fallen_over:
                entries.append(record.Entry(pk, LogKind.DELIVERY, None, _failure(delivery, fallen_over.get(delivery.pk))))
    record.write(entries, at=at)
    record.announce(changed.values(), at=at)


def received(delivery: Delivery, *, status: DeliveryStatus, detail: str, at: datetime) -> None:
    """A receipt moves the alert (each that a bundled message told) to DELIVERED or SEEN, if it is not further yet."""
    note = delivery.notification
    to = AlertStatus.SEEN if status == DeliveryStatus.SEEN else AlertStatus.DELIVERED
    evidence = {"transport": delivery.transport, "delivery": str(delivery.pk), **({"evidence": detail} if detail else {})}
    about = _alerts_about([note.thread])[note.thread]
    bundled = note.context.get("alerts")
    if bundled is not None:  # the group may have grown since
        about = [pk for pk in about if str(pk) in {alert["id"] for alert in bundled}]
    alerts = Alert.objects.filter(pk__in=about).select_related("source", "policy", "group").order_by("id")
    for alert in alerts:
        lifecycle.receipt(alert, to, by=note.recipient, at=at, detail=evidence)
    with transaction.atomic():
        record.announce([(EventKind.DELIVERY, alert.pk) for alert in alerts], at=at)


def remarked(delivery: Delivery, remark: str, *, at: datetime) -> None:
    """Put on record what was unusual about the words of ``delivery``, on each alert that it is about. A transaction of its own."""
    detail = {"recipient": str(delivery.notification.recipient or delivery.notification.group or ""), "transport": delivery.transport,
              "remark": remark}  # fmt: skip
    with transaction.atomic():
        about = _alerts_about([delivery.notification.thread])[delivery.notification.thread]
        record.write([record.Entry(pk, LogKind.DELIVERY, None, detail) for pk in about], at=at)
        record.announce([(EventKind.DELIVERY, pk) for pk in about], at=at)


def _alerts_about(threads: Iterable[str]) -> Mapping[str, list[UUID]]:
    """The alerts that each thread is about: the one named, or the open ones of the group. One statement."""
    wanted = set(threads)
    alerts, groups = _ids(wanted, "alert"), _ids(wanted, "group")
    found: dict[str, list[UUID]] = defaultdict(list)
    if alerts or groups:
        for pk, group in prepared.run(_ABOUT, [list(alerts), list(groups), [status.value for status in OPEN]]):
            for thread in {f"alert:{pk}", f"group:{group}"} & wanted:
                found[thread].append(pk)
    return found


def _ids(threads: Iterable[str], kind: str) -> set[UUID]:
    """The ids of the threads of ``kind``. Other threads (tests of a contact method) are about no alert."""
    found = set()
    for thread in threads:
        name, _, raw = thread.partition(":")
        if name == kind:
            with contextlib.suppress(ValueError):
                found.add(UUID(raw))
    return found


def _failure(delivery: Delivery, instead: Delivery | None) -> dict[str, object]:
    note = delivery.notification
    return {
        "recipient": str(note.recipient or note.group or ""), "transport": delivery.transport, "status": str(delivery.status),
        "error": delivery.error, "instead": instead.transport if instead else None,
    }  # fmt: skip
