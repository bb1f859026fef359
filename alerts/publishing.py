"""Sending events to subscribers, in their order and at least once, so that none of them costs anybody else anything.

Each subscription's turn is one thread's: it reads what is new, sends what is wanted, and writes down after each answered request
how far it got. While it waits for a receiver it holds neither a database connection nor a transaction. Receivers that hang stop
counting as work (notifications/hands.py), and those that fail are left alone for up to five minutes.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from alerts import describe, live, outgoing, subscriptions
from alerts.enums import EventFormat, Severity
from alerts.intake import OWN_SOURCE
from alerts.models import Alert, AlertEvent, Subscription
from alerts.raising import raise_by
from alerts.subjects import labels_of
from notifications import http
from notifications.errors import DeadAddress, NotificationError
from notifications.hands import Hands
from notifications.transports import webhook
from sentinel_site.lib import matchers
from sentinel_site.lib.crypto import UndecryptableError

READ: Final = 500
"""So many events are looked at together."""
WANTED: Final = 100
"""So many wanted ones are made ready together, and sent in one request where the receiver wants batches."""
BATCH_BYTES: Final = 256 * 1024
TURN_SECONDS: Final = 15.0
"""After this long a subscription waits for its next turn behind the others."""
HANDS: Final = 4
TYPE: Final = "subscription-gone"
MEDIA: Final = {EventFormat.STRUCTURED: "application/cloudevents+json", EventFormat.BATCH: "application/cloudevents-batch+json"}
logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request, or none (``body`` is empty: nothing of it is wanted). With it everything up to the event ``upto`` is dealt with."""

    upto: int
    lost: int
    count: int = 0
    name: str = ""
    body: bytes = b""


class Publisher:
    """Gives turns to subscriptions, each in a thread. ``look`` is called by one thread; ``freed`` from one that has done its work."""

    def __init__(self, *, freed: Callable[[], None] = lambda: None, size: int = HANDS) -> None:
        self._hands = Hands("events", size, freed=freed)
        self._stopped = threading.Event()

    def look(self, *, at: datetime) -> datetime | None:
        """Give a turn to as many subscriptions as there are free hands. Returns when one that failed is tried again."""
        free = 0 if self._stopped.is_set() else self._hands.free
        for pk, lease in subscriptions.claim(at=at, limit=free) if free else ():
            self._hands.take(partial(turn, pk, lease, now=timezone.now, stopped=self._stopped))
        return subscriptions.next_attempt_at()

    @property
    def busy(self) -> int:
        """How many turns are being taken."""
        return self._hands.busy

    def close(self, timeout: float) -> bool:
        """Let every turn end after the request it waits for. False: one is still waiting after ``timeout`` seconds."""
        self._stopped.set()
        return self._hands.close(timeout)


def publish_waiting(*, at: datetime, patience: timedelta, budget_seconds: float) -> int:
    """The second runner: turns, one after the other, for what the first should have sent ``patience`` ago. Returns how many."""
    ends, taken = time.monotonic() + budget_seconds, 0
    while time.monotonic() < ends and (claimed := subscriptions.claim(at=at, limit=1, patience=patience)):
        turn(*claimed[0], now=timezone.now, stopped=threading.Event())
        taken += 1
    return taken


def turn(pk: UUID, lease: UUID, *, now: Clock, stopped: threading.Event) -> None:
    """Send one subscription what waits for it, until nothing does, a request fails, or others should have their turn.

    Raises nothing but what the database does when it is away: then the lease runs out.
    """
    try:
        _take_turn(pk, lease, now=now, stopped=stopped)
    except DeadAddress as error:
        _give_up(pk, lease, error, at=now())
    except NotificationError as error:
        subscriptions.failed(pk, lease, why=str(error), wish=error.retry_seconds, at=now())
    except UndecryptableError as error:
        subscriptions.failed(pk, lease, why=str(error), at=now())
    except Exception as error:  # a fault of ours, or of the database: the lease runs out, or it is tried again
        logger.exception("the turn of subscription %s failed", pk)
        close_old_connections()
        subscriptions.failed(pk, lease, why=f"unexpected error ({type(error).__name__})", at=now())
    finally:
        http.close()
        _let_go()


def try_out(subscription: Subscription, *, at: datetime) -> None:
    """Send it an event that says it is a test. Raises NotificationError with what went wrong."""
    event = outgoing.trial(subscription.name, at=at, source=settings.SENTINEL_BASE_URL)
    body = _bodies(subscription.format, [json.dumps(event).encode()])
    try:
        _post(subscription, f"{subscription.pk}.{event['id']}", body, at=at)
    finally:
        http.close()


def parcels(subscription: Subscription) -> list[Parcel]:
    """What comes next for it: requests, and at the end what is not wanted. Empty: it has seen everything."""
    newest = live.last_event_id()
    rows = list(AlertEvent.objects.filter(id__gt=subscription.cursor).order_by("id")[:READ])
    if not rows:  # all is said; or it is another database, or one restored from a backup; or what was there is no longer kept
        return [] if newest == subscription.cursor else [Parcel(newest, lost=max(0, newest - subscription.cursor))]
    happened = _first(rows, subscription)
    alerts = {each.pk: each for each in describe.readable().filter(pk__in={row.alert_id for row in happened if _wanted(row, subscription)})}
    conditions = matchers.parse_all(subscription.matchers)
    chosen = {pk for pk, alert in alerts.items() if matchers.all_hold(conditions, labels_of(alert))}
    ready = [
        (row.id, _event(row, alerts[row.alert_id]) if row.alert_id in chosen and _wanted(row, subscription) else b"") for row in happened
    ]
    return list(_packed(subscription, ready))


def _take_turn(pk: UUID, lease: UUID, *, now: Clock, stopped: threading.Event) -> None:
    ends = time.monotonic() + TURN_SECONDS
    while not stopped.is_set() and time.monotonic() < ends:
        began = time.monotonic()
        subscription = subscriptions.held(pk, lease)
        ready = parcels(subscription) if subscription else []
        worked = time.monotonic() - began
        if subscription is None or not ready:
            break
        for parcel in ready:
            if parcel.body:
                _let_go()
                _post(subscription, parcel.name, parcel.body, at=now())
            if not subscriptions.passed(pk, lease, upto=parcel.upto, sent=parcel.count, lost=parcel.lost, at=now()) or stopped.is_set():
                break
        _let_go()
        stopped.wait(min(worked, 1.0))  # after a flood: half of the time belongs to those who tell people
    subscriptions.release(pk, lease)


def _let_go() -> None:
    """Give the database connection back: a receiver that hangs would keep it, and soon all of the pool."""
    if not connection.in_atomic_block:
        connection.close()


def _first(rows: Sequence[AlertEvent], subscription: Subscription) -> list[AlertEvent]:
    """Those up to the last one that may be made ready now."""
    wanted = [row.id for row in rows if _wanted(row, subscription)]
    return [row for row in rows if len(wanted) <= WANTED or row.id < wanted[WANTED]]


def _wanted(row: AlertEvent, subscription: Subscription) -> bool:
    return subscription.wants(outgoing.happening(row.kind, row.became))


def _event(row: AlertEvent, alert: Alert) -> bytes:
    said: dict[str, Any] = outgoing.event(
        row.id, row.kind, row.became, happened_at=row.at, alert=describe.alert(alert), source=settings.SENTINEL_BASE_URL
    )
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _packed(subscription: Subscription, ready: Sequence[tuple[int, bytes]]) -> Iterator[Parcel]:
    """Requests in order. An event that is not wanted goes with the next request, or at last with none."""
    most = 1 if subscription.format == EventFormat.STRUCTURED else WANTED
    since, seen, events, first = subscription.cursor, 0, list[bytes](), 0
    for place, (number, body) in enumerate(ready):
        seen += 1
        events += [body] if body else []
        first = first or (number if body else 0)
        following = ready[place + 1][1] if place + 1 < len(ready) else b""
        full = len(events) == most or (bool(following) and sum(map(len, events)) + len(following) > BATCH_BYTES)
        if place + 1 == len(ready) or (events and full):
            name = f"{subscription.pk}.{first}" + (f"-{number}" if most > 1 else "")
            body = _bodies(subscription.format, events) if events else b""
            yield Parcel(number, lost=number - since - seen, count=len(events), name=name if events else "", body=body)
            since, seen, events, first = number, 0, [], 0


def _bodies(written: str, events: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(events) + b"]" if written == EventFormat.BATCH else events[0]


def _post(subscription: Subscription, name: str, body: bytes, *, at: datetime) -> None:
    stamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": f"{MEDIA[EventFormat(subscription.format)]}; charset=utf-8", "User-Agent": "Sentinel", "webhook-id": name,
        "webhook-timestamp": stamp, "webhook-signature": webhook.signature(subscription.secret, name, stamp, body),
    }  # fmt: skip
    webhook.judge(http.post(subscription.url, body, headers, total_seconds=settings.WEBHOOK_TIMEOUT), now=at)


def _give_up(pk: UUID, lease: UUID, error: DeadAddress, *, at: datetime) -> None:
    """Switch it off, and have an alert of our own say so: other systems hear of nothing any more."""
    if not subscriptions.gone(pk, lease, why=str(error), at=at):
        return
    name = Subscription.objects.values_list("name", flat=True).get(pk=pk)
    report = {
        "type": TYPE, "subject": name[:200], "severity": Severity.LOW, "title": f"The subscription {name} is sent nothing any more"[:300],
        "description": f"What it was sent to answered that {error}. Write its address again in the admin (Subscriptions), or delete it.",
        "dedup_key": f"{TYPE}:{pk}",
    }  # fmt: skip
    raise_by([OWN_SOURCE], report, at=at)
