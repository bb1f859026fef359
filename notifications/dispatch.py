"""Writing the outbox: who is told, by which methods and when. Everything here belongs to the caller's transaction.

Only methods whose transport can send here are used (notifications/transports); somebody who has no other is unreachable.
Who is told how is said by the book (book.py), a person's own rules (rules.py) and quiet hours (quiet_hours.py).
"""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from notifications.book import Book, Call, Target, Way, can_send, quiet_until
from notifications.enums import DeliveryStatus
from notifications.message import Message, Order, Told
from notifications.models import ContactMethod, Delivery, Notification
from notifications.storms import WINDOW, Due, Storm
from sentinel_site.lib import rows, wake
from sentinel_site.lib.ids import uuid7

NAMES: Final = 10
"""How many names a message gives of those who are told with its reader."""


def plan(orders: Sequence[Order], *, at: datetime) -> list[list[Call]]:
    """What ``tell`` would do: for each order everyone it names, with the ways and their instants. Writes nothing."""
    book = Book.read(orders, at=at)
    return [book.calls(order, at=at) for order in orders]


def tell(orders: Sequence[Order], *, at: datetime) -> list[Told]:
    """Queue every order's messages; answers in the same order, in a fixed number of statements.

    A person named twice in one order is told once. An order whose key was told before queues nothing new and
    reports what stands in the outbox.
    """
    notifications: list[Notification] = []
    ways: dict[str, tuple[Way, ...]] = {}
    storm = Storm(at)
    planned = plan(orders, at=at)
    for order, calls in zip(orders, planned, strict=True):
        told = [call.name for call in calls if call.ways and call.held_until is None][:NAMES]
        for call in calls:
            if call.target and call.ways:
                notification = _notification(order, call.target, call.ways, told=told, at=at)
                notifications.append(notification)
                ways[notification.key] = call.ways
                storm.holds(call.target.recipient, order.message, notification)
    held = {note.key for note in storm.held}
    bundles = _bundled(storm, ways)
    queued = _queue([*bundles, *notifications], ways, at=at)
    return [_told(order, calls, queued, held) for order, calls in zip(orders, planned, strict=True)]


def _bundled(storm: Storm, ways: dict[str, tuple[Way, ...]]) -> list[Notification]:
    """The new messages that tell of what the storm holds back: each goes the ways of the first it tells of, a window later."""
    made = []
    due: dict[str, Due] = {note.key: {way.method.pk: way.at for way in ways[note.key]} for note in storm.held}
    for bundle, first in storm.bundles(due):
        ways[bundle.key] = tuple(Way(way.method, way.at + WINDOW) for way in ways[first.key])
        made.append(bundle)
    for note in storm.held:
        ways[note.key] = ()
    return made


def tell_method(method: ContactMethod, message: Message, *, thread: str, key: str, at: datetime) -> Told:
    """Queue ``message`` to exactly this method, whether or not it is verified, now: no rule and no quiet hours apply."""
    target = Target(method.recipient, method.group)
    order, ways = Order(thread, key, message), (Way(method, at),)
    notification = _notification(order, target, ways, told=[], at=at)
    queued = _queue([notification], {notification.key: ways}, at=at)
    return _told(order, [Call(target, target.name, ways)], queued)


def _told(order: Order, calls: Sequence[Call], queued: Mapping[str, list[UUID]], held: Container[str] = ()) -> Told:
    reached = [call for call in calls if call.ways]
    bundled = tuple(call.name for call in reached if call.target and _key(order, call.target) in held)
    ids = tuple(pk for call in reached if call.target for pk in queued[_key(order, call.target)])
    return Told(
        deliveries=len(ids) + len(bundled),
        recipients=tuple(call.name for call in reached if call.held_until is None and call.name not in bundled),
        unreachable=tuple((call.name, call.why) for call in calls if not call.ways),
        ids=ids,
        held=tuple((call.name, call.held_until) for call in reached if call.held_until),
        bundled=bundled,
    )


def fall_over(deliveries: Sequence[Delivery], *, at: datetime) -> dict[UUID, Delivery]:
    """Use the next method of each delivery's recipient (or group) at once.

    That is the one whose delay would have run out next; without one, the next in order that the notification has not
    used. Answers with the delivery that takes the place, by the id of the one it replaces; a recipient without another
    method is left out. Five statements at most.
    """
    wanted = {delivery.notification_id: delivery for delivery in deliveries if delivery.notification.falls_over}
    if not wanted:
        return {}
    waiting = _delayed(wanted, at=at)
    following = {wanted[note].pk: delivery for note, delivery in waiting.items()}
    following |= _unused({note: delivery for note, delivery in wanted.items() if note not in waiting}, at=at)
    if following:
        wake.up(wake.OUTBOX)
    return following


def _delayed(wanted: Mapping[UUID, Delivery], *, at: datetime) -> dict[UUID, Delivery]:
    """The delivery of each notification that a rule delays and that would be next, made due now (or at the end of quiet hours).

    A row that somebody else holds is left alone: it is being cancelled or sent this very moment, and waiting for it while
    holding others would be a dead end for both.
    """
    found = Delivery.objects.filter(  # one with an error waits for its provider, and not for a rule
        notification__in=wanted, status=DeliveryStatus.QUEUED, attempts=0, error="", next_attempt_at__gt=at
    )
    soonest: dict[UUID, Delivery] = {}
    for delivery in found.order_by("next_attempt_at", "id").select_for_update(of=["self"], skip_locked=True):
        soonest.setdefault(delivery.notification_id, delivery)
    now = [delivery.pk for note, delivery in soonest.items() if _quiet(wanted[note], at=at) is None]
    Delivery.objects.filter(pk__in=now).update(next_attempt_at=at)
    return soonest


def _unused(wanted: Mapping[UUID, Delivery], *, at: datetime) -> dict[UUID, Delivery]:
    """A new delivery for each through the next method in order that its notification has not used."""
    if not wanted:
        return {}
    used = set(Delivery.objects.filter(notification__in=wanted).values_list("notification_id", "method_id"))
    told = [delivery.notification for delivery in wanted.values()]
    people, groups = {n.recipient_id for n in told if n.recipient_id}, {n.group_id for n in told if n.group_id}
    found = ContactMethod.objects.filter(recipient__in=people, recipient__active=True) | ContactMethod.objects.filter(group__in=groups)
    methods = [method for method in found.defer("address", "secret").order_by("order", "id") if can_send(method)]
    following: dict[UUID, Delivery] = {}
    for delivery in wanted.values():
        note = delivery.notification
        own = [m for m in methods if (m.recipient_id, m.group_id) == (note.recipient_id, note.group_id) and (note.pk, m.pk) not in used]
        if own:
            way = Way(own[0], _quiet(delivery, at=at) or at)
            following[delivery.pk] = _delivery(note.pk, way, priority=delivery.priority, at=at)
    Delivery.objects.bulk_create(following.values(), ignore_conflicts=True)
    return following


def _quiet(delivery: Delivery, *, at: datetime) -> datetime | None:
    note = delivery.notification
    return quiet_until(note.recipient, note, at=at) if note.recipient else None


def _delivery(notification_id: UUID, way: Way, *, priority: int, at: datetime) -> Delivery:
    return Delivery(
        id=uuid7(),
        notification_id=notification_id,
        method=way.method,
        transport=way.method.kind,
        priority=priority,
        queued_at=at,
        next_attempt_at=way.at,
    )


def _key(order: Order, target: Target) -> str:
    return f"{order.key}:{target.key}"


def _notification(order: Order, target: Target, ways: Sequence[Way], *, told: list[str], at: datetime) -> Notification:
    """What is held back is tried for as much longer as it is held. Whoever is not alone learns who else is ``told``."""
    message = order.message
    context = {**message.context, "told": told} if len(told) > 1 else dict(message.context)
    expires_at = message.expires_at and message.expires_at + (ways[0].at - at)
    return Notification(
        id=uuid7(), key=_key(order, target), thread=order.thread, recipient=target.recipient, group=target.group,
        reason=message.reason, urgency=message.urgency, priority=message.priority, life_safety=message.life_safety, step=message.step,
        label=message.label, context=context, created_at=at, expires_at=expires_at,
    )  # fmt: skip


def _queue(notifications: Sequence[Notification], ways: Mapping[str, Sequence[Way]], *, at: datetime) -> dict[str, list[UUID]]:
    """Insert what is new, in one statement; answers with the delivery ids of each notification key."""
    if not notifications:
        return {}
    made = {note.key: [_delivery(note.pk, way, priority=note.priority, at=at) for way in ways[note.key]] for note in notifications}
    fresh = rows.insert_with(notifications, [each for own in made.values() for each in own], by="notification", topic=wake.OUTBOX)
    known = {note.key: [each.pk for each in made[note.key]] if note.pk in fresh else [] for note in notifications}
    if len(fresh) < len(notifications):  # told before: what stands in the outbox
        before = [n.key for n in notifications if n.pk not in fresh]
        for key, pk in Delivery.objects.filter(notification__key__in=before).values_list("notification__key", "id"):
            known[key].append(pk)
    return known
