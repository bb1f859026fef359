"""One websocket's side of the hub: a bounded outbox that loses the oldest, and a short way past it for whoever keeps up."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from itertools import count
from typing import Final

from devices import frames
from sentinel_site.lib import wire

logger = logging.getLogger(__name__)
OUTBOX_LIMIT: Final = 8
DEVICES_LIMIT: Final = 10_000
Push = Callable[[bytes], bool]
End = Callable[[int], None]


class Said:
    """One text about one device, and the bytes of its websocket message, encoded once for everybody."""

    __slots__ = "message", "slot", "slug", "text"

    def __init__(self, slug: str, text: str) -> None:
        self.slug, self.text = slug, text
        self.slot = slug, frames.is_status(text)
        self.message = wire.text_message(text)

    @property
    def is_status(self) -> bool:
        """Whether it tells about the connection (else it has values)."""
        return self.slot[1]


class Viewer:
    """A websocket on one device. ``push`` writes a message at once if the peer takes it (see lib/wire.py); None: there is no such way.

    ``end`` closes the websocket with a code.
    """

    __slots__ = "_numbers", "_ready", "_texts", "device_id", "end", "push", "said_at", "slug", "waits", "waits_since"

    def __init__(self, *, device_id: int | None, slug: str, push: Push | None, end: End) -> None:
        self.device_id, self.slug, self.push, self.end = device_id, slug, push, end
        self.said_at = asyncio.get_running_loop().time()
        self.waits_since: float | None = None
        """Since when it has not taken what waits for it, by the loop's clock; None: nothing waits."""
        self._texts: dict[object, str] = {}
        self._numbers = count()
        self._ready = asyncio.Event()
        self.waits = True
        """Whether `hand` must go by the outbox: something waits or is being sent, or nobody takes yet."""

    def hand(self, said: Said, now: float) -> None:
        """Give it ``said``: at once if it takes it and nothing waits, else by the outbox. Never waits, never fails."""
        self.said_at = now
        try:
            pushed = not self.waits and self.push is not None and self.push(said.message)
        except Exception as error:  # one bad line must not cost the others their frame
            logger.warning("a frame could not be pushed: %s", error)
            pushed = False
        if not pushed:
            self.put(said, now)

    def put(self, said: Said, now: float) -> None:
        """Add ``said`` to the outbox; when that is full the oldest is lost."""
        slot, limit = self._slot(said)
        self._texts.pop(slot, None)
        if len(self._texts) >= limit:
            del self._texts[next(iter(self._texts))]
        self._texts[slot] = said.text
        if self.waits_since is None:
            self.waits_since = now
        self.waits = True
        self._ready.set()

    async def take(self) -> str:
        """The next text that waits, oldest first. Whoever takes sends it before taking again."""
        while not self._texts:
            self.waits, self.waits_since = False, None
            self._ready.clear()
            await self._ready.wait()
        self.waits_since = asyncio.get_running_loop().time()
        return self._texts.pop(next(iter(self._texts)))

    def welcome(self, known: Iterable[Said], now: float) -> None:
        """Put what is known; older than what waits already about the same device, it is needless."""
        for said in [each for each in known if not self._has_news(each.slug)]:
            self.put(Said(said.slug, frames.known(said.text)), now)

    def _has_news(self, slug: str) -> bool:
        return bool(self._texts)

    def _slot(self, said: Said) -> tuple[object, int]:
        return next(self._numbers), OUTBOX_LIMIT


class DevicesViewer(Viewer):
    """A websocket on all devices: of each, only the last frame and the last status wait."""

    __slots__ = ()

    def _slot(self, said: Said) -> tuple[object, int]:
        return said.slot, DEVICES_LIMIT

    def _has_news(self, slug: str) -> bool:
        return (slug, False) in self._texts or (slug, True) in self._texts
