"""Writing the outbox: who is told, by which methods. Everything here belongs to the caller's transaction.

Only methods whose transport can send here are used (notifications/transports); somebody who has no other is unreachable.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from notifications import duty, transports
from notifications.message import Order, Told
from notifications.models import ContactMethod, Delivery, Notification, Recipient, RecipientGroup
from sentinel_site.lib import rows, wake
from sentinel_site.lib.ids import uuid7


class _Target(NamedTuple):
    """A person, or a group that has contact methods of its own."""

    recipient: Recipient | None
    group: RecipientGroup | None

    @property
    def key(self) -> str:
        return f"r{self.recipient.pk}" if self.recipient else f"g{self.group.pk}"  # type: ignore[union-attr]

    @property
    def name(self) -> str:
        return str(self.recipient or self.group)


def tell(orders: Sequence[Order], *, at: datetime) -> list[Told]:
    """Queue every order's messages; answers in the same order, in a fixed number of statements.

    A person named twice in one order is told once. An order whose key was told before queues nothing new and
    reports what stands in the outbox.
    """
    book = _Book.read(orders, at=at)
    notifications: list[Notification] = []
    methods: dict[str, list[ContactMethod]] = {}
    told: list[tuple[list[str], list[tuple[str, str]], list[str]]] = []
    for order in orders:
        names, unreachable, keys = [], book.unmanned(order), []
        for target in book.targets(order):
            usable, why = book.methods(target, order.kinds)
            if not usable:
                if why:
                    unreachable.append((target.name, why))
                continue
            notification = _notification(order, target, at=at)
            notifications.append(notification)
            methods[notification.key] = usable
            names.append(target.name)
            keys.append(notification.key)
        told.append((names, unreachable, keys))
    queued = _queue(notifications, methods, at=at)
    return [
        Told(sum(len(queued[key]) for key in keys), tuple(names), tuple(unreachable), tuple(pk for key in keys for pk in queued[key]))
        for names, unreachable, keys in told
    ]


class _Book:
    """The groups, people and methods that a batch of orders needs, read at once."""

    def __init__(
        self, groups: Mapping[str, RecipientGroup], members: Mapping[str, list[Recipient]], recipients: Mapping[str, Recipient],
        of_recipient: Mapping[UUID, list[ContactMethod]], of_group: Mapping[int, list[ContactMethod]], audiences: "_Audiences",
        on_call: Mapping[str, duty.OnDuty],
    ) -> None:  # fmt: skip
        self._groups, self._members, self._recipients = groups, members, recipients
        self._of_recipient, self._of_group, self._audiences = of_recipient, of_group, audiences
        self._on_call = on_call

    @classmethod
    def read(cls, orders: Sequence[Order], *, at: datetime) -> "_Book":
        """Five statements at most, whatever the number of orders; four more when one of them names an on-call schedule."""
        on_call = duty.on_call({pk for order in orders for pk in order.schedules}, at=at)
        audiences = _audiences({thread for order in orders for thread in order.audience_of})
        slugs = {slug for order in orders for slug in order.groups} | {slug for _, told in audiences.values() for slug in told}
        ids = {pk for order in orders for pk in order.recipients} | {pk for told, _ in audiences.values() for pk in told}
        ids |= {on.recipient for on in on_call.values() if on.recipient}
        groups = {group.slug: group for group in RecipientGroup.objects.filter(slug__in=slugs).prefetch_related("members")}
        members = {slug: list(group.members.all()) for slug, group in groups.items()}
        recipients = {str(person.pk): person for person in Recipient.objects.filter(pk__in=ids)}
        everyone = {person.pk for people in members.values() for person in people} | {person.pk for person in recipients.values()}
        of_recipient: dict[UUID, list[ContactMethod]] = defaultdict(list)
        of_group: dict[int, list[ContactMethod]] = defaultdict(list)
        found = ContactMethod.objects.filter(recipient__in=everyone) | ContactMethod.objects.filter(group__in=groups.values())
        for method in found.defer("address", "secret").order_by("order", "id"):
            if method.recipient_id:
                of_recipient[method.recipient_id].append(method)
            elif method.group_id:
                of_group[method.group_id].append(method)
        return cls(groups, members, recipients, of_recipient, of_group, audiences, on_call)

    def targets(self, order: Order) -> list[_Target]:
        """Everyone the order names, once, people first."""
        people: dict[UUID, Recipient] = {}
        for slug in sorted(order.groups):
            people |= {person.pk: person for person in self._members.get(slug, [])}
        heard = [self._audiences[thread] for thread in order.audience_of if thread in self._audiences]
        named = order.recipients.union(*(told for told, _ in heard), (self._on_call[pk].recipient or "" for pk in order.schedules))
        people |= {self._recipients[pk].pk: self._recipients[pk] for pk in sorted(named) if pk in self._recipients}
        slugs = order.groups.union(*(told for _, told in heard))
        own = [self._groups[slug] for slug in sorted(slugs) if slug in self._groups and self._of_group.get(self._groups[slug].pk)]
        return [_Target(person, None) for person in people.values()] + [_Target(None, group) for group in own]

    def unmanned(self, order: Order) -> list[tuple[str, str]]:
        """The on-call schedules of ``order`` that have nobody, with the reason."""
        return [(on.schedule, on.why) for on in (self._on_call[pk] for pk in sorted(order.schedules)) if on.recipient is None]

    def methods(self, target: _Target, kinds: frozenset[str]) -> tuple[list[ContactMethod], str]:
        """The usable methods of the wanted kinds, or any usable ones when there are none; else none and the reason.

        A group's own methods are used when their kind is wanted, and never in place of another.
        """
        if target.recipient is None:
            found = self._of_group.get(target.group.pk, []) if target.group else []
            return [method for method in found if _can_send(method) and (not kinds or method.kind in kinds)], ""
        if not target.recipient.active:
            return [], "is not active"
        found = self._of_recipient.get(target.recipient.pk, [])
        able = [method for method in found if _can_send(method)]
        if not able:
            return [], _unreachable(found)
        return [method for method in able if not kinds or method.kind in kinds] or able, ""


def fall_over(deliveries: Sequence[Delivery], *, at: datetime) -> dict[UUID, Delivery]:
    """Queue each delivery's notification on the next method of its recipient (or group) that it has not used, at once.

    Answers with the new delivery by the id of the one it takes the place of; a recipient without another method is
    left out. Three statements at most.
    """
    wanted = {delivery.notification_id: delivery for delivery in deliveries}
    if not wanted:
        return {}
    used = set(Delivery.objects.filter(notification__in=wanted).values_list("notification_id", "method_id"))
    told = [delivery.notification for delivery in wanted.values()]
    people, groups = {n.recipient_id for n in told if n.recipient_id}, {n.group_id for n in told if n.group_id}
    found = ContactMethod.objects.filter(recipient__in=people, recipient__active=True) | ContactMethod.objects.filter(group__in=groups)
    methods = [method for method in found.defer("address", "secret").order_by("order", "id") if _can_send(method)]
    following: dict[UUID, Delivery] = {}
    for delivery in wanted.values():
        note = delivery.notification
        own = [m for m in methods if (m.recipient_id, m.group_id) == (note.recipient_id, note.group_id) and (note.pk, m.pk) not in used]
        if own:
            following[delivery.pk] = _delivery(note.pk, own[0], priority=delivery.priority, at=at)
    Delivery.objects.bulk_create(following.values(), ignore_conflicts=True)
    if following:
        wake.up(wake.OUTBOX)
    return following


def _can_send(method: ContactMethod) -> bool:
    return method.usable and not transports.missing(method.kind)


def _unreachable(found: Sequence[ContactMethod]) -> str:
    """Why none of ``found`` can be used."""
    if not found:
        return "has no contact method"
    usable = [method for method in found if method.usable]
    if not usable:
        return "has no contact method that is verified, active and working"
    return "cannot be reached: " + "; ".join(sorted({transports.missing(method.kind) for method in usable}))


def _delivery(notification_id: UUID, method: ContactMethod, *, priority: int, at: datetime) -> Delivery:
    return Delivery(
        id=uuid7(),
        notification_id=notification_id,
        method=method,
        transport=method.kind,
        priority=priority,
        queued_at=at,
        next_attempt_at=at,
    )


_Audiences = Mapping[str, tuple[set[str], set[str]]]
"""For each thread: the recipients (ids) and the groups (slugs) to whom something was sent."""


def _audiences(threads: set[str]) -> _Audiences:
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    if threads:
        sent = Notification.objects.filter(thread__in=threads, deliveries__attempts__gt=0).distinct()
        for thread, recipient, slug in sent.order_by().values_list("thread", "recipient_id", "group__slug"):
            found[thread][0 if recipient else 1].add(str(recipient or slug))
    return found


def _notification(order: Order, target: _Target, *, at: datetime) -> Notification:
    message = order.message
    return Notification(
        id=uuid7(), key=f"{order.key}:{target.key}", thread=order.thread, recipient=target.recipient, group=target.group,
        reason=message.reason, urgency=message.urgency, priority=message.priority, life_safety=message.life_safety, step=message.step,
        label=message.label, context=dict(message.context), created_at=at, expires_at=message.expires_at,
    )  # fmt: skip


def _queue(notifications: Sequence[Notification], methods: Mapping[str, list[ContactMethod]], *, at: datetime) -> dict[str, list[UUID]]:
    """Insert what is new, in two statements; answers with the delivery ids of each notification key."""
    if not notifications:
        return {}
    fresh = rows.insert(notifications, ignore_conflicts=True)
    known: dict[str, list[UUID]] = {n.key: [] for n in notifications}
    deliveries = []
    for notification in notifications:
        if notification.pk in fresh:
            made = [_delivery(notification.pk, method, priority=notification.priority, at=at) for method in methods[notification.key]]
            known[notification.key] = [delivery.pk for delivery in made]
            deliveries += made
    rows.insert(deliveries)
    wake.up(wake.OUTBOX)
    if len(fresh) < len(notifications):  # told before: what stands in the outbox
        before = [n.key for n in notifications if n.pk not in fresh]
        for key, pk in Delivery.objects.filter(notification__key__in=before).values_list("notification__key", "id"):
            known[key].append(pk)
    return known
