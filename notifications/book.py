"""The groups, people, methods and rules that a batch of orders needs, read at once, and what follows from them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from notifications import directory, duty, quiet_hours, rules, storms, transports
from notifications.message import Message, Order
from notifications.models import ContactMethod, Notification, Recipient, RecipientGroup


class Target(NamedTuple):
    """A person, or a group that has contact methods of its own."""

    recipient: Recipient | None
    group: RecipientGroup | None

    @property
    def key(self) -> str:
        """What tells it from every other target."""
        return f"r{self.recipient.pk}" if self.recipient else f"g{self.group.pk}"  # type: ignore[union-attr]

    @property
    def name(self) -> str:
        """The name of the person or the group."""
        return str(self.recipient or self.group)


class Way(NamedTuple):
    """A contact method, and when it is used."""

    method: ContactMethod
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """What an order means for one target: the ways, the soonest first; or none, and ``why``.

    ``held_until``: quiet hours hold it back until then.
    """

    target: Target | None
    """None for an on-call schedule that has nobody."""
    name: str
    ways: tuple[Way, ...] = ()
    why: str = ""
    held_until: datetime | None = None

    @property
    def reason(self) -> str:
        """``why`` in the reader's language."""
        return in_words(self.why)


class Book:
    """See the module. ``calls`` is the only question dispatch asks it, per order."""

    def __init__(
        self, groups: Mapping[str, RecipientGroup], members: Mapping[str, list[Recipient]], recipients: Mapping[str, Recipient],
        of_recipient: Mapping[UUID, list[ContactMethod]], of_group: Mapping[int, list[ContactMethod]], audiences: "_Audiences",
        on_call: Mapping[str, duty.OnDuty],
    ) -> None:  # fmt: skip
        self._groups, self._members, self._recipients = groups, members, recipients
        self._of_recipient, self._of_group, self._audiences = of_recipient, of_group, audiences
        self._on_call = on_call

    @classmethod
    def read(cls, orders: Sequence[Order], *, at: datetime) -> "Book":
        """Four statements at most, whatever the number of orders; four more when one of them names an on-call schedule."""
        on_call = duty.on_call({pk for order in orders for pk in order.schedules}, at=at)
        audiences = _audiences(orders)
        slugs = {slug for order in orders for slug in order.groups} | {slug for _, told in audiences.values() for slug in told}
        ids = {pk for order in orders for pk in order.recipients} | {pk for told, _ in audiences.values() for pk in told}
        ids |= {on.recipient for on in on_call.values() if on.recipient}
        known = directory.groups(slugs)
        recent = storms.window(at=at) if any(storms.may_hold(order.message) for order in orders) else None
        persons = directory.people(ids.union(*({str(pk) for pk in told} for _, told in known.values())), recent=recent)
        groups = {slug: group for slug, (group, _) in known.items()}
        members = {slug: [person for pk, person in persons.items() if pk in told] for slug, (_, told) in known.items()}
        recipients = {str(pk): person for pk, person in persons.items() if str(pk) in ids}
        of_recipient: dict[UUID, list[ContactMethod]] = defaultdict(list)
        of_group: dict[int, list[ContactMethod]] = defaultdict(list)
        for method in directory.methods(people=persons, groups=[group.pk for group in groups.values()]):
            if method.recipient_id:
                of_recipient[method.recipient_id].append(method)
            elif method.group_id:
                of_group[method.group_id].append(method)
        return cls(groups, members, recipients, of_recipient, of_group, audiences, on_call)

    def calls(self, order: Order, *, at: datetime) -> list[Call]:
        """What ``order`` means at ``at`` for everyone it names, each once, people first."""
        found = [self._call(target, order, at=at) for target in self._targets(order)]
        return [call for call in (*found, *self._unmanned(order)) if call.ways or call.why]

    def _unmanned(self, order: Order) -> list[Call]:
        """The on-call schedules of ``order`` that have nobody, with the reason."""
        duties = [self._on_call[pk] for pk in sorted(order.schedules)]
        return [Call(None, on.schedule, why=on.why) for on in duties if on.recipient is None]

    def _targets(self, order: Order) -> list[Target]:
        people: dict[UUID, Recipient] = {}
        for slug in sorted(order.groups):
            people |= {person.pk: person for person in self._members.get(slug, [])}
        heard = [self._audiences[thread] for thread in order.audience_of if thread in self._audiences]
        named = order.recipients.union(*(told for told, _ in heard), (self._on_call[pk].recipient or "" for pk in order.schedules))
        people |= {self._recipients[pk].pk: self._recipients[pk] for pk in sorted(named) if pk in self._recipients}
        slugs = order.groups.union(*(told for _, told in heard))
        own = [self._groups[slug] for slug in sorted(slugs) if slug in self._groups and self._of_group.get(self._groups[slug].pk)]
        return [Target(person, None) for person in people.values()] + [Target(None, group) for group in own]

    def _call(self, target: Target, order: Order, *, at: datetime) -> Call:
        """A group's own methods are used when their kind is wanted, and never in place of another."""
        person, message = target.recipient, order.message
        if person is None:
            found = self._of_group.get(target.group.pk, []) if target.group else []
            own = [method for method in found if can_send(method) and (not order.kinds or method.kind in order.kinds)]
            return Call(target, target.name, tuple(Way(method, at) for method in own))
        if not person.active:
            return Call(target, target.name, why=gettext_noop("is not active"))
        found = self._of_recipient.get(person.pk, [])
        able = [method for method in found if can_send(method)]
        if not able:
            return Call(target, target.name, why=why_unreachable(found))
        held_until = quiet_until(person, message, at=at)
        start = held_until or at
        chosen = rules.choose(able, getattr(person, "own_rules", ()), message, order.kinds)
        delayed = [(method, start + timedelta(seconds=seconds)) for method, seconds in chosen]
        ways = tuple(Way(method, quiet_until(person, message, at=due) or due) for method, due in delayed)
        return Call(target, target.name, ways, held_until=held_until)


def can_send(method: ContactMethod) -> bool:
    """Whether a message may be sent to ``method``, and can be."""
    return method.usable and not transports.lacking(method)


def quiet_until(person: Recipient, message: "Message | Notification", *, at: datetime) -> datetime | None:
    """When the quiet hours end that hold ``message`` back at ``at``; None: it goes through. P1 and life-safety always do."""
    if person.quiet_from is None or message.priority == 1 or message.life_safety:
        return None
    return quiet_hours.ends_at(person.quiet_from, person.quiet_until, person.time_zone, at=at)


_Audiences = Mapping[str, tuple[set[str], set[str]]]
"""For each thread: the recipients (ids) and the groups (slugs) to whom something was sent."""


def _audiences(orders: Sequence[Order]) -> _Audiences:
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    heard = {thread for order in orders for thread in order.audience_of}
    if not heard:
        return found
    waiting = {thread for order in orders if order.also_waiting for thread in order.audience_of}
    sent = Q(thread__in=heard) & (Q(deliveries__attempts__gt=0) | Q(bundle__deliveries__attempts__gt=0))
    told = Notification.objects.filter(sent | Q(thread__in=waiting) if waiting else sent).distinct().order_by()
    for thread, recipient, slug in told.values_list("thread", "recipient_id", "group__slug"):
        found[thread][0 if recipient else 1].add(str(recipient or slug))
    return found


def why_unreachable(found: Sequence[ContactMethod]) -> str:
    """Why none of ``found`` can be used."""
    if not found:
        return gettext_noop("has no contact method")
    usable = [method for method in found if method.usable]
    if not usable:
        return gettext_noop("has no contact method that is verified, active and working")
    return gettext_noop("cannot be reached") + ": " + "; ".join(sorted({transports.lacking(method) for method in usable}))


def in_words(why: str) -> str:
    """The reason of a call, which is stored in English, in the reader's language."""
    first, _colon, lacks = why.partition(": ")
    return (_(first) if first else "") + (_(": ") + _("; ").join(lack(each) for each in lacks.split("; ")) if lacks else "")


def lack(text: str) -> str:
    """What is not set up, in the reader's language, and in brackets the settings that nobody translates."""
    what, bracket, names = text.partition(" (")
    return _(what) + bracket + names
