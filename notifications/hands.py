"""Threads that work at once or not at all: there is no queue in front of them.

They are started when they are needed, end after a minute without work, and never keep the process from ending. Work that
takes long stops counting, so that one provider that hangs does not hold up the work for others; the number of threads
stays bounded all the same.
"""

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

IDLE_SECONDS: Final = 60.0
SLOW_SECONDS: Final = 2.0
THREADS_PER_HAND: Final = 3
CROWD: Final = 4
"""A destination crowds when one in so many hands waits for it, and the longest for CROWD_SECONDS."""
CROWD_SECONDS: Final = 0.5
Work = Callable[[], None]
logger = logging.getLogger(__name__)


class Hands:
    """``size`` pieces of work at once, not counting those that take long. Only one thread may give out work.

    ``freed`` is called, from the thread that did the work, each time a hand becomes free; ``ended``, from a thread that
    ends, so that it can close what it kept open. Work in hand for longer than ``slow_seconds`` takes long; a thread ends
    after ``idle_seconds`` without any.
    """

    def __init__(
        self, name: str, size: int, *, freed: Work, ended: Work = lambda: None, slow_seconds: float = SLOW_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:  # fmt: skip
        self._name, self._size, self._freed, self._ended = name, size, freed, ended
        self._slow_seconds, self._idle_seconds = slow_seconds, idle_seconds
        self._work: SimpleQueue[tuple[int, Work]] = SimpleQueue()
        self._quiet = threading.Condition()
        self._running: dict[int, tuple[float, str]] = {}
        self._threads = self._number = 0

    @property
    def free(self) -> int:
        """How many pieces of work can be begun at once."""
        slow = time.monotonic() - self._slow_seconds
        with self._quiet:
            counted = sum(since > slow for since, _ in self._running.values())
            return max(0, min(self._size - counted, self._size * THREADS_PER_HAND - len(self._running)))

    @property
    def busy(self) -> int:
        """How many pieces of work are in hand."""
        return len(self._running)

    def crowding(self, destination: str) -> float:
        """For how many seconds ``destination`` has not answered, when it has its share of the hands; else 0, as for no destination."""
        if not destination:
            return 0.0
        with self._quiet:
            waiting = [since for since, where in self._running.values() if where == destination]
        silent = time.monotonic() - min(waiting) if waiting else 0.0
        return silent if len(waiting) * CROWD >= self._size and silent >= min(CROWD_SECONDS, self._slow_seconds) else 0.0

    def take(self, work: Work, *, destination: str = "") -> None:
        """Begin ``work`` in a thread of its own. Raises RuntimeError when the machine has no thread left for it."""
        with self._quiet:
            self._number += 1
            self._running[self._number] = (time.monotonic(), destination)
            start = len(self._running) > self._threads
            self._threads += start
        if start:
            self._start(self._number)
        self._work.put((self._number, work))

    def close(self, timeout: float) -> bool:
        """Wait until nothing is in hand, at most ``timeout`` seconds. False: something still is."""
        with self._quiet:
            return self._quiet.wait_for(lambda: not self._running, timeout)

    def _start(self, number: int) -> None:
        try:
            threading.Thread(target=self._run, name=f"send-{self._name}", daemon=True).start()
        except RuntimeError:
            with self._quiet:
                self._threads -= 1
                del self._running[number]
            raise

    def _run(self) -> None:
        while True:
            try:
                number, work = self._work.get(timeout=self._idle_seconds)
            except Empty:
                with self._quiet:
                    if len(self._running) >= self._threads:
                        continue  # work was handed over this very moment
                    self._threads -= 1
                self._ended()
                return
            try:
                work()
            except Exception:
                logger.exception("a piece of work of %s failed", self._name)
            with self._quiet:
                del self._running[number]
                self._quiet.notify_all()
            self._freed()
