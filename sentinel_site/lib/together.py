"""What many ask for at once, done in one go: a transaction costs one wait for the disk, however much it holds."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Generic, TypeVar

MOST: Final = 500
WRITERS: Final = 2
"""Transactions under way at once: one is built while the other waits for the disk."""
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
logger = logging.getLogger(__name__)


class Together(Generic[_Item, _Answer]):
    """Gives free threads everything that waits, at most MOST items each. One per process: its state is the event loop's, without locks.

    ``work`` runs in a thread and answers in the order of its items, None where somebody else has to answer.
    """

    def __init__(self, work: Callable[[Sequence[_Item]], Sequence[_Answer | None]], *, name: str) -> None:
        self._work = work
        self._waiting: list[tuple[_Item, asyncio.Future[_Answer | None]]] = []
        self._running = 0
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix=name)

    async def answer(self, item: _Item) -> _Answer | None:
        """What ``work`` answers to ``item``; None also when it failed, which is logged."""
        future: asyncio.Future[_Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._start()
        return await future

    def _start(self) -> None:
        while self._waiting and self._running < WRITERS:
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            self._running += 1
            done = asyncio.get_running_loop().run_in_executor(self._threads, self._work, [item for item, _ in taken])
            done.add_done_callback(partial(self._finish, [future for _, future in taken]))

    def _finish(
        self, futures: "Sequence[asyncio.Future[_Answer | None]]", done: "asyncio.Future[Sequence[_Answer | None]]"
    ) -> None:  # fmt: skip
        self._running -= 1
        error = done.exception()
        if error is not None:
            logger.error("what came in together failed and is answered one by one", exc_info=error)
        for future, answer in zip(futures, [None] * len(futures) if error else done.result(), strict=True):
            if not future.done():
                future.set_result(answer)
        self._start()
