"""What one tells people: the value that travels from the app above to the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Message:
    """Content and manner of one notification; the words are put together when it is sent, per language and transport.

    ``context`` is JSON and is all a template may use. ``expires_at``: nothing is tried after it.
    """

    reason: str
    urgency: str
    priority: int
    context: Mapping[str, Any]
    life_safety: bool = False
    step: int | None = None
    label: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Tell ``message`` to everyone in ``groups`` (slugs) and ``recipients`` (ids), and to whoever is on call now in
    ``schedules`` (ids), once per person.

    ``key`` makes it idempotent: the same key tells the same person once, whoever orders it again. ``kinds`` names
    the transports to use; empty means all. A person with no usable method of those kinds is told by any other. A
    person's own rules go before them (rules.py).
    """

    thread: str
    key: str
    message: Message
    groups: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    schedules: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    audience_of: tuple[str, ...] = ()
    """Also everyone to whom something was sent in these threads."""
    also_waiting: bool = False
    """And everyone to whom something was to be sent in them, and could not be yet."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an order: deliveries queued (or queued before), and whom it could not reach, with the reason."""

    deliveries: int = 0
    recipients: tuple[str, ...] = ()
    unreachable: tuple[tuple[str, str], ...] = ()
    ids: tuple[UUID, ...] = field(default=())
    held: tuple[tuple[str, datetime], ...] = ()
    """Who is told later, because of quiet hours, and when."""
    bundled: tuple[str, ...] = ()
    """Who is told together with others of a storm. Counted in ``deliveries``, without an id of their own."""
