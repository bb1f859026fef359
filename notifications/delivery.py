"""Sending what is in the outbox: bounded threads per transport, each delivery settled on its own.

A dispatcher claims no more than it has free hands for, so a claimed delivery is being sent; that is what makes
"nothing is sent after the acknowledgement" true. Outcomes that come in together are settled together.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import close_old_connections, connection

from notifications import outbox, receipts, transports
from notifications.enums import DeliveryStatus, Transport
from notifications.errors import DeadAddress, PermanentError, TemporaryError
from notifications.gate import Gate
from notifications.hands import SLOW_SECONDS, Hands
from notifications.links import LIFETIME
from notifications.models import Delivery
from notifications.outbox import Outcome
from notifications.rendering import Wording
from notifications.transports.base import Sent

LEASE_SECONDS: Final = 45
"""Longer than any transport waits for its provider."""
POOLS: Final[Mapping[str, int]] = {
    Transport.EMAIL: 8, Transport.PUSH: 16, Transport.SLACK: 8, Transport.SMS: 8, Transport.VOICE: 8, Transport.WEBHOOK: 40,
    Transport.APPRISE: 16,
}  # fmt: skip
"""How many messages each transport sends at once. The providers behind webhooks and Apprise share theirs."""
ROUNDS: Final = 5
"""So often in a row more is claimed while what was claimed is only put back."""
CLOSE_SECONDS: Final = 15
"""How long the worker waits for what is in hand: with its budget, less than the queue gives a task."""
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 5.0, 300.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Clock:
    """An instant, and what the machine's steady clock said at it; together they tell later instants."""

    at: datetime
    ticks: float

    def now(self) -> datetime:
        """The instant that it is by now."""
        return self.at + timedelta(seconds=time.monotonic() - self.ticks)


class Dispatcher:
    """Hands due deliveries to threads of their transport, so that one provider that hangs delays no other.

    ``run_once`` is called by one thread. ``on_free`` is called from a sending thread when it has a hand free for
    deliveries that had to wait for one.
    """

    on_free: Callable[[], None] | None = None

    def __init__(self, *, pools: Mapping[str, int] | None = None, slow_seconds: float = SLOW_SECONDS) -> None:
        self._hands = {
            kind: Hands(kind, size, freed=partial(self._freed, kind), ended=partial(_close, kind), slow_seconds=slow_seconds)
            for kind, size in {**POOLS, **(pools or {})}.items()
        }
        self._gate = Gate()
        self._done: deque[tuple[Outcome, bool]] = deque()
        self._settling = threading.Lock()
        self._hungry: set[str] = set()
        self._closed = False
        self.paced = False

    def run_once(self, *, at: datetime, waiting: Mapping[str, datetime] | None = None) -> int:
        """Claim as much as there are free hands for, per transport, and start sending it. Returns how many were taken or put back.

        ``waiting``: what `outbox.waiting` said a moment ago, if it was asked. ``paced`` then says whether something is due
        that must wait for its transport's rate.
        """
        clock, taken, self.paced = _Clock(at, time.monotonic()), 0, False
        soonest = outbox.waiting() if waiting is None else waiting
        due = [kind for kind in self._hands if not self._closed and kind in soonest and soonest[kind] <= at]
        if due:
            self._gate.look(at=at)
        for kind in due:
            self._hungry.add(kind)
            for _ in range(ROUNDS):
                claimed, started = self._fill(kind, clock, at=at)
                taken += claimed
                if claimed == started:
                    break
        return taken

    def _fill(self, kind: str, clock: _Clock, *, at: datetime) -> tuple[int, int]:
        """Claim once for the free hands of ``kind``. Returns how many were claimed, and how many of those are being sent."""
        hands = self._hands[kind]
        free = hands.free
        room = self._gate.room(kind, free, at=at) if free else 0
        self.paced = self.paced or room < free
        claimed = _claim(kind, limit=room, at=at) if room else []
        if len(claimed) < room:
            self._hungry.discard(kind)
        go, held = self._gate.admit(kind, claimed, room=room, crowd=hands.crowding, at=at)
        for delivery, destination in go:
            hands.take(partial(self._work, delivery, destination, clock), destination=destination)
        if held:
            _alone(partial(outbox.settle, held, at=at))
        return len(claimed), len(go)

    def busy(self) -> int:
        """How many deliveries are in hand."""
        return sum(hands.busy for hands in self._hands.values())

    def close(self, timeout: float) -> bool:
        """Take nothing more and wait up to ``timeout`` seconds for what is in hand. False: something is still being sent."""
        self._closed = True
        until = time.monotonic() + timeout
        return all([hands.close(max(0.0, until - time.monotonic())) for hands in self._hands.values()])

    def _work(self, delivery: Delivery, destination: str, clock: _Clock) -> None:
        began = time.monotonic()
        if began - clock.ticks > LEASE_SECONDS:
            return  # the machine slept: the delivery is another runner's by now
        try:
            sent, outcome = attempt(delivery, now=clock.now)
            took_ms = round((time.monotonic() - began) * 1000)
            down = self._gate.breakers.note(delivery, destination, outcome.cause, at=clock.now())
            outcome = replace(outcome, took_ms=took_ms, falls_over=down)
            self._done.append((outcome, sent is not None and sent.receipt))
            self._settle(clock)
        finally:
            connection.close()

    def _freed(self, kind: str) -> None:
        if kind in self._hungry and self.on_free is not None:
            self.on_free()

    def _settle(self, clock: _Clock) -> None:
        """Settle everything that is done. While one thread does so, the others leave their outcomes to it."""
        while self._done and self._settling.acquire(blocking=False):
            try:
                group = [self._done.popleft() for _ in range(len(self._done))]
                _record(group, at=clock.now())
            finally:
                self._settling.release()


def deliver_due(*, at: datetime, budget_seconds: int) -> int:
    """Send what is due, from ``at`` until nothing is or the budget is used; the worker's runner. Returns how many were tried."""
    return run_out(Dispatcher(), at=at, budget_seconds=budget_seconds)


def run_out(dispatcher: Dispatcher, *, at: datetime, budget_seconds: int) -> int:
    """`deliver_due` with this ``dispatcher``, which is closed afterwards."""
    clock, tried = _Clock(at, time.monotonic()), 0
    freed = threading.Event()
    dispatcher.on_free = freed.set
    while time.monotonic() - clock.ticks < budget_seconds:
        freed.clear()
        busy = dispatcher.busy()  # asked before the look, which misses what work that ends meanwhile makes due: another method's turn
        taken = dispatcher.run_once(at=clock.now())
        tried += taken
        if not (taken or busy or dispatcher.paced):
            break
        freed.wait(0.05 if taken or busy else 0.25)
    dispatcher.close(CLOSE_SECONDS)  # what is still being sent then goes on in its threads
    return tried


def attempt(delivery: Delivery, *, now: Callable[[], datetime]) -> tuple[Sent | None, Outcome]:
    """Send one delivery. Whatever happens becomes an outcome; nothing is read again before the send: the claim was the gate."""
    try:
        if why := transports.lacking(delivery.method) if delivery.method else transports.missing(delivery.transport):
            raise PermanentError(why)
        if delivery.method is None or not delivery.method.active or delivery.method.disabled_at:
            raise PermanentError("the contact method was removed, switched off or disabled")
        sent = transports.TRANSPORTS[delivery.transport].send(delivery, delivery.method, Wording(delivery, now=now, written=_let_go))
    except PermanentError as error:
        return None, Outcome(delivery, DeliveryStatus.DEAD, error=str(error), dead_address=isinstance(error, DeadAddress), cause=error)
    except TemporaryError as error:
        return None, replace(_later(delivery, str(error), wish=error.retry_seconds, at=now()), cause=error)
    except Exception as error:  # a fault of the transport's code: retried, like a provider that is away
        logger.exception("the %s transport failed on delivery %s", delivery.transport, delivery.pk)
        return None, replace(_later(delivery, f"unexpected error ({type(error).__name__})", wish=None, at=now()), cause=error)
    receipt_due_at = None if sent.receipt else receipts.due_at(delivery.method, at=now())
    return sent, Outcome(delivery, DeliveryStatus.SENT, provider_id=sent.provider_id, receipt_due_at=receipt_due_at)


def retry_seconds(attempts: int, *, wish: float | None) -> float:
    """How long to wait after ``attempts`` failed: 5 s, 10 s, 20 s ... 300 s, a fifth more or less; or what the provider wishes."""
    if wish is not None:
        return min(max(wish, 1.0), LAST_RETRY_SECONDS)
    return min(FIRST_RETRY_SECONDS * 2.0 ** max(0, min(attempts - 1, 10)), LAST_RETRY_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311


def _claim(kind: str, *, limit: int, at: datetime) -> list[Delivery]:
    """What can be claimed of ``kind``; a transport whose claim fails holds up no other."""
    try:
        return outbox.claim(kind, limit=limit, at=at, lease_seconds=LEASE_SECONDS)
    except Exception:  # they stay queued; the next look claims them
        logger.exception("the %s deliveries could not be claimed", kind)
        close_old_connections()
        return []


def _let_go() -> None:
    """Give the database connection back before the provider is asked: one that hangs would keep it, and soon all of the pool."""
    if not connection.in_atomic_block:
        connection.close()


def _close(kind: str) -> None:
    if transport := transports.TRANSPORTS.get(kind):
        transport.close()


def _later(delivery: Delivery, error: str, *, wish: float | None, at: datetime) -> Outcome:
    retry_at = at + timedelta(seconds=retry_seconds(delivery.attempts, wish=wish))
    until = delivery.notification.expires_at or delivery.notification.created_at + LIFETIME
    if retry_at >= until:
        return Outcome(delivery, DeliveryStatus.DEAD, error=f"gave up after {delivery.attempts} attempts: {error}")
    return Outcome(delivery, DeliveryStatus.FAILED, error=error, retry_at=retry_at)


def _record(group: list[tuple[Outcome, bool]], *, at: datetime) -> None:
    """Settle a group; when that fails, one by one, so that a bad row holds up no other. Leases run out for what is left."""
    try:
        try:
            outbox.settle([outcome for outcome, _ in group], at=at)
        except Exception:  # one bad row must hold up no other
            logger.exception("settling %d deliveries together failed; they are settled one by one", len(group))
            for outcome, _ in group:
                _alone(partial(outbox.settle, [outcome], at=at))
        for outcome, receipt in group:
            if receipt:
                confirmed = partial(outbox.receive, outcome.delivery.pk, status=DeliveryStatus.DELIVERED, at=at)
                _alone(partial(confirmed, detail="the receiver confirmed it"))
    finally:
        connection.close()


def _alone(settle: Callable[[], object]) -> None:
    try:
        settle()
    except Exception:  # the row keeps its lease and is taken again
        logger.exception("settling failed; the lease runs out, or the receipt is lost")
