"""How many pings may come: of one job, and wrong ones from one address. Counted in the process, as there is one that takes pings."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

BURST: Final = 60
REFILL: Final = timedelta(seconds=2)
"""After a burst a job may ping once in so long; beyond that its pings are refused with 429 and stored nowhere."""
MAX_WRONG: Final = 30
"""So many pings to nothing from one address in WINDOW, then 429 instead of 404. A right ping is never refused for it."""
WINDOW: Final = timedelta(minutes=1)
MAX_KEPT: Final = 50_000


class Bursts:
    """A bucket for each key that was seen: BURST at once, then one each REFILL."""

    def __init__(self) -> None:
        self._full_at: dict[Hashable, datetime] = {}
        self._lock = Lock()

    def allows(self, key: Hashable, *, at: datetime) -> bool:
        """Whether one more may come now. A key that was never seen may."""
        with self._lock:
            full_at = self._full_at.get(key)
        return full_at is None or full_at - at <= (BURST - 1) * REFILL

    def count(self, key: Hashable, *, at: datetime) -> None:
        """One came."""
        with self._lock:
            if len(self._full_at) >= MAX_KEPT:
                self._full_at = {each: full_at for each, full_at in self._full_at.items() if full_at > at}
            self._full_at[key] = max(self._full_at.get(key, at), at) + REFILL

    def forget(self) -> None:
        """Every bucket is full."""
        with self._lock:
            self._full_at.clear()


class Guesses:
    """Counts what is wrong, by where it came from, in windows of WINDOW."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, int]] = {}
        self._lock = Lock()

    def count(self, address: str, *, at: datetime) -> int:
        """One more came from ``address``; how many came since its window began."""
        with self._lock:
            began, count = self._seen.get(address, (at, 0))
            if at - began >= WINDOW:
                began, count = at, 0
            if len(self._seen) >= MAX_KEPT:
                self._seen.clear()
            self._seen[address] = began, count + 1
        return count + 1

    def forget(self) -> None:
        """Nobody guessed."""
        with self._lock:
            self._seen.clear()
