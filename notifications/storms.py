"""Storms: when too many messages of one urgency reach for one person, the following ones become one message.

Never held back: P1, life-safety, the urgency "emergency", the last resort, and the first message of a priority within the
window. What is held keeps its own notification, which names the message it is told in; that one waits in the outbox to
the end of the window and is put together when it is sent, so that what was answered meanwhile is left out.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count

from notifications.enums import DeliveryStatus, Reason, Urgency
from notifications.message import Message
from notifications.models import Delivery, Notification, Recipient
from sentinel_site.lib.ids import floor, uuid7

WINDOW: Final = timedelta(minutes=5)
HOLDABLE: Final = (Reason.FIRST, Reason.REMINDER, Reason.BUNDLE, Reason.RESOLVED, Reason.EXPIRED)
LISTED: Final = 20
"""How many of the held messages the one message lists."""


def may_hold(message: Message) -> bool:
    """Whether ``message`` may be held back in a storm at all."""
    serious = message.priority == 1 or message.life_safety or message.urgency == Urgency.EMERGENCY
    return bool(settings.SENTINEL_STORM_MESSAGES) and not serious and message.reason in HOLDABLE


def window(*, at: datetime) -> dict[str, object]:
    """Which messages count as recent at ``at``: the parameters of directory.people's ``recent``."""
    return {"since_id": floor(at - WINDOW), "since": at - WINDOW, "at": at, "reasons": [reason.value for reason in HOLDABLE]}


@dataclass(slots=True)
class Storm:
    """The messages of one batch that are held back, and what everyone was told in the window before."""

    at: datetime
    held: list[Notification] = field(default_factory=list)
    _told: dict[UUID, list[tuple[str, int]]] = field(default_factory=dict)

    def holds(self, person: Recipient | None, message: Message, note: Notification) -> bool:
        """Whether ``note``, which brings ``message`` to ``person``, is held back. Counts it as told otherwise."""
        if person is None or not may_hold(message):
            return False
        if person.pk not in self._told:
            self._told[person.pk] = list(getattr(person, "recent", ()))
        told = self._told[person.pk]
        alike = sum(urgency == message.urgency for urgency, _ in told)
        known = any(priority == message.priority for _, priority in told)
        told.append((message.urgency, message.priority))
        if alike < settings.SENTINEL_STORM_MESSAGES or not known:
            return False
        self.held.append(note)
        return True

    def bundles(self) -> list[tuple[Notification, bool]]:
        """The message that each held one is told in, and whether it is new: then it has to be queued for the window's end.

        One statement, which holds the waiting ones so that none is sent before this transaction ends.
        """
        if not self.held:
            return []
        found = {_key(note): (note, False) for note in _waiting({note.recipient_id for note in self.held}, at=self.at)}
        for note in self.held:
            if _key(note) not in found:
                found[_key(note)] = (_bundle(note, at=self.at), True)
            note.bundle = found[_key(note)][0]
        return list(found.values())


def fill(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Give each delivery of a storm what it tells now; answers with those that have nothing left to tell."""
    storms = {delivery.notification_id: delivery for delivery in deliveries if delivery.notification.reason == Reason.STORM}
    if not storms:
        return []
    open_notes = Notification.objects.filter(bundle__in=storms, cancelled_at=None).order_by()
    counts = dict(open_notes.values_list("bundle").annotate(Count("pk")))
    shown: dict[UUID, list[Any]] = defaultdict(list)
    for pk in counts:
        shown[pk] = list(open_notes.filter(bundle=pk).order_by("priority", "id").values_list("context__alert", flat=True)[:LISTED])
    for pk, delivery in storms.items():
        delivery.notification.context = {"held": counts.get(pk, 0), "shown": [alert for alert in shown[pk] if alert]}
    return [delivery for pk, delivery in storms.items() if pk not in counts]


def _key(note: Notification) -> tuple[UUID | None, str]:
    return note.recipient_id, note.urgency


def _waiting(people: set[UUID | None], *, at: datetime) -> list[Notification]:
    """The bundles of ``people`` that wait. One that another transaction holds is passed over, not waited for."""
    found = Delivery.objects.filter(
        notification__recipient__in=people, notification__reason=Reason.STORM, notification__created_at__gt=at - 2 * WINDOW,
        status=DeliveryStatus.QUEUED, attempts=0, next_attempt_at__gt=at,
    )  # fmt: skip
    held = found.select_related("notification").order_by("id").select_for_update(of=["self"], skip_locked=True)
    return [delivery.notification for delivery in held]


def _bundle(note: Notification, *, at: datetime) -> Notification:
    pk = uuid7()
    return Notification(
        id=pk, key=f"storm:{pk}", thread=f"storm:{pk}", recipient=note.recipient, reason=Reason.STORM, urgency=note.urgency,
        priority=note.priority, label="", context={}, created_at=at, expires_at=note.expires_at and note.expires_at + WINDOW,
    )  # fmt: skip
