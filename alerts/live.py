"""The live feed: every web process reads the table of events once, and hands each event to all of its websockets.

Event ids are handed out in commit order and have no gaps (record.announce), so "everything after the last one I read"
misses nothing and repeats nothing. NOTIFY is the hint to look; every two seconds the reader looks by itself.
"""

import asyncio
import json
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from django.utils import timezone

from alerts import describe
from alerts.models import AlertEvent, EventCounter
from sentinel_site.lib import wake
from sentinel_site.lib.threads import in_thread

BATCH: Final = 500
OUTBOX_LIMIT: Final = 2000
REPLAY_LIMIT: Final = 5000
"""A reader that missed more than this is told to load everything again."""
LOOK_SECONDS: Final = 2.0
COALESCE_SECONDS: Final = 0.02
RECONNECT_SECONDS: Final = (0.1, 10.0)
RESET: Final = '{"type": "reset"}'
"""Tells a reader that the feed cannot be continued from where it was: load everything again."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it goes over the wire."""

    id: int
    text: str


def last_event_id() -> int:
    """The id of the newest committed event; 0 when there was none."""
    return EventCounter.objects.filter(pk=1).values_list("value", flat=True).first() or 0


def events(*, after: int, upto: int | None = None, limit: int = BATCH) -> list[Event]:
    """The events with ``after < id <= upto``, oldest first, each with its alert as it is now."""
    rows = AlertEvent.objects.filter(id__gt=after).order_by("id")
    if upto is not None:
        rows = rows.filter(id__lte=upto)
    related = ["alert", *(f"alert__{name}" for name in describe.RELATED)]
    rows = rows.select_related(*related).defer("alert__policy__document").prefetch_related("alert__opinions")[:limit]
    sent_at, described, found = describe.instant(timezone.now()), dict[UUID, str](), list[Event]()
    for row in rows:
        if row.alert_id not in described:
            described[row.alert_id] = json.dumps(describe.alert(row.alert))
        happened = {"kind": row.kind, "became": row.became, "at": describe.instant(row.at)}
        head = json.dumps({"type": "event", "id": row.id, **happened, "sent_at": sent_at})
        found.append(Event(row.id, f'{head[:-1]}, "alert": {described[row.alert_id]}}}'))
    return found


def page(*, after: int, limit: int) -> str:
    """What GET /alerts/events answers, as JSON: the events after ``after``, and where the reader stands then."""
    found, last = events(after=after, limit=limit), after
    if not found and (last := last_event_id()) != after:
        found = events(after=after, limit=limit)  # one may have come between the two looks
    last = found[-1].id if found else last
    follows = str(last) if len(found) == limit else None
    rest = {"next": follows, "last": last, "lost": max(0, last - after - len(found)), "reset": after > last}
    return f'{{"items": [{",".join(event.text for event in found)}], {json.dumps(rest)[1:]}'


def can_replay(since: int, upto: int) -> bool:
    """Whether every event in ``since < id <= upto`` is still there, and they are few enough to be sent."""
    if not 0 <= upto - since <= REPLAY_LIMIT:
        return False
    oldest = AlertEvent.objects.order_by("id").values_list("id", flat=True).first()
    return since == upto or (oldest is not None and oldest <= since + 1)


async def missed(since: int, upto: int) -> AsyncIterator[str]:
    """What a reader that has seen ``since`` must be sent to have seen ``upto``: the events, or a reset."""
    if not await in_thread(can_replay)(since, upto):
        yield RESET
        return
    while since < upto:
        found = await in_thread(events)(after=since, upto=upto)
        for event in found:
            yield event.text
        since = found[-1].id if found else upto


class Outbox:
    """What waits for one reader, bounded. ``put`` never waits; ``overflowed`` is set when the reader is too slow."""

    def __init__(self, limit: int = OUTBOX_LIMIT) -> None:
        self._texts: deque[str] = deque()
        self._limit = limit
        self._ready = asyncio.Event()
        self.overflowed = asyncio.Event()

    def put(self, texts: Sequence[str]) -> None:
        """Add ``texts``; what does not fit is lost, and with it this reader's place in the feed."""
        if len(self._texts) + len(texts) > self._limit:
            self.overflowed.set()
            self._texts.clear()
        elif not self.overflowed.is_set():
            self._texts.extend(texts)
            self._ready.set()

    async def take(self, *, seconds: float) -> list[str]:
        """Everything that waits; an empty list when nothing came within ``seconds``."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        self._ready.clear()
        texts = list(self._texts)
        self._texts.clear()
        return texts


class Hint:
    """For a reader that reads the tables itself and only wants to know when: that something came, never what. It cannot overflow."""

    def __init__(self) -> None:
        self._came = asyncio.Event()

    def put(self, _texts: Sequence[str]) -> None:
        """Something came."""
        self._came.set()

    async def wait(self, *, seconds: float) -> bool:
        """Whether something came since the last time, within ``seconds``."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._came.wait(), seconds)
        came = self._came.is_set()
        self._came.clear()
        return came


class Feed:
    """One event loop's reader of the table. It runs while somebody is subscribed."""

    def __init__(self) -> None:
        self._last = 0
        self._outboxes: set[Outbox | Hint] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._woken = asyncio.Event()

    @asynccontextmanager
    async def subscribed(self) -> AsyncIterator[tuple[Outbox, int]]:
        """An outbox, and the id after which every event goes into it. Earlier ones are in the table (`missed`)."""
        outbox = Outbox()
        async with self._into(outbox) as upto:
            yield outbox, upto

    @asynccontextmanager
    async def hinted(self) -> AsyncIterator[Hint]:
        """A hint that is given whenever something happens."""
        hint = Hint()
        async with self._into(hint):
            yield hint

    @asynccontextmanager
    async def _into(self, outbox: Outbox | Hint) -> AsyncIterator[int]:
        async with self._starting:
            if not self._tasks:
                self._last = await in_thread(last_event_id)()
                self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._listen())]
            upto = self._last  # no await from here to the next line: an event must not fall between them
            self._outboxes.add(outbox)
        try:
            yield upto
        finally:
            self._outboxes.discard(outbox)
            if not self._outboxes:
                self._stop()

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _publish(self, texts: Sequence[str], *, last: int) -> None:
        self._last = last
        for outbox in self._outboxes:
            outbox.put(texts)

    async def _read(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
            await asyncio.sleep(COALESCE_SECONDS)
            self._woken.clear()
            try:
                await self._catch_up()
            except Exception as error:  # the database may be away; the next look comes by itself
                logger.warning("the live feed cannot read its events: %s", error)

    async def _catch_up(self) -> None:
        newest = await in_thread(last_event_id)()
        if newest < self._last:  # another database, or one restored from a backup
            self._publish([RESET], last=newest)
        while self._last < newest:
            found = await in_thread(events)(after=self._last, upto=newest)
            self._publish([event.text for event in found], last=found[-1].id if found else newest)

    async def _listen(self) -> None:
        pause, longest = RECONNECT_SECONDS
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_connection_parameters(), autocommit=True) as listening:
                    await listening.execute(f"LISTEN {wake.EVENTS}".encode())
                    pause = RECONNECT_SECONDS[0]
                    self._woken.set()
                    async for _ in listening.notifies():
                        self._woken.set()
            except psycopg.Error as error:
                logger.warning("the live feed is not woken by the database, and looks by itself: %s", error)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 (spreads reconnects, decides nothing)
            pause = min(pause * 2, longest)


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, Feed] = WeakKeyDictionary()


def feed() -> Feed:
    """The feed of the running event loop."""
    return _feeds.setdefault(asyncio.get_running_loop(), Feed())


def _connection_parameters() -> dict[str, Any]:
    given = connection.get_connection_params()
    return {name: value for name, value in given.items() if name not in {"cursor_factory", "context", "prepare_threshold"}}
