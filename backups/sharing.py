"""A large scan, shared among processes: all take agents' folders, some at a time, so that several cores read, decide and write.

What is taken is large at first and small in the end, so that all are done at the same time, however busy their cores are with others.

The other processes are forked by the scan and end with it. Each has a connection of its own; but it holds the scan's open as well, so
that the scanner's lock outlives a scan that is killed until the others are gone, which they are at once. What one of them does not
finish, because it was killed, is looked at by the scan itself. A small scan is not shared.
"""

import gc
import logging
import mmap
import multiprocessing
import os
import struct
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from multiprocessing.connection import Connection
from typing import Any, Final

from django.conf import settings
from django.db import connections

from backups import deposit, promotion
from backups.deposit import Place
from backups.parts import Done, Part, Say, Scope
from backups.promotion import Store
from sentinel_site.lib import parents

REPORTS: Final = 40
"""A scan of fewer is done before it were shared."""
LARGEST, SMALLEST = 4, 20
"""Nobody takes more than a quarter of the agents that are left, nor less than a twentieth of all: many small batches cost more."""
SECOND: Final = 1.0
PATIENCE: Final = 10.0
"""Seconds that another process may take to end after it has answered."""
_UNKNOWN: Final = -1
_FAR: Final = struct.Struct("qqq")
_fork: Final = multiprocessing.get_context("fork")
logger = logging.getLogger(__name__)
Far = tuple[str, int, int | None]
Share = Sequence[Sequence[Place]]
"""Agents, each with its places."""


class PartFailedError(Exception):
    """What made another process's part of the scan fail, in words."""


@contextmanager
def ran(scope: Scope, agents: Share, say: Say) -> Iterator[Done]:
    """The whole scan, shared if it is large, is done within; on leaving no process of it is left. Raises what made it fail."""
    others = settings.SENTINEL_SCAN_PROCESSES - 1
    if not others or len(agents) < 2 or not deposit.are_many(scope.deposit, chain.from_iterable(agents), reports=REPORTS):
        yield Part(scope, [agents], say).run()
        return
    with promotion.opened(settings.SENTINEL_BACKUP_STORE) as opened, _Shares(agents) as shares:
        store = opened._replace(shared=True)
        with _begun(others, shares, scope, store) as beside:

            def told(*far: Any) -> None:
                say(*_sum([far, *(each.far.read() for each in beside)]))

            ours = Part(scope, shares, told).run(store)
            of = ours.counts["databases"]
            done = [ours, *(each.done(lambda: told("verify", of, of)) for each in beside)]
            if None in done:
                logger.warning("a process of the scan is gone; the scan does its work itself")
                done.append(Part(scope, shares.of_others(), say).run(store))
            yield _joined([each for each in done if each is not None])


class _Shares:
    """The shares of a scan, each for whichever process asks for one first: a pipe gives each of its bytes to one reader."""

    def __init__(self, agents: Share) -> None:
        self._shares = list(_cut(agents))
        self._mine: set[int] = set()

    def __enter__(self) -> "_Shares":
        self._reading, writing = os.pipe()
        with open(writing, "wb") as numbers:  # closed: who asks when nothing is left is told so
            numbers.write(bytes(range(len(self._shares))))
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._reading)

    def __iter__(self) -> Iterator[Share]:
        while number := os.read(self._reading, 1):
            self._mine.add(number[0])
            yield self._shares[number[0]]

    def of_others(self) -> list[Share]:
        """All that this process did not take."""
        return [share for number, share in enumerate(self._shares) if number not in self._mine]


def _cut(agents: Share) -> Iterator[Share]:
    """The shares, the large ones first; no agent is in two of them, and there are fewer than a byte can number."""
    least, taken = -(-len(agents) // SMALLEST), 0
    while taken < len(agents):
        size = max(least, (len(agents) - taken) // LARGEST)
        yield agents[taken : taken + size]
        taken += size


class _Shown:
    """How far another process is, in memory that both see: nobody waits for anybody to say it or to read it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FAR.size)

    def __call__(self, what: str, done: int, of: int | None) -> None:
        _FAR.pack_into(self._memory, 0, what == "verify", done, _UNKNOWN if of is None else of)

    def read(self) -> Far:
        verifies, done, of = _FAR.unpack_from(self._memory, 0)
        return ("verify" if verifies else "collect", done, None if of == _UNKNOWN or not verifies else of)


class _Other:
    """Another process."""

    def __init__(self, shares: _Shares, scope: Scope, store: Store) -> None:
        self.far, self._answered = _Shown(), False
        self._answers, answering = _fork.Pipe(duplex=False)
        self._process = _fork.Process(target=_serve, args=(shares, scope, store, self.far, answering, os.getpid()), daemon=True)
        with suppress(OSError, AssertionError):  # a daemon may have no children; nothing is answered then, and the scan does its work
            self._process.start()
        answering.close()

    def done(self, waiting: Callable[[], None]) -> Done | None:
        """What it did, when it has ended; None: it was killed. ``waiting`` is called now and then. Raises PartFailedError."""
        while not self._answers.poll(SECOND):
            waiting()
        try:
            said: Done | str = self._answers.recv()
        except (EOFError, OSError):
            return None
        self._answered = True
        if isinstance(said, str):
            raise PartFailedError(said)
        return said

    def end(self) -> None:
        self._answers.close()
        if self._process.pid is not None:
            if self._answered:  # it takes its leave of the database
                self._process.join(PATIENCE)
            self._process.kill()
            self._process.join()


@contextmanager
def _begun(others: int, shares: _Shares, scope: Scope, store: Store) -> Iterator[list[_Other]]:
    """So many processes that take shares as well, until they are left."""
    begun: list[_Other] = []
    try:
        for _ in range(others):
            begun.append(_Other(shares, scope, store))
        yield begun
    finally:
        for each in begun:
            each.end()


def _serve(shares: _Shares, scope: Scope, store: Store, far: _Shown, answering: Connection, parent: int) -> None:
    """Another process, from its beginning to its end."""
    parents.die_with(parent)
    parents.own_connections()
    gc.freeze()  # looking for garbage among what it shares with the scan would copy all of it
    try:
        with scope.deposit.again() as own:  # what is left of a listing would be shared
            answering.send(Part(replace(scope, deposit=own), shares, far).run(store))
    except Exception as error:
        logger.exception("a part of the scan failed")
        answering.send(f"{type(error).__name__}: {error}")
    finally:
        connections.close_all()


def _joined(done: Sequence[Done]) -> Done:
    """What all of them did."""
    counts, problems = (_summed([getattr(each, name) for each in done]) for name in ("counts", "problems"))
    return Done(counts, problems, frozenset[str]().union(*(each.agents for each in done)))


def _summed(numbers: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The sums by name; what is 0 stays."""
    return {name: sum(each.get(name, 0) for each in numbers) for name in dict.fromkeys(chain.from_iterable(numbers))}


def _sum(far: Collection[Far]) -> Far:
    """How far all are together; how much there is in all is not known before all know it of theirs."""
    if all(what == "collect" for what, _, _ in far):
        return "collect", sum(done for _, done, _ in far), None
    known = [of for _, _, of in far if of is not None]
    return "verify", sum(done for what, done, _ in far if what == "verify"), sum(known) if len(known) == len(far) else None
