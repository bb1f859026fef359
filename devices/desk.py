"""Blocking work of an event loop (the database's), in a few threads of its own.

Daemon threads: a database that hangs keeps the process from ending in time as little as it keeps the loop from going on.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections, connections

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Desk:
    """``size`` threads that do what they are given, in order. Each keeps its connection, and gives it up after an error."""

    def __init__(self, name: str, size: int) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(size)]
        for thread in self._threads:
            thread.start()

    async def do(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """What ``function`` returns or raises. Cancelled, it is not waited for, but what has begun is done to its end."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_R] = loop.create_future()
        self._jobs.put((loop, done, lambda: function(*args, **kwargs)))
        return await done

    def close(self) -> None:
        """Let the threads end after what they have in hand. Waits for nothing."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            loop, done, call = job
            if not done.cancelled():
                self._settle(loop, done, call)
            del job, done, call  # or the last answer is kept for as long as the thread is idle
        connections.close_all()

    def _settle(self, loop: asyncio.AbstractEventLoop, done: "asyncio.Future[Any]", call: Callable[[], Any]) -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = call()
        except Exception as raised:
            error = raised
            close_old_connections()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_tell, done, result, error)


def _tell(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
