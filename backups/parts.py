"""One part of a scan: shares of the agents' folders, from the first report to the last one put away. A small scan is one part.

A report leaves its place only after its verdicts are committed, and a copy gets its name only when it is verified; so a part that is
killed anywhere is made good by whoever looks at the same folders next, who finds the same reports, copies the same files to the same
places, and decides nothing twice.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple

from django.conf import settings
from django.db import InterfaceError, OperationalError

from backups import deposit, entries, findings, looking, matching, promotion, scans
from backups.deposit import Found, Place
from backups.enums import BackupVerdict
from backups.matching import Work
from backups.promotion import Promotion, Store
from backups.storage import Folder, RefusedError
from backups.verifying import LARGE, Looked, Places

GROUP: Final = 500
"""Reports about so many databases are read, and so many files looked at, one step after the other: few enough to be at hand still."""
BATCH: Final = 1000
"""So many are decided at once, or of so many bytes: verdicts are not kept waiting for long."""
BATCH_BYTES: Final = 2 * 1024**3
FEW: Final = 4
"""So many are looked at together at least, however large they are: they are read at the same time."""
logger = logging.getLogger(__name__)
Say = Callable[[str, int, int | None], None]


class LockLostError(Exception):
    """The connection that held the scanner's lock is gone: somebody else may be scanning."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a scan is about. ``holder``: the process of PostgreSQL that holds the scanner's lock for it.

    ``at`` is the scan's clock; what was written ``looks_at`` less a while is not judged to be bad yet.
    """

    deposit: Folder
    holder: int
    at: datetime
    looks_at: datetime


class Done(NamedTuple):
    """What became of a part: its counts, what kept copies from the store, how often, and the agents all of whose jobs were decided."""

    counts: Mapping[str, int]
    problems: Mapping[str, int]
    agents: frozenset[str]


@dataclass(slots=True)
class _Open:
    """A report of which something is left to be decided or stored. ``is_whole``: it is about each of its agent's jobs."""

    found: Found
    left: int
    is_whole: bool


_Judged = tuple[int, entries.Read]
"""What is to be decided, and of which report: its identity in memory."""


class Part:
    """The reports in these shares of the agents, each with its places, in one scan; a share is asked for when there is room for more."""

    def __init__(self, scope: Scope, shares: Iterable[Sequence[Sequence[Place]]], say: Say) -> None:
        self.scope, self.shares, self.say = scope, shares, say
        self.counts: Counter[str] = Counter(databases=0, known=0, superseded=0, bytes=0, unexpected=0, reports=0)
        self.problems: Mapping[str, int] = {}
        self._open: dict[int, _Open] = {}
        """By the identity of their reports in memory; and of those, how much is about to be decided."""
        self._closing: Counter[int] = Counter()
        self._replaced: list[Found] = []
        """Reports of which nothing is left, by newer ones that are not decided yet: they are put away in the end."""
        self._judged: list[_Judged] = []
        self._copied: list[Looked] = []
        self._bytes = 0
        self._agents: set[str] = set()
        self._are_all = False

    def run(self, store: Store | None = None) -> Done:
        """Look at everything. ``store``: it is open already, and somebody else writes into it as well."""
        groups = self._groups()
        first = next(groups, None)
        if first is not None:
            with nullcontext(store) if store else promotion.opened(settings.SENTINEL_BACKUP_STORE) as opened:
                self.promotion = Promotion(opened)
                self._decide(chain([first], groups))
                self.problems = self.promotion.problems
        for each in self._replaced:
            self._put_away(each)
        return Done(dict(self.counts), dict(self.problems), frozenset(self._agents))

    def _groups(self) -> Iterator[list[Work]]:
        """What is to be looked at together: the small files of some reports, report after report.

        In the end all that are large, or of unknown size: who waits for others does not wait for them.
        """
        large: list[Work] = []
        for found in chain.from_iterable(map(self._collected, self.shares)):
            small: list[Work] = []
            for work in self._matched(found):
                (small if _size(work) < LARGE else large).append(work)
            yield from _cut(small)
        self._are_all = True
        self._settle()  # nobody waits for the large ones
        large.sort(key=_size)
        yield from _cut(large)

    def _collected(self, share: Sequence[Sequence[Place]]) -> Iterator[list[Found]]:
        """The reports there, some at a time; all of one agent together."""
        found: list[Found] = []
        size = 0
        for places in share:
            for each in deposit.collect(self.scope.deposit, places, at=self.scope.looks_at, refused=self._refused):
                found.append(each)
                size += len(each.report.databases) + 1 if each.report else 1
                self.counts["reports"] += 1
                if not self.counts["databases"]:
                    self.say("collect", self.counts["reports"], None)
            if size >= GROUP:
                yield found
                found, size = [], 0
        if found:
            yield found

    def _refused(self, place: Place) -> None:
        logger.warning("Let Sentinel's user read %s in the deposit; as long as it may not, nothing is reported there", "/".join(place))
        self.counts["errors"] += 1

    def _matched(self, found: Sequence[Found]) -> list[Work]:
        """What is left to do about these reports."""
        matched = matching.match([each for each in found if each.report is not None], at=self.scope.at)
        self.counts.update(databases=len(matched.works), known=matched.known, superseded=matched.superseded)
        self.counts["unexpected"] += findings.unexpected(matched.unexpected, at=self.scope.at)
        left = Counter([id(work.found) for work in matched.works])
        for each in found:
            each.report = None  # its works have it as long as they need it
            if left[id(each)]:
                self._open[id(each)] = _Open(each, left[id(each)], id(each) in matched.whole)
            elif id(each) in matched.replaced:
                self._replaced.append(each)
            else:
                self._put_away(each)
        return matched.works

    def _decide(self, groups: Iterable[Sequence[Work]]) -> None:
        """Judge group after group, while the next one is looked at, and write down what is a batch."""
        done = 0
        with looking.ahead(groups, Places(self.scope.deposit, self.promotion.copies, self.scope.looks_at)) as found:
            for looked in found:
                self._judge(looked)
                done += len(looked)
                if self._are_all or len(self._judged) + len(self._copied) >= BATCH or self._bytes >= BATCH_BYTES:
                    self._settle()
                self.say("verify", done, self.counts["databases"] if self._are_all else None)
            self._settle()

    def _judge(self, looked: Sequence[Looked]) -> None:
        """What each of them comes to; that of copies is known when they are in the store."""
        counts = self.counts
        for each in looked:
            work = each.work
            if each.digest:
                self._bytes += each.size or 0
            if each.verdict is None:
                counts["waiting"] += 1
            elif work.stale and each.verdict != BackupVerdict.SUCCESS:  # its file may have made room for others since
                counts["too_old"] += 1
                self._closing[id(work.found)] += 1
            else:
                counts[str(each.verdict)] += 1
                if work.stored_for is not None or findings.should_be_stored(each):
                    self._copied.append(each)
                else:
                    self._judged.append((id(work.found), (work.job, findings.evidence(each, each.verdict, None, at=self.scope.at))))
                    self._closing[id(work.found)] += 1

    def _settle(self) -> None:
        """Give the verified copies their names, and commit the verdicts: in this order. Reports that are done with are put away."""
        judged, copied = self._judged, self._copied
        if judged or copied:
            self._judged, self._copied = [], []
            self._commit(judged, copied)
        self._close()

    def _commit(self, judged: list[_Judged], copied: Sequence[Looked]) -> None:
        with self.promotion.alone(wanted=any(each.copy for each in copied)):
            if not scans.is_held_by(self.scope.holder):
                raise LockLostError("The database was gone for a moment, and with it the scanner's lock. The next scan goes on.")
            places = self.promotion.promote(copied)
            for each in copied:
                if each.work.stored_for is None and each.verdict is not None:
                    evidence = findings.evidence(each, each.verdict, places.get(id(each)), at=self.scope.at)
                    judged.append((id(each.work.found), (each.work.job, evidence)))
            self._write(judged)
            late = [each for each in copied if each.work.stored_for and id(each) in places]
            promotion.store_later({each.work.stored_for: places[id(each)] for each in late if each.work.stored_for})
        stored = [each for each in copied if id(each) in places or not findings.should_be_stored(each)]
        self.counts["not_stored"] += len(copied) - len(stored)
        self._closing.update(id(each.work.found) for each in stored)

    def _write(self, judged: Sequence[_Judged]) -> None:
        """One fault in one of them must not keep the others from being decided: then each for itself, and what fails stays for later."""
        try:
            entries.decide_read([pair for _, pair in judged], checked_at=self.scope.at)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("deciding %d backups one by one", len(judged))
            for key, (job, evidence) in judged:
                try:
                    entries.decide_many([(job.pk, evidence)], checked_at=self.scope.at)
                except (OperationalError, InterfaceError):  # the turn may be gone as well
                    raise
                except Exception:
                    report = self._open[key]
                    logger.exception("a report of %s could not be decided; it stays where it is", report.found.agent)
                    self.counts["errors"] += 1
                    report.left += 1

    def _close(self) -> None:
        """Put away the reports of which nothing is left."""
        self.counts["bytes"] += self._bytes
        self._bytes = 0
        for key, count in self._closing.items():
            report = self._open[key]
            report.left -= count
            if not report.left:
                del self._open[key]
                self._put_away(report.found)
                if report.is_whole:
                    self._agents.add(report.found.folder)
        self._closing.clear()

    def _put_away(self, found: Found) -> None:
        try:
            if found.fault:
                findings.quarantine(self.scope.deposit, found, at=self.scope.at)
                self.counts["quarantined"] += 1
            self.counts["archived"] += deposit.archive(self.scope.deposit, found)
        except (OSError, RefusedError) as error:
            logger.warning("the report %s of %s could not be put away: %s", found.name, found.agent, error)
            self.counts["errors"] += 1


def _size(work: Work) -> float:
    """In bytes, as it is said; unknown ones are the largest."""
    return float("inf") if work.database.size is None else work.database.size


def _cut(works: Sequence[Work]) -> Iterator[list[Work]]:
    """The works in their order; never so many, nor so large together, that verdicts are kept waiting for long."""
    group: list[Work] = []
    size = 0
    for work in works:
        group.append(work)
        size += work.database.size or 0
        if len(group) >= GROUP or (size >= BATCH_BYTES and len(group) >= FEW):
            yield group
            group, size = [], 0
    if group:
        yield group
