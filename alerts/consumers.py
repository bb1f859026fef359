"""The websocket of the live feed. Who is there was found out before, by the composition (``scope``)."""

import json
from typing import Any
from urllib.parse import parse_qs

from django.utils import timezone

from alerts import describe, live
from sentinel_site.lib.guarded import TOO_SLOW, GuardedConsumer
from sentinel_site.lib.racing import first


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


async def _too_slow(outbox: live.Outbox) -> int:
    await outbox.overflowed.wait()
    return TOO_SLOW


def _since(scope: dict[str, Any]) -> int | None:
    """The last event the client has seen; None when it names none, -1 (which cannot be continued) for a wrong one."""
    given = parse_qs(scope["query_string"].decode("latin-1")).get("since")
    if not given:
        return None
    return int(given[-1]) if given[-1].isascii() and given[-1].isdigit() and len(given[-1]) < 19 else -1
