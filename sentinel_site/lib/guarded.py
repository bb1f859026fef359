"""Websockets that only some may read: who may is asked at the beginning and again and again; they go one way, from us.

The scope gives ``identify`` (an async callable: the user as of now), ``credential`` (what identifies them: equal ones are the same
person with the same right), ``refused`` (a close code or None) and ``subprotocol`` (to be accepted or None); see sentinel_site/sockets.py.
"""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar, Final

from channels.generic.websocket import AsyncWebsocketConsumer

from sentinel_site.lib.threads import in_thread

NO_LOGIN: Final = 4401
NOT_ALLOWED: Final = 4403
UNKNOWN: Final = 4404
TOO_SLOW: Final = 4408
TOO_MANY: Final = 4429
SOCKETS_PER_USER: Final = 20
"""Of one kind."""

logger = logging.getLogger(__name__)
_open: Counter[tuple[str, int]] = Counter()
_Asked = tuple[asyncio.AbstractEventLoop, Any, str]
_asking: dict[_Asked, "asyncio.Task[tuple[int | None, Any]]"] = {}


class GuardedConsumer(AsyncWebsocketConsumer):
    """Accepts, so that the client can see why it is closed; then serves it (`serve`) or closes it."""

    channel_layer_alias = None
    permission: ClassVar[str]
    recheck_seconds = 30.0
    _serving: asyncio.Task[None] | None = None

    async def serve(self) -> int | None:
        """Serve until it ends (`guard` says when it must). Returns the close code; an error closes without one: the client comes back."""
        raise NotImplementedError

    async def connect(self) -> None:
        """Serve whoever may read; close others."""
        self._told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await self.accept(self.scope["subprotocol"])
        code = await self.refusal()
        if code is None:
            self._serving = asyncio.create_task(self._serve())
        else:
            await self.close(code)

    async def disconnect(self, code: int) -> None:
        """Stop serving."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """What clients say is ignored."""

    async def refusal(self) -> int | None:
        """The close code for who is there now, or None when they may read. Equal credentials that ask at once are asked about once."""
        if self.scope["refused"] is not None:
            return int(self.scope["refused"])
        asked = asyncio.get_running_loop(), self.scope["credential"], self.permission
        if asked not in _asking:
            _asking[asked] = asyncio.create_task(self._ask())
            _asking[asked].add_done_callback(lambda _: _asking.pop(asked, None))
        code, self.user_id = await asyncio.shield(_asking[asked])
        return code

    def end(self, code: int) -> None:
        """Have `guard` end it with ``code``."""
        if not self._told.done():
            self._told.set_result(code)

    async def guard(self) -> int:
        """Ask again and again whether the reader may still read. Returns the close code once it may not, or was told to `end`."""
        while True:
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._told), self._until_recheck())
            code = await self.refusal()
            if code is not None:
                return code

    def _until_recheck(self) -> float:
        """Sockets of one credential ask at the same instant, and so only once; different ones are spread over the time."""
        period = self.recheck_seconds
        phase = hash(self.scope["credential"]) % 1024 / 1024 * period
        return period - (time.monotonic() - phase) % period

    async def _ask(self) -> tuple[int | None, Any]:
        user = await self.scope["identify"]()
        if not user.is_authenticated:
            return NO_LOGIN, None
        allowed = await in_thread(user.has_perm)(self.permission)
        return None if allowed else NOT_ALLOWED, user.pk

    async def _serve(self) -> None:
        place = self.permission, self.user_id
        if _open[place] >= SOCKETS_PER_USER:
            await self.close(TOO_MANY)
            return
        _open[place] += 1
        code = None
        try:
            code = await self.serve()
        except Exception as error:  # the client comes back by itself
            logger.warning("a reader of %s was cut off: %s", self.scope["path"], error)
        finally:
            _open[place] -= 1
            if not _open[place]:
                del _open[place]
        await self.close(code)


class UnknownConsumer(AsyncWebsocketConsumer):
    """Every other websocket path: accepted, so that the client can see the code, and closed."""

    channel_layer_alias = None

    async def connect(self) -> None:
        """Close with "unknown"."""
        await self.accept()
        await self.close(UNKNOWN)
