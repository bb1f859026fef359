"""One part of a scan: the folders of some agents, from the first report to the last one put away. A small scan has one part alone.

A report leaves its place only after its verdicts are committed, and a copy gets its name only when it is verified; so a part that is
killed anywhere is made good by whoever looks at the same folders next, who finds the same reports, copies the same files to the same
places, and decides nothing twice.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.conf import settings
from django.db import InterfaceError, OperationalError

from backups import deposit, entries, findings, looking, matching, promotion, scans
from backups.deposit import Found
from backups.enums import BackupVerdict
from backups.looking import Batch, Places
from backups.matching import Work
from backups.promotion import Promotion
from backups.storage import Folder, RefusedError
from backups.verifying import Looked

BATCH: Final = 500
BATCH_BYTES: Final = 2 * 1024**3
FEW: Final = 4
"""So many are a batch at least, however large they are: they are read at the same time."""
SMALL: Final = 1024 * 1024
TOGETHER: Final = 16
"""So many small files of one folder are looked at by one thread, one after the other."""
logger = logging.getLogger(__name__)
Ahead = Callable[[Sequence[Batch], Places], AbstractContextManager[Iterator[list[Looked]]]]
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
    """What became of a part: its counts, and what kept copies from the store, how often."""

    counts: Mapping[str, int]
    problems: Mapping[str, int]


class Part:
    """The reports of these agents (by `deposit.key`; None: of all) in one scan."""

    def __init__(self, scope: Scope, agents: Collection[str] | None, say: Say) -> None:
        self.scope, self.agents, self.say = scope, agents, say
        self.counts: Counter[str] = Counter()
        self.left: Counter[int] = Counter()
        """Of each report, by its identity in memory: how much of it is still to be decided or stored."""
        self.problems: Mapping[str, int] = {}

    def run(self, *, ahead: Ahead = looking.ahead, store: Promotion | None = None) -> Done:
        """Look at everything. ``ahead`` says who reads the files; ``store``: it is open already, and others write into it as well."""
        at = self.scope.at
        found = self._collect()
        matched = matching.match([each for each in found if each.report is not None], at=at)
        self.left.update(id(work.found) for work in matched.works)
        self.counts.update(databases=len(matched.works), known=matched.known, superseded=matched.superseded)
        self.counts["unexpected"] = findings.unexpected(matched.unexpected, at=at)
        if matched.works:
            with nullcontext(store) if store else promotion.opened(settings.SENTINEL_BACKUP_STORE) as self.promotion:
                self._decide(matched.works, ahead)
                self.problems = self.promotion.problems
        for each in found:
            if not self.left[id(each)]:
                self._put_away(each)
        return Done(dict(self.counts), dict(self.problems))

    def _collect(self) -> list[Found]:
        found: list[Found] = []
        for each in deposit.collect(self.scope.deposit, at=self.scope.looks_at, only=self.agents):
            found.append(each)
            self.say("collect", len(found), None)
        self.counts["reports"] = len(found)
        return found

    def _decide(self, works: list[Work], ahead: Ahead) -> None:
        """Write down batch after batch, while the next ones are looked at."""
        works.sort(key=lambda work: work.database.size or 0)
        done = 0
        self.say("verify", done, len(works))
        places = Places(self.scope.deposit, self.promotion.copies, self.scope.looks_at)
        batches = [list(_groups(batch)) for batch in _batches(works)]
        with ahead(batches, places) as found:
            for looked in found:
                self._settle(looked)
                done += len(looked)
                self.say("verify", done, len(works))

    def _settle(self, looked: Sequence[Looked]) -> None:
        """Give the verified copies their names, commit the verdicts, put the reports away: in this order."""
        if not scans.is_held_by(self.scope.holder):
            raise LockLostError("The database was gone for a moment, and with it the scanner's lock. The next scan goes on.")
        judged = [(each, each.verdict) for each in looked if each.verdict is not None and not _is_too_old(each)]
        with self.promotion.alone(wanted=any(each.copy for each in looked)):
            places = self.promotion.promote([each for each, _ in judged])
            self._write([
                (each, (each.work.job.pk, findings.evidence(each, verdict, places.get(id(each)), at=self.scope.at)))
                for each, verdict in judged if each.work.stored_for is None
            ])  # fmt: skip
            late = [each for each, _ in judged if each.work.stored_for and id(each) in places]
            promotion.store_later({each.work.stored_for: places[id(each)] for each in late if each.work.stored_for})
        for each in looked:
            self._count(each, stored=id(each) in places)

    def _write(self, judged: Sequence[tuple[Looked, entries.Pair]]) -> None:
        """One fault in one of them must not keep the others from being decided: then each for itself, and what fails stays for later."""
        try:
            entries.decide_many([pair for _, pair in judged], checked_at=self.scope.at)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("deciding %d backups one by one", len(judged))
            for looked, pair in judged:
                try:
                    entries.decide_many([pair], checked_at=self.scope.at)
                except Exception:
                    logger.exception("a report of %s could not be decided; it stays where it is", looked.work.found.agent)
                    self.counts["errors"] += 1
                    self.left[id(looked.work.found)] += 1

    def _count(self, looked: Looked, *, stored: bool) -> None:
        """What became of it, and whether its report is done with."""
        self.counts["bytes"] += (looked.size or 0) if looked.digest else 0
        if looked.verdict is None:
            self.counts["waiting"] += 1
            return
        self.counts["too_old" if _is_too_old(looked) else str(looked.verdict)] += 1
        if findings.should_be_stored(looked) and not stored:
            self.counts["not_stored"] += 1
            return
        self.left[id(looked.work.found)] -= 1

    def _put_away(self, found: Found) -> None:
        try:
            if found.fault:
                findings.quarantine(self.scope.deposit, found, at=self.scope.at)
                self.counts["quarantined"] += 1
            self.counts["archived"] += deposit.archive(self.scope.deposit, found)
        except (OSError, RefusedError) as error:
            logger.warning("the report %s of %s could not be put away: %s", found.name, found.agent, error)
            self.counts["errors"] += 1


def _is_too_old(looked: Looked) -> bool:
    """Whether it is bad news about a run that is long past: its file may have made room for others since."""
    return looked.work.stale and looked.verdict != BackupVerdict.SUCCESS


def _batches(works: Sequence[Work]) -> Iterator[list[Work]]:
    """The works in their order, so many at once that verdicts are not kept waiting for long."""
    batch: list[Work] = []
    size = 0
    for work in works:
        batch.append(work)
        size += work.database.size or 0
        if len(batch) >= BATCH or (size >= BATCH_BYTES and len(batch) >= FEW):
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _groups(batch: Sequence[Work]) -> Iterator[list[Work]]:
    """The works of a batch as threads take them (looking.py): a few small files of one folder, or one that is large or of unknown size."""
    small: dict[str, list[Work]] = {}
    for work in batch:
        if not 0 < (work.database.size or 0) <= SMALL:
            yield [work]
            continue
        group = small.setdefault(work.found.folder, [])
        group.append(work)
        if len(group) >= TOGETHER:
            yield small.pop(work.found.folder)
    yield from small.values()
