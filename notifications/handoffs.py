"""Telling people that they come on call or go off, once for each hand-off.

The key of a notice is its schedule and instant, so a sweep may run twice or late. What is older than LATEST is not told any more.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from notifications import dispatch, duty, oncall
from notifications.enums import Reason, Urgency
from notifications.message import Message, Order
from notifications.models import OnCallSchedule, Recipient
from notifications.walltime import shown

LATEST: Final = timedelta(minutes=15)
KEEP_TRYING: Final = timedelta(hours=2)
PRIORITY: Final = 4


@transaction.atomic
def tell_due(*, at: datetime) -> int:
    """Tell those who came on call and those who went off in the last quarter of an hour, where the schedule wants it.

    Returns the number of hand-offs in that time, told now or before.
    """
    rows = list(duty.schedules().filter(handoff_notices=True))
    values = duty.read(rows, since=at - LATEST, until=at)
    due = [(row, handoff) for row in rows for handoff in oncall.handoffs_between(values[str(row.pk)], at - LATEST, at)]
    people = {str(pk): person for pk, person in Recipient.objects.in_bulk().items()} if due else {}
    orders = [order for row, handoff in due for order in _orders(row, values[str(row.pk)], handoff, people)]
    if orders:
        dispatch.tell(orders, at=at)
    return len(due)


def _orders(row: OnCallSchedule, value: oncall.Schedule, handoff: oncall.Handoff, people: Mapping[str, Recipient]) -> Iterator[Order]:
    """One order for who comes on, one for who goes off; instants in the zone of who is told."""
    shift = oncall.who_is_on_call(value, handoff.at)
    on, off = people.get(handoff.on or ""), people.get(handoff.off or "")
    for recipient, other, comes in ((on, off, True), (off, on, False)):
        if recipient is not None:
            until = shown(shift.ends_at, duty.zone(recipient.time_zone)) if shift else None
            told = {
                "schedule": row.name,
                "comes": comes,
                "other": other.name if other else "",
                "until": f"{until:%Y-%m-%d %H:%M}" if until else "",
            }
            message = Message(
                reason=Reason.HANDOFF, urgency=Urgency.NORMAL, priority=PRIORITY, context={"handoff": told}, label=row.name,
                expires_at=handoff.at + KEEP_TRYING,
            )  # fmt: skip
            key = f"handoff:{row.pk}:{handoff.at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}:{'on' if comes else 'off'}"
            yield Order(f"schedule:{row.pk}", key, message, recipients=frozenset({str(recipient.pk)}))
