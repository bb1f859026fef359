"""The contract of a transport: the code that performs deliveries of one kind.

A transport is called from many threads at once, each of which keeps its own connections. It does not touch the
database. It puts the delivery's id into everything it sends, as the idempotency key, and bounds every wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted it. ``receipt``: it also proved that the message arrived."""

    provider_id: str = ""
    receipt: bool = False


class Transport(Protocol):
    """What `delivery.py` asks of a transport; each is a module of this package with these functions.

    One whose provider tells afterwards what became of a message also has ``gives_receipts(method: ContactMethod) -> bool``
    (cheap; whether receipts can come for this method as things are set up): then silence is a failure (receipts.py).
    """

    def send(self, delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
        """Send ``wording`` to ``method``.

        Raises TemporaryError (try later; OutcomeUnknown when it may have been sent), PermanentError (never try this
        message again) or DeadAddress (the method is of no use any more). The text is shown to staff: it names the
        reason and holds neither address nor secret. Any other exception counts as temporary.
        """

    def missing(self) -> str:
        """Empty when messages can be sent; else what has to be set up, in words for staff. Cheap."""

    def close(self) -> None:
        """Close the connections that the calling thread kept open."""

    def destination(self, method: ContactMethod) -> str:
        """What hangs together when it hangs (a host): one that does not answer must not use up every thread."""


class Reviser(Protocol):
    """A transport that can also change a message after it was sent; see revisions.py."""

    def revise(self, delivery: Delivery, wording: Wording, state: Mapping[str, Any]) -> None:
        """Make the message say what became of it. Safe to repeat. Raises TemporaryError or PermanentError."""

    def revises(self) -> bool:
        """Whether it can, as things are set up. Cheap."""
