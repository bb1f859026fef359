"""Threads that work at once or not at all: there is no queue in front of them.

They are started when they are needed, end after a minute without work, and never keep the process from ending.
"""

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

IDLE_SECONDS: Final = 60
Work = Callable[[], None]
logger = logging.getLogger(__name__)


class Hands:
    """At most ``size`` threads. The caller takes no more work than ``free`` says; only one thread may take.

    ``freed`` is called, from the thread that did the work, each time a hand becomes free.
    """

    def __init__(self, name: str, size: int, *, freed: Work) -> None:
        self._name, self._size, self._freed = name, size, freed
        self._work: SimpleQueue[Work] = SimpleQueue()
        self._lock = threading.Lock()
        self._quiet = threading.Condition(self._lock)
        self._threads = self._busy = 0

    @property
    def free(self) -> int:
        """How many pieces of work can be begun at once."""
        return self._size - self._busy

    @property
    def busy(self) -> int:
        """How many pieces of work are in hand."""
        return self._busy

    def take(self, work: Work) -> None:
        """Begin ``work`` in a thread of its own."""
        with self._lock:
            self._busy += 1
            start = self._busy > self._threads
            self._threads += start
        self._work.put(work)
        if start:
            threading.Thread(target=self._run, name=f"send-{self._name}", daemon=True).start()

    def close(self, timeout: float) -> bool:
        """Wait until nothing is in hand, at most ``timeout`` seconds. False: something still is."""
        until = time.monotonic() + timeout
        with self._quiet:
            while self._busy:
                left = until - time.monotonic()
                if left <= 0 or not self._quiet.wait(left):
                    return self._busy == 0
        return True

    def _run(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._busy >= self._threads:
                        continue  # work was handed over this very moment
                    self._threads -= 1
                return
            try:
                work()
            except Exception:
                logger.exception("a piece of work of %s failed", self._name)
            with self._lock:
                self._busy -= 1
                self._quiet.notify_all()
            self._freed()
