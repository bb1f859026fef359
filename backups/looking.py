"""Looking at staged files in a process beside the scan's: one core reads and hashes while the other decides.

It is forked with the works in its memory and answers in their order through a pipe, which holds it back when nobody takes the answers.
It touches no database; but it holds the scan's connections open, so that the scanner's lock outlives a scan that is killed until this
process is gone as well, which it is at once. What it does not answer is looked at by the scan itself.
"""

import logging
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple

from backups import verifying
from backups.matching import Work
from backups.storage import Folder
from backups.verifying import Looked
from sentinel_site.lib import parents

THREADS: Final = 8
"""Most of them wait for the disk; large files are read by a few at once (verifying.py)."""
Batch = Sequence[Sequence[Work]]
"""What is decided together, in the groups that threads take: works whose files lie in one folder."""
_fork: Final = multiprocessing.get_context("fork")
logger = logging.getLogger(__name__)


class Places(NamedTuple):
    """The deposit, and where copies are made; None: nowhere. ``at`` is the scan's clock."""

    deposit: Folder
    copies: Folder | None
    at: datetime


@contextmanager
def ahead(batches: Sequence[Batch], places: Places) -> Iterator[Iterator[list[Looked]]]:
    """What is found about each batch, one after the other; the next ones are looked at meanwhile. Leave it, and nothing more is read."""
    answers, answering = _fork.Pipe(duplex=False)
    process = _fork.Process(target=_serve, args=(batches, places, answers, answering, os.getpid()), daemon=True)
    try:
        with suppress(OSError):  # without it nothing is answered, and the scan looks itself
            process.start()
        answering.close()
        yield _taken(batches, places, answers)
    finally:
        answers.close()
        if process.pid is not None:
            process.kill()
            process.join()


def here(batches: Iterable[Batch], places: Places) -> Iterator[list[Looked]]:
    """The same in threads of this process, the next batch already while the last one is taken."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: list[Future[list[Looked]]] = []
        for batch in [*batches, []]:
            started = [pool.submit(verifying.look, group, places.deposit, places.copies, at=places.at) for group in batch]
            if waiting:
                yield [each for future in waiting for each in future.result()]
            waiting = started


def _serve(batches: Sequence[Batch], places: Places, answers: Connection, answering: Connection, parent: int) -> None:
    """The other process, from its beginning to its end."""
    parents.die_with(parent)
    answers.close()
    for looked in here(batches, places):
        answering.send([each.said() for each in looked])


def _taken(batches: Sequence[Batch], places: Places, answers: Connection) -> Iterator[list[Looked]]:
    for number, batch in enumerate(batches):
        try:
            said: list[tuple[Any, ...]] = answers.recv()
        except (EOFError, OSError):
            logger.warning("the process that looked at files is gone; the scan looks itself")
            yield from here(batches[number:], places)
            return
        works = (work for group in batch for work in group)
        yield [Looked(work, *each) for work, each in zip(works, said, strict=True)]
