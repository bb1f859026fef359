"""The websockets of the live feed and of walls. Who is there was found out before, by the composition (``scope``), or is a wall."""

import asyncio
import json
import logging
from typing import Any
from urllib.parse import parse_qs

from django.utils import timezone

from alerts import describe, live, wall_talk, walls
from sentinel_site.lib.guarded import NO_LOGIN, TOO_MANY, TOO_SLOW, GuardedConsumer
from sentinel_site.lib.racing import first
from sentinel_site.lib.threads import in_thread

logger = logging.getLogger(__name__)


class AlertsConsumer(GuardedConsumer):
    """``/ws/alerts/?since=<id>``: hello, the events missed since then, then events as they happen; see api.md."""

    permission = "alerts.view_alert"
    heartbeat_seconds = 5.0

    async def serve(self) -> int:
        """Serve until the client is too slow or no longer allowed."""
        async with live.feed().subscribed() as (outbox, upto):
            return await first(self._write(outbox, upto), _too_slow(outbox), self.guard())

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

    async def _say(self, content: dict[str, Any]) -> None:
        await self.send(json.dumps(content))


class WallConsumer(GuardedConsumer):
    """``/live/wall/socket``: the wall as it is, whole, whenever something changed, and a sign of life in between; see api.md.

    A wall's token lets in, or whatever lets read alerts. Without news from the database nothing is said: silence means an outage.
    """

    permission = "alerts.view_alert"
    look_seconds = 3.0
    rest_seconds = 1.0
    """The least time between two looks at the alerts, however many change."""

    async def connect(self) -> None:
        """Walls are told apart by their token. Beside a key it counts for nothing: who brings one may come from any other site's page."""
        self.token = wall_talk.token_in(self.scope) if self.scope["credential"][0] != "key" else ""
        self.address = wall_talk.address_in(self.scope)
        self.scope["credential"] = ("wall", self.token, self.scope["credential"])
        await super().connect()

    async def serve(self) -> int:
        """Serve until the wall is revoked, or its reader no longer allowed."""
        async with live.feed().hinted() as hint:
            return await first(self._show(hint), self.guard())

    async def _show(self, hint: live.Hint) -> int:
        talk, changed = wall_talk.Talk(self.user_id, language=wall_talk.language_in(self.scope)), True
        while True:
            try:
                said = await in_thread(talk.next)(changed, at=timezone.now())
            except wall_talk.AWAY as error:
                logger.warning("a wall has no news: %s", error)
            else:
                if said is None:
                    return NO_LOGIN
                await self.send(said)
            await asyncio.sleep(self.rest_seconds)
            changed = await hint.wait(seconds=self.look_seconds - self.rest_seconds)

    async def _ask(self) -> tuple[int | None, Any]:
        if self.token:
            try:
                wall = await in_thread(walls.of_token)(self.token, address=self.address, at=timezone.now())
            except walls.TooManyTries:
                return TOO_MANY, None
            if wall is not None:
                return None, wall.pk
        return await super()._ask()


async def _too_slow(outbox: live.Outbox) -> int:
    await outbox.overflowed.wait()
    return TOO_SLOW


def _since(scope: dict[str, Any]) -> int | None:
    """The last event the client has seen; None when it names none, -1 (which cannot be continued) for a wrong one."""
    given = parse_qs(scope["query_string"].decode("latin-1")).get("since")
    if not given:
        return None
    return int(given[-1]) if given[-1].isascii() and given[-1].isdigit() and len(given[-1]) < 19 else -1
