"""Who may be sent now, of those that are due: by the breakers, by the rates, and by how crowded their destination is.

What may not is put back for later: no hand is used for it, no attempt counted. A gate that fails stands open.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import close_old_connections

from notifications import pace, transports
from notifications.breakers import Breakers, Wait
from notifications.enums import DeliveryStatus, Transport
from notifications.models import Delivery
from notifications.outbox import Outcome

SHARED: Final = frozenset({Transport.WEBHOOK, Transport.APPRISE})
"""Transports behind which many providers share the hands: none may take them all."""
CROWDED_SECONDS: Final = 1.0
"""How long a message waits whose destination has enough of them unanswered."""
SILENT_SECONDS: Final = 2.0
"""A destination that crowds and has not answered for so long makes messages take another way."""
BEHIND_SECONDS: Final[Mapping[int, float]] = defaultdict(lambda: 10.0, {1: 0.0, 2: 3.0})
"""For how much longer than its channel's rate a message may wait, by its priority, when others wait for that channel, too."""
logger = logging.getLogger(__name__)


class Gate:
    """One runner's gate. Only ``breakers.note`` may be called from several threads."""

    def __init__(self) -> None:
        self.breakers = Breakers()
        self._next: dict[tuple[str, str], datetime] = {}
        self._turns: dict[tuple[str, str, int], datetime] = {}

    def look(self, *, at: datetime) -> None:
        """See what other runners found out."""
        try:
            self.breakers.look(at=at)
        except Exception:  # what is known will do
            _failed()

    def room(self, kind: str, free: int, *, at: datetime) -> int:
        """How many of ``free`` may be claimed: as many as the rate of ``kind`` allows, which are paid for."""
        if kind in pace.PER_ADDRESS or self.breakers.open(kind, ""):
            return free  # decided one by one
        try:
            return pace.take(kind, free, at=at)[0]
        except Exception:  # a rate that cannot be kept holds nobody back
            _failed()
            return free

    def admit(
        self, kind: str, claimed: Sequence[Delivery], *, room: int, crowd: Callable[[str], float], at: datetime
    ) -> tuple[list[tuple[Delivery, str]], list[Outcome]]:
        """Those to send, each with its destination, and the outcomes of those that must wait.

        ``crowd`` says for how long a destination that crowds has not answered. What ``room`` paid for and is not sent
        is given back.
        """
        go, held = [], []
        for delivery in claimed:
            name = destination(delivery)
            wait = self._wait(delivery, name, crowd, at=at)
            if wait is None:
                go.append((delivery, name))
            else:
                held.append(_held(delivery, wait))
        try:
            self._pay(kind, len(go), room, at=at)
        except Exception:  # as above
            _failed()
        return go, held

    def _wait(self, delivery: Delivery, name: str, crowd: Callable[[str], float], *, at: datetime) -> Wait | None:
        try:
            crowded = self._crowd(name, crowd(name), at=at) if delivery.transport in SHARED else None
            return crowded or self.breakers.wait(delivery, name, at=at) or self._rate(delivery, at=at)
        except Exception:  # as above
            _failed()
            return None

    def _pay(self, kind: str, sent: int, room: int, *, at: datetime) -> None:
        if not pace.limited(kind) or kind in pace.PER_ADDRESS:
            return
        if self.breakers.open(kind, ""):
            pace.take(kind, sent, at=at)
        else:
            pace.give_back(kind, room - sent)

    def _crowd(self, name: str, silent: float, *, at: datetime) -> Wait | None:
        if not silent:
            return None
        why = f"{name} does not answer, and enough messages wait for it"
        return Wait(at + timedelta(seconds=CROWDED_SECONDS), why, falls_over=silent >= SILENT_SECONDS)

    def _rate(self, delivery: Delivery, *, at: datetime) -> Wait | None:
        if delivery.transport not in pace.PER_ADDRESS:
            return None
        key = pace.key(delivery)
        count, next_at = pace.take(delivery.transport, 1, at=at, key=key)
        return None if count else Wait(next_at + self._behind(delivery, key, next_at), delivery.error, falls_over=False)

    def _behind(self, delivery: Delivery, key: str, next_at: datetime) -> timedelta:
        """How long after ``next_at`` it is read again: one is there when it may go, the others take turns, one rate's share apart.

        So no share is lost while others wait, and what waits is not all read each time.
        """
        place = (delivery.transport, key)
        if self._next.get(place) != next_at:
            self._next[place] = next_at
            return timedelta()
        line, share = (*place, delivery.priority), pace.share(delivery.transport)
        most = timedelta(seconds=BEHIND_SECONDS[delivery.priority])
        turn = max(self._turns.get(line, next_at), next_at) + share
        if turn > next_at + most:  # all turns are given: from the front again
            turn = next_at + min(share, most)
        self._turns[line] = turn
        return turn - next_at


def destination(delivery: Delivery) -> str:
    """Where it goes; empty when its transport is one place, or is not known.

    Never raises: an address that cannot be read is one delivery's trouble, and must not keep those that were claimed with it.
    """
    transport = transports.TRANSPORTS.get(delivery.transport)
    try:
        return transport.destination(delivery.method)[:200] if transport and delivery.method else ""
    except Exception:  # as above
        _failed()
        return ""


def _failed() -> None:
    logger.exception("the gate failed, and stands open")
    close_old_connections()


def _held(delivery: Delivery, wait: Wait) -> Outcome:
    status = DeliveryStatus.FAILED if delivery.attempts > 1 else DeliveryStatus.QUEUED
    return Outcome(delivery, status, error=wait.why, retry_at=wait.until, counted=False, falls_over=wait.falls_over)
