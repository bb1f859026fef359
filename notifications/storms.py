"""Storms: when too many messages of one urgency reach for one person, the following ones become one message.

Never held back: P1, life-safety, the urgency "emergency", the last resort, and the first message of a priority within the
window. What is held keeps its own notification, which names the message it is told in; that one waits in the outbox to
the end of the window and is put together when it is sent, so that what was answered meanwhile is left out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery

from notifications.enums import DeliveryStatus, Reason, Urgency
from notifications.message import Message
from notifications.models import Delivery, Notification, Recipient
from sentinel_site.lib.ids import floor, uuid7

WINDOW: Final = timedelta(minutes=5)
HOLDABLE: Final = (Reason.FIRST, Reason.REMINDER, Reason.BUNDLE, Reason.RESOLVED, Reason.EXPIRED)
LISTED: Final = 20
"""How many of the held messages the one message lists."""
Due = Mapping[UUID | None, datetime]
"""When each contact method, by its id, is used."""


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

    def bundles(self, ways: Mapping[str, Due]) -> list[tuple[Notification, Notification]]:
        """Choose the message that each held one is told in. Answers with the new ones, each with the first it tells of.

        ``ways``: when each method would be used, by the key of the held message. One that waits is joined only when it uses
        all of those methods, none of them later: being told together must not mean being told by less, or by what was tried
        in vain. One statement, which holds the waiting ones so that none is sent before this transaction ends.
        """
        waiting = _waiting({note.recipient_id for note in self.held}, at=self.at) if self.held else []
        made = []
        for note in self.held:
            due = {method: at + WINDOW for method, at in ways[note.key].items()}
            found = next((each for each in waiting if each.serves(note, due)), None)
            if found is None:
                found = _Bundle(_bundle(note, at=self.at), due)
                waiting.append(found)
                made.append((found.note, note))
            note.bundle = found.note
        return made


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


@dataclass(frozen=True, slots=True)
class _Bundle:
    """A message that is to tell of others, and when it uses each method."""

    note: Notification
    due: Due

    def serves(self, note: Notification, due: Due) -> bool:
        alike = (self.note.recipient_id, self.note.urgency) == (note.recipient_id, note.urgency)
        return alike and all(method in self.due and self.due[method] <= at for method, at in due.items())


def _waiting(people: set[UUID | None], *, at: datetime) -> list[_Bundle]:
    """The bundles of ``people`` of which nothing was tried yet. One that another transaction holds is passed over, not waited for."""
    beside = Delivery.objects.filter(notification=OuterRef("notification")).order_by().values("notification")
    found = Delivery.objects.filter(
        notification__recipient__in=people, notification__reason=Reason.STORM, notification__created_at__gt=at - 2 * WINDOW,
        status=DeliveryStatus.QUEUED, attempts=0, error="", next_attempt_at__gt=at,
    )  # fmt: skip
    counted = found.select_related("notification").annotate(size=Subquery(beside.annotate(size=Count("pk")).values("size")))
    own: dict[UUID, list[Delivery]] = defaultdict(list)
    for delivery in counted.order_by("id").select_for_update(of=["self"], skip_locked=True):
        own[delivery.notification_id].append(delivery)
    whole = [rows for rows in own.values() if len(rows) == rows[0].size]  # type: ignore[attr-defined]
    return [_Bundle(rows[0].notification, {row.method_id: row.next_attempt_at or at for row in rows}) for rows in whole]


def _bundle(note: Notification, *, at: datetime) -> Notification:
    pk = uuid7()
    return Notification(
        id=pk, key=f"storm:{pk}", thread=f"storm:{pk}", recipient=note.recipient, reason=Reason.STORM, urgency=note.urgency,
        priority=note.priority, label="", context={}, created_at=at, expires_at=note.expires_at and note.expires_at + WINDOW,
    )  # fmt: skip
