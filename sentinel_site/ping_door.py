"""The fast door for pings: in front of Django, everything that came in during the previous commits in one transaction.

Thousands of jobs ping at the full hour. What is asked and answered is the same as in backups/ping_views.py, which answers
what could not be stored together: one bad ping fails nobody else's.
"""

import logging
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone
from psycopg_pool import PoolTimeout

from backups import ping_wire, pings
from backups.ping_calls import Became, Call
from backups.ping_wire import PREFIXES, Answer, Asked
from sentinel_site.ingest import Application, Message, Receive, Send
from sentinel_site.lib.ends import Ends
from sentinel_site.lib.peers import address_of
from sentinel_site.lib.together import Together

__all__ = ["BODY_BYTES", "PREFIXES", "PingDoor", "both_ends"]
BODY_BYTES: Final = "sentinel.body"
"""Where our server says in the scope how long the body was of which it gives the ends."""
logger = logging.getLogger(__name__)


class PingDoor:
    """ASGI middleware, one instance per process."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner
        self._together: Together[Call, Became] = Together(work, name="pings")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a ping; pass everything else on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIXES):
            await self._inner(scope, receive, send)
            return
        ends = await _read(receive)
        if ends is None:
            return  # the sender went away before it had said everything
        call = ping_wire.read(_asked(scope, ends))
        if isinstance(call, Answer):
            await _send(call, scope, send)
            return
        became = await self._together.answer(call)
        if became is None:
            await self._inner(scope, _again(ends, receive), send)
        else:
            await _send(ping_wire.answer(scope["path"], became), scope, send)


def both_ends() -> Ends:
    """What takes up a ping's body."""
    return Ends(pings.HEAD_BYTES, pings.TAIL_BYTES)


def work(calls: Sequence[Call]) -> Sequence[Became | None]:
    """Store ``calls`` together. Runs in a thread; raises nothing of the database."""
    close_old_connections()
    try:
        return pings.take(calls)
    except (DatabaseError, PoolTimeout):
        logger.warning("%d pings could not be stored together; each is tried by itself", len(calls), exc_info=True)
        return [None] * len(calls)
    finally:
        close_old_connections()


def _asked(scope: MutableMapping[str, Any], ends: Ends) -> Asked:
    headers = dict(scope["headers"])
    forwarded, agent = (headers.get(name, b"").decode("latin-1") for name in (b"x-forwarded-for", b"user-agent"))
    return Asked(
        at=timezone.now(), method=scope["method"], path=scope["path"], query=scope.get("query_string", b"").decode("latin-1"),
        address=address_of(forwarded=forwarded if settings.SECURE_PROXY_SSL_HEADER else "", peer=(scope.get("client") or [""])[0]),
        agent=agent, head=ends.head, tail=ends.tail, size=max(ends.size, scope.get("extensions", {}).get(BODY_BYTES, 0)),
    )  # fmt: skip


async def _read(receive: Receive) -> Ends | None:
    """The ends of the body; None when it broke off."""
    ends = both_ends()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        ends.add(message.get("body", b""))
        if not message.get("more_body"):
            return ends


def _again(ends: Ends, receive: Receive) -> Receive:
    """A ``receive`` that first gives what was kept of the body."""
    waiting: list[Message] = [{"type": "http.request", "body": ends.head + ends.tail, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _send(answer: Answer, scope: MutableMapping[str, Any], send: Send) -> None:
    pairs = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.content))), *answer.headers]
    headers = [(name.lower().encode(), value.encode()) for name, value in pairs]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.content})
