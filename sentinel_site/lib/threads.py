"""Database work from an event loop."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

_P = ParamSpec("_P")
_R = TypeVar("_R")


def in_thread(function: Callable[_P, _R]) -> Callable[_P, Awaitable[_R]]:
    """``function``, to be awaited: it runs in a thread of its own, whose database connection is given back afterwards."""
    called: Callable[_P, Awaitable[_R]] = database_sync_to_async(function, thread_sensitive=False)
    return called
