"""The websocket of the live feed. Who is there was found out before, by the composition (``scope``)."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from alerts import describe, live

NO_LOGIN: Final = 4401
NOT_ALLOWED: Final = 4403
UNKNOWN: Final = 4404
TOO_SLOW: Final = 4408
TOO_MANY: Final = 4429
SOCKETS_PER_USER: Final = 20

logger = logging.getLogger(__name__)
_open: Counter[int] = Counter()


class AlertsConsumer(AsyncWebsocketConsumer):
    """``/ws/alerts/?since=<id>``: hello, the events missed since then, then events as they happen; see api.md.

    The scope gives ``identify`` (an async callable: the user as of now), ``refused`` (a close code or None) and
    ``subprotocol`` (to be accepted or None).
    """

    channel_layer_alias = None
    heartbeat_seconds = 5.0
    recheck_seconds = 30.0
    _serving: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accept, so that the client can see why it is closed; then serve it or close it."""
        await self.accept(self.scope["subprotocol"])
        code = await self._refusal()
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
        """The feed goes one way: what clients say is ignored."""

    async def _refusal(self) -> int | None:
        """The close code for who is there now, or None when they may read the feed."""
        if self.scope["refused"] is not None:
            return int(self.scope["refused"])
        user = self._user = await self.scope["identify"]()
        if not user.is_authenticated:
            return NO_LOGIN
        return None if await database_sync_to_async(user.has_perm, thread_sensitive=False)("alerts.view_alert") else NOT_ALLOWED

    async def _serve(self) -> None:
        user_id = self._user.pk
        if _open[user_id] >= SOCKETS_PER_USER:
            await self.close(TOO_MANY)
            return
        _open[user_id] += 1
        try:
            code = await self._until_it_ends()
        finally:
            _open[user_id] -= 1
        await self.close(code)

    async def _until_it_ends(self) -> int | None:
        """Serve until the client is too slow or no longer allowed. Returns the close code, None after a failure."""
        async with live.feed().subscribed() as (outbox, upto):
            try:
                return await _first(self._write(outbox, upto), _too_slow(outbox), self._guard())
            except Exception as error:  # the client comes back by itself
                logger.warning("a reader of the live feed was cut off: %s", error)
                return None

    async def _write(self, outbox: live.Outbox, upto: int) -> int:
        await self._say({"type": "hello", "last_event_id": upto})
        since = _since(self.scope)
        if since is not None:
            async for text in live.missed(since, upto):
                await self.send(text)
        while True:
            texts = await outbox.take(seconds=self.heartbeat_seconds)
            for text in texts:
                await self.send(text)
            if not texts:
                await self._say({"type": "heartbeat", "sent_at": describe.instant(timezone.now())})

    async def _guard(self) -> int:
        """Ask again and again whether the reader may still read. Returns the close code once it may not."""
        while True:
            await asyncio.sleep(self.recheck_seconds)
            code = await self._refusal()
            if code is not None:
                return code

    async def _say(self, content: dict[str, Any]) -> None:
        await self.send(json.dumps(content))


class UnknownConsumer(AsyncWebsocketConsumer):
    """Every other websocket path: accepted, so that the client can see the code, and closed."""

    channel_layer_alias = None

    async def connect(self) -> None:
        """Close with "unknown"."""
        await self.accept()
        await self.close(UNKNOWN)


async def _first(*works: Coroutine[Any, Any, int]) -> int:
    """Do all of them at once until one is done; its result, or its error. The others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _too_slow(outbox: live.Outbox) -> int:
    await outbox.overflowed.wait()
    return TOO_SLOW


def _since(scope: dict[str, Any]) -> int | None:
    """The last event the client has seen; None when it names none, -1 (which cannot be continued) for a wrong one."""
    given = parse_qs(scope["query_string"].decode("latin-1")).get("since")
    if not given:
        return None
    return int(given[-1]) if given[-1].isascii() and given[-1].isdigit() and len(given[-1]) < 19 else -1
