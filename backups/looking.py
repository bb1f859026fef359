"""Looking at staged files, batch after batch: what lies in memory is read at once, one after the other, as fast as a core can.

What a disk has to bring, what is large, and what is copied is read by threads, while the batch before is decided.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from backups import verifying
from backups.matching import Work
from backups.verifying import Looked, Places

THREADS: Final = 8
"""Most of them wait for the disk; large files are read by a few at once (verifying.py)."""
SMALL: Final = 1024 * 1024
AHEAD, AHEAD_BYTES = 1000, 2 * 1024**3
"""While so many files, or so much, is waited for, no more is begun."""
TOGETHER: Final = 16
"""So many small files of one folder are looked at by one thread, one after the other."""


@contextmanager
def ahead(batches: Iterable[Sequence[Work]], places: Places, *, threads: int = THREADS) -> Iterator[Iterator[list[Looked]]]:
    """What is found about each batch, as soon as all of it is, while the next ones are looked at. Leave it, and nothing more is read."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield _ahead(batches, places, pool)
        finally:
            places.stop.set()
            pool.shutdown(cancel_futures=True)


def _ahead(batches: Iterable[Sequence[Work]], places: Places, pool: ThreadPoolExecutor) -> Generator[list[Looked], None, None]:
    waiting: deque[_Begun] = deque()
    for batch in batches:
        begun = _Begun(batch, places, pool)
        if begun.is_over:
            yield begun.ended()
            continue
        waiting.append(begun)
        while waiting and (waiting[0].is_over or _are_many(waiting)):
            yield waiting.popleft().ended()
    while waiting:
        yield waiting.popleft().ended()


def _are_many(waiting: Iterable["_Begun"]) -> bool:
    return sum(each.files for each in waiting) > AHEAD or sum(each.bytes for each in waiting) > AHEAD_BYTES


class _Begun:
    """A batch of which everything is looked at already, or is about to be."""

    def __init__(self, batch: Sequence[Work], places: Places, pool: ThreadPoolExecutor) -> None:
        self.files, self.bytes = len(batch), sum(work.database.size or 0 for work in batch)
        self._looked: list[Looked] = []
        self._started: list[Future[list[Looked]]] = []
        for group in _groups(batch):
            looked, left = verifying.glance(group, places)
            self._looked += looked
            for first in range(0, len(left), TOGETHER):
                self._started.append(pool.submit(verifying.look, left[first : first + TOGETHER], places))

    @property
    def is_over(self) -> bool:
        """Whether nothing has to be waited for."""
        return all(each.done() for each in self._started)

    def ended(self) -> list[Looked]:
        """All that was found, as soon as it is; no order is kept."""
        for each in self._started:
            self._looked += each.result()
        return self._looked


def _groups(batch: Sequence[Work]) -> Iterator[list[Work]]:
    """The works of a batch: the small files of one folder, or one that is large or of unknown size."""
    small: dict[str, list[Work]] = {}
    for work in batch:
        if 0 < (work.database.size or 0) <= SMALL:
            small.setdefault(work.found.folder, []).append(work)
        else:
            yield [work]
    yield from small.values()
