"""The live fan-out of a web process: what arrives once is handed to every websocket that looks at that device.

One hub per event loop, subscribed once for all devices while anybody looks (and a little longer, for pages that are loaded again).
"""

import asyncio
import logging
import os
import platform
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final
from weakref import WeakKeyDictionary

from django.utils import timezone

from devices import frames, known, viewers
from devices.listening import listen
from devices.viewing import OUTBOX_LIMIT, Said, Viewer
from sentinel_site.lib.guarded import TOO_SLOW, UNKNOWN
from sentinel_site.lib.threads import in_thread

LINGER_SECONDS: Final = 30.0
"""How long the hub stays subscribed after the last viewer left."""
EACH_SECONDS: Final = 1.0
"""Between two frames of one device to those who look at all devices."""
HEARTBEAT_SECONDS: Final = 10.0
STUCK_SECONDS: Final = 40.0
"""A websocket that has taken nothing for so long is closed; the server's ping usually finds it sooner."""
TEND_SECONDS: Final = 2.5
ROWS_PAUSE_SECONDS: Final = 0.25
"""Between two writes of who looks: a thousand who come at once are a few statements."""

logger = logging.getLogger(__name__)


class LocalHub:
    """Who looks at what in this process, and what they get. ``everything`` are those who look at all devices."""

    def __init__(self) -> None:
        self.process = f"{platform.node()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._viewers: dict[str, set[Viewer]] = {}
        self._everything: set[Viewer] = set()
        self._known = known.Known()
        self._arrived: dict[str, deque[Said]] = {}
        self._paced: dict[str, dict[tuple[str, bool], Said]] = {}
        self._something, self._changed = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._empty_since = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    # --- who looks ---
    @asynccontextmanager
    async def watching(self, viewer: Viewer) -> AsyncIterator[None]:
        """``viewer`` gets the last thing known at once, and then everything about its device (all devices, if it has none) as it comes."""
        self._start()
        group = self._group(viewer)
        group.add(viewer)
        self._changed.set()
        try:
            await self._welcome(viewer)
            yield
        finally:
            group.discard(viewer)
            if viewer.device_id is not None and not group:
                self._viewers.pop(viewer.slug, None)
            self._empty_since = self._loop.time()
            self._changed.set()

    def _group(self, viewer: Viewer) -> set[Viewer]:
        return self._everything if viewer.device_id is None else self._viewers.setdefault(viewer.slug, set())

    async def _welcome(self, viewer: Viewer) -> None:
        """Give ``viewer`` the last thing known; of a device of which something newer arrived meanwhile, only that."""
        now = self._loop.time()
        heard = self._known.lately(now) if viewer.device_id is None else {viewer.slug: self._known.of(viewer.slug, now)}
        if viewer.device_id is None or all(said.is_status for said in heard[viewer.slug]):
            heard = known.merged(await self._stored(viewer), heard)
        viewer.welcome([said for each in heard.values() for said in each], self._loop.time())

    async def _stored(self, viewer: Viewer) -> dict[str, list[Said]]:
        try:
            return await in_thread(known.stored)(at=timezone.now(), device_id=viewer.device_id)
        except Exception as error:  # the next frame comes anyway
            logger.warning("the last frames cannot be read: %s", error)
            return {}

    def _all(self) -> list[Viewer]:
        return [*self._everything, *(viewer for group in self._viewers.values() for viewer in group)]

    # --- frames ---
    def _arrive(self, slug: str, text: str) -> None:
        """Something was published. When the process falls behind, of each device the oldest is lost."""
        self._arrived.setdefault(slug, deque(maxlen=OUTBOX_LIMIT)).append(Said(slug, text))
        self._something.set()

    async def _hand_on(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._arrived:
                slug = next(iter(self._arrived))
                waiting = self._arrived.pop(slug)
                self._hand(waiting.popleft())
                if waiting:
                    self._arrived[slug] = waiting
                await asyncio.sleep(0)

    def _hand(self, said: Said) -> None:
        now = self._loop.time()
        self._known.hear(said, now)
        for viewer in self._viewers.get(said.slug, ()):
            viewer.hand(said, now)
        if self._everything:
            self._pace(said)

    def _pace(self, said: Said) -> None:
        """Hand ``said`` to those who look at all devices, EACH_SECONDS after the last about this device at the soonest."""
        waiting = self._paced.get(said.slug)
        if waiting is None:
            self._paced[said.slug] = {}
            self._loop.call_later(EACH_SECONDS, self._paced_out, said.slug)
            self._hand_to_everything(said)
        else:
            waiting.pop(said.slot, None)
            waiting[said.slot] = said

    def _paced_out(self, slug: str) -> None:
        waiting = self._paced.pop(slug, {})
        if waiting:
            self._paced[slug] = {}
            self._loop.call_later(EACH_SECONDS, self._paced_out, slug)
        for said in waiting.values():
            self._hand_to_everything(said)

    def _hand_to_everything(self, said: Said) -> None:
        now = self._loop.time()
        for viewer in self._everything:
            viewer.hand(said, now)

    # --- upkeep ---
    def _start(self) -> None:
        if not self._tasks or any(task.done() for task in self._tasks):
            self._stop()
            works = (listen(self._arrive), self._hand_on(), self._tend(), self._keep_rows())
            self._tasks = [asyncio.create_task(work) for work in works]

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self._known.forget()
        self._arrived.clear()

    async def _tend(self) -> None:
        """Beat for those to whom nothing was said, close those who are stuck, and stop when nobody came back."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            now, viewing = self._loop.time(), self._all()
            beat = Said("", frames.encode_heartbeat(timezone.now()))
            for viewer in viewing:
                if viewer.waits_since is not None and now - viewer.waits_since > STUCK_SECONDS:
                    viewer.end(TOO_SLOW)
                elif not viewer.waits and now - viewer.said_at > HEARTBEAT_SECONDS:
                    viewer.hand(beat, now)
            if not viewing and now - self._empty_since > LINGER_SECONDS:
                self._stop()

    async def _keep_rows(self) -> None:
        """Keep the database told who looks: when that changes, and now and then."""
        told: dict[int, int] = {}
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), viewers.RENEW_SECONDS)
            self._changed.clear()
            try:
                told = await self._tell(told)
            except Exception as error:  # the database may be away: say it all again when it is back
                logger.warning("it cannot be said who looks at devices: %s", error)
                told = {-1: 0}
                self._loop.call_later(1.0, self._changed.set)
            await asyncio.sleep(ROWS_PAUSE_SECONDS)

    async def _tell(self, told: Mapping[int, int]) -> dict[int, int]:
        """Write who looks, if it is not what was ``told``; else renew it. Viewers of a device that is gone by now are closed."""
        looking = dict(Counter(viewer.device_id for viewer in self._all() if viewer.device_id is not None))
        if looking != told:
            await in_thread(viewers.write)(self.process, looking, at=timezone.now())
        if looking:
            slugs = await in_thread(viewers.renew)(self.process, at=timezone.now())
            if looking.keys() - slugs.keys():  # deleted, or run out while this process slept
                await in_thread(viewers.write)(self.process, looking, at=timezone.now())
                slugs = await in_thread(viewers.renew)(self.process, at=timezone.now())
            for viewer in self._all():
                if viewer.device_id in looking and slugs.get(viewer.device_id) != viewer.slug:
                    viewer.end(UNKNOWN)
        return looking


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, LocalHub] = WeakKeyDictionary()


def hub() -> LocalHub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = LocalHub()
    return _hubs[loop]
