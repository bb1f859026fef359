"""Circuit breakers: a place that keeps failing is left alone, so that messages take another way at once.

After FAILURES failures in a row, with no answer between, the breaker of a destination opens: messages to it wait, and one
at a time may try whether it is back. The most urgent, and life safety, always try. Counting is each runner's own; what
came of it is a row that all runners share (`Destination`), written when it changes. A provider that says how long it
wants to be left alone (429 with Retry-After) is left alone for that long, by everybody.
"""

import logging
import random
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q

from notifications.errors import DeadAddress, NotNow, TemporaryError
from notifications.models import Delivery, Destination
from sentinel_site.lib import wake

FAILURES: Final = 5
FORGET: Final = timedelta(minutes=10)
"""Failures further apart than this are not in a row."""
FIRST_PROBE_SECONDS, LAST_PROBE_SECONDS = 10.0, 60.0
SPREAD_SECONDS: Final = 3.0
LONGEST_WISH_SECONDS: Final = 300.0
PATIENCE: Final = timedelta(seconds=30)
"""A provider that wants to be left alone for longer makes messages take another way."""
READ_SECONDS: Final = 1.0
logger = logging.getLogger(__name__)
Place = tuple[str, str]
"""A transport and the name of a destination; an empty name is all of the transport."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A message must wait. ``falls_over``: the recipient's next method is used meanwhile."""

    until: datetime
    why: str
    falls_over: bool


class Breakers:
    """One runner's view of the breakers. ``look`` and ``wait`` are for one thread, ``note`` for any."""

    def __init__(self, *, failures: int = FAILURES, read_seconds: float = READ_SECONDS) -> None:
        self._limit, self._read_seconds = failures, read_seconds
        self._lock = threading.Lock()
        self._failed: dict[Place, tuple[int, datetime]] = {}
        self._known: dict[Place, Destination] = {}
        self._read_at: float | None = None

    def look(self, *, at: datetime) -> None:
        """See what other runners found, at most once a second."""
        if self._read_at is None or time.monotonic() - self._read_at >= self._read_seconds:
            self._read_at = time.monotonic()
            self._known = {(row.transport, row.name): row for row in Destination.objects.filter(troubled(at=at))}

    def open(self, transport: str, name: str) -> bool:
        """Whether the place is known to be down."""
        place = self._known.get((transport, name))
        return place is not None and place.opened_at is not None

    def wait(self, delivery: Delivery, name: str, *, at: datetime) -> Wait | None:
        """Why and until when a delivery to ``name`` must wait; None when it may go, be it to see whether the place is back."""
        place = self._known.get((delivery.transport, name))
        if place is None or delivery.priority == 1 or delivery.notification.life_safety:
            return None
        if place.opened_at is not None:
            if self._probes(place, at=at):
                return None
            until = max(place.probe_at or at, at) + _spread()
            return Wait(until, f"{name or 'the provider'} is left alone until it answers again: {place.error}", falls_over=True)
        if place.slow_until is not None and place.slow_until > at:
            why = f"{name or 'the provider'} asked to be left alone: {place.error}"
            return Wait(place.slow_until + _spread(), why, falls_over=place.slow_until - at > PATIENCE)
        return None

    def note(self, delivery: Delivery, name: str, cause: Exception | None, *, at: datetime) -> bool:
        """What an attempt's end says about the place: None is success. Returns whether its breaker is open. Raises nothing."""
        place = (delivery.transport, name)
        try:
            if cause is None or isinstance(cause, NotNow | DeadAddress):
                self._answered(place, at=at)
            elif isinstance(cause, TemporaryError):
                self._failure(place, cause, at=at)
        except Exception:  # the outcome of the delivery matters more
            logger.exception("the breaker of %s %s could not be written", *place)
        return self.open(*place)

    def _answered(self, place: Place, *, at: datetime) -> None:
        with self._lock:
            self._failed.pop(place, None)
        if self.open(*place):
            here = Destination.objects.filter(transport=place[0], name=place[1])
            here.update(opened_at=None, probe_at=None, probes=0, slow_until=None, error="", changed_at=at)
            self._known = {known: row for known, row in self._known.items() if known != place}
            wake.up(wake.OUTBOX)

    def _failure(self, place: Place, cause: TemporaryError, *, at: datetime) -> None:
        if cause.retry_seconds is not None:
            self._slow(place, cause, at=at)
        elif not self.open(*place) and self._count(place, at=at) >= self._limit:
            opened = Destination(
                transport=place[0], name=place[1], opened_at=at, probe_at=at + _pause(0), error=str(cause)[:500], changed_at=at
            )
            self._write(opened, "opened_at", "probe_at", "error")
            with self._lock:
                self._failed.pop(place, None)

    def _count(self, place: Place, *, at: datetime) -> int:
        with self._lock:
            count, last = self._failed.get(place, (0, at))
            count = count + 1 if at - last <= FORGET else 1
            self._failed[place] = (count, at)
        return count

    def _slow(self, place: Place, cause: TemporaryError, *, at: datetime) -> None:
        until = at + timedelta(seconds=min(max(cause.retry_seconds or 0.0, 1.0), LONGEST_WISH_SECONDS))
        known = self._known.get(place)
        if known is None or known.slow_until is None or known.slow_until < until - timedelta(seconds=1):
            slowed = Destination(transport=place[0], name=place[1], slow_until=until, error=str(cause)[:500], changed_at=at)
            self._write(slowed, "slow_until", *([] if known and known.opened_at else ["error"]))

    def _write(self, row: Destination, *fields: str) -> None:
        Destination.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["transport", "name"], update_fields=[*fields, "changed_at"]
        )
        found = Destination.objects.get(transport=row.transport, name=row.name)
        self._known = {**self._known, (row.transport, row.name): found}

    def _probes(self, place: Destination, *, at: datetime) -> bool:
        """Whether this runner, now, sends the one message that tries the place."""
        if place.probe_at is not None and place.probe_at > at:
            return False
        again = at + _pause(place.probes + 1)
        mine = Destination.objects.filter(pk=place.pk, probe_at=place.probe_at).update(probe_at=again, probes=F("probes") + 1)
        place.probe_at, place.probes = again, place.probes + 1
        return bool(mine)


def troubled(*, at: datetime) -> Q:
    """The destinations that are down or asked to be left alone."""
    return Q(opened_at__isnull=False) | Q(slow_until__gt=at)


def _pause(probes: int) -> timedelta:
    """10 s, 20 s, 40 s and then a minute between two that try."""
    return timedelta(seconds=min(FIRST_PROBE_SECONDS * 2.0 ** min(probes, 10), LAST_PROBE_SECONDS))


def _spread() -> timedelta:
    return timedelta(seconds=random.uniform(0.0, SPREAD_SECONDS))  # noqa: S311 (not a secret)
