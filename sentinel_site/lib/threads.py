"""Database work from an event loop."""

from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import ThreadSensitiveContext
from channels.db import database_sync_to_async
from django.db import connections

_P = ParamSpec("_P")
_R = TypeVar("_R")


def in_thread(function: Callable[_P, _R]) -> Callable[_P, Awaitable[_R]]:
    """``function``, to be awaited: it runs in a thread of its own, whose database connection is given back afterwards."""
    called: Callable[_P, Awaitable[_R]] = database_sync_to_async(function, thread_sensitive=False)
    return called


class OwnThread:
    """ASGI middleware: what a request does in a thread it does in one of its own, whose last act is to give its connection back.

    Django gives it back at the end of an answer, but not when one breaks off, nor when a request is cut off whose view still
    works. Each of those would take a connection from the pool until the server is started again.
    """

    def __init__(self, inner: Callable[..., Awaitable[None]]) -> None:
        self._inner = inner

    async def __call__(self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Pass the request on."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self._inner(scope, receive, send)
        finally:
            thread.submit(connections.close_all)
            thread.shutdown(wait=False)
