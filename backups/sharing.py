"""A large scan, shared among processes: each has some agents' folders, so that every core reads, decides and writes.

They are forked by the scan and end with it. Each has a connection of its own; but they hold the scan's open as well, so that the
scanner's lock outlives a scan that is killed until they are gone, which they are at once. What one of them does not finish, because it
was killed, is looked at by the scan itself. A small scan is not shared.
"""

import heapq
import logging
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connections

from backups import deposit, looking, promotion
from backups.looking import Batch, Places
from backups.parts import Done, Part, Say, Scope
from backups.promotion import Promotion
from backups.verifying import Looked
from sentinel_site.lib import parents

REPORTS: Final = 40
"""A scan of fewer is done before it were shared."""
PROCESSES: Final = min(2, os.cpu_count() or 1)
"""PostgreSQL works for each of them at the same time; and each takes some 25 MiB as long as the scan runs."""
SECONDS: Final = 0.5
"""Between two messages about progress."""
_fork: Final = multiprocessing.get_context("fork")
logger = logging.getLogger(__name__)


class PartFailedError(Exception):
    """What made a part of the scan fail, in words."""


def run(scope: Scope, say: Say) -> Done:
    """The whole scan, shared if it is large. Raises what made it fail."""
    shares = split(deposit.waiting(scope.deposit), reports=REPORTS, processes=PROCESSES)
    if len(shares) < 2:
        return Part(scope, None, say).run()
    with promotion.opened(settings.SENTINEL_BACKUP_STORE) as store, tempfile.TemporaryFile(dir=settings.DATA_DIR) as turn:
        store.turn = turn.fileno()
        return _joined(_shared(shares, scope, store, say))


def split(waiting: Mapping[str, int], *, reports: int, processes: int) -> list[frozenset[str]]:
    """The agents in shares for ``processes``, with about as many reports each; one share if fewer than ``reports`` are ``waiting``."""
    busy = {agent: count for agent, count in waiting.items() if count}
    count = min(processes, len(busy)) if sum(busy.values()) >= reports else 1
    shares: list[tuple[int, int, list[str]]] = [(0, number, []) for number in range(max(1, count))]
    for agent in sorted(busy, key=lambda each: (-busy[each], each)):
        load, number, agents = shares[0]
        agents.append(agent)
        heapq.heapreplace(shares, (load + busy[agent], number, agents))
    return [frozenset(agents) for _, _, agents in shares]


class _Beside(NamedTuple):
    """A process with its share."""

    agents: frozenset[str]
    process: BaseProcess
    answers: Connection


def _shared(shares: Sequence[frozenset[str]], scope: Scope, store: Promotion, say: Say) -> list[Done]:
    beside: list[_Beside] = []
    try:
        with suppress(OSError):  # those which cannot be started do nothing
            for agents in shares:
                beside.append(_start(agents, scope, store))
        done = _listen(beside, say)
    finally:
        for each in beside:
            each.answers.close()
            each.process.kill()
            each.process.join()
    left = [agents for agents in shares if agents not in done]
    if left:
        logger.warning("%d of the scan's %d processes are gone; the scan does their work itself", len(left), len(shares))
    return [*done.values(), *(Part(scope, agents, say).run(store=store) for agents in left)]


def _start(agents: frozenset[str], scope: Scope, store: Promotion) -> _Beside:
    answers, answering = _fork.Pipe(duplex=False)
    process = _fork.Process(target=_serve, args=(agents, scope, store, answering, os.getpid()), daemon=True)
    process.start()
    answering.close()
    return _Beside(agents, process, answers)


def _listen(beside: Sequence[_Beside], say: Say) -> dict[frozenset[str], Done]:
    """What they did, without those which are gone. Raises PartFailedError as soon as one of them fails."""
    done: dict[frozenset[str], Done] = {}
    waiting = {each.answers: each.agents for each in beside}
    far: dict[frozenset[str], tuple[str, int, int | None]] = {each.agents: ("collect", 0, None) for each in beside}
    while waiting:
        ready = wait(list(waiting))
        for answers, agents in [(each, agents) for each, agents in waiting.items() if each in ready]:
            try:
                said: Any = answers.recv()
            except (EOFError, OSError):
                del waiting[answers]
                continue
            if isinstance(said, str):
                raise PartFailedError(said)
            if isinstance(said, Done):
                done[agents] = said
                far[agents] = "verify", (of := said.counts.get("databases", 0)), of
            else:
                far[agents] = said
                say(*_sum(far.values()))
    return done


def _sum(far: Collection[tuple[str, int, int | None]]) -> tuple[str, int, int | None]:
    """How far they are together; as long as one collects it is not known how much there is."""
    if any(what == "collect" for what, _, _ in far):
        return "collect", sum(done for what, done, _ in far if what == "collect"), None
    return "verify", sum(done for _, done, _ in far), sum(of or 0 for _, _, of in far)


def _joined(done: Sequence[Done]) -> Done:
    counts, problems = Counter[str](), Counter[str]()
    for each in done:
        counts.update(each.counts)
        problems.update(each.problems)
    return Done(counts, problems)


def _serve(agents: frozenset[str], scope: Scope, store: Promotion, answering: Connection, parent: int) -> None:
    """One of the processes, from its beginning to its end."""
    parents.die_with(parent)
    parents.own_connections()
    try:
        answering.send(Part(scope, agents, _Telling(answering)).run(ahead=_here, store=store))
    except Exception as error:
        logger.exception("a part of the scan failed")
        answering.send(f"{type(error).__name__}: {error}")
    finally:
        connections.close_all()


def _here(batches: Sequence[Batch], places: Places) -> AbstractContextManager[Iterator[list[Looked]]]:
    """The files are read by threads of the same process: the other cores have work of their own."""
    return closing(looking.here(batches, places, threads=max(2, looking.THREADS // PROCESSES)))


class _Telling:
    """Tells the scan how far a part of it is."""

    def __init__(self, answering: Connection) -> None:
        self._answering, self._told_at = answering, 0.0

    def __call__(self, what: str, done: int, of: int | None) -> None:
        if time.monotonic() - self._told_at >= SECONDS:
            self._told_at = time.monotonic()
            self._answering.send((what, done, of))
