"""One part of a scan: the folders of some agents, from the first report to the last one put away. A small scan is one part.

A report leaves its place only after its verdicts are committed, and a copy gets its name only when it is verified; so a part that is
killed anywhere is made good by whoever looks at the same folders next, who finds the same reports, copies the same files to the same
places, and decides nothing twice.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.conf import settings
from django.db import InterfaceError, OperationalError

from backups import deposit, entries, findings, looking, matching, promotion, scans
from backups.deposit import Found
from backups.enums import BackupVerdict
from backups.matching import Work
from backups.promotion import Promotion, Store
from backups.storage import Folder, RefusedError
from backups.verifying import Looked, Places

BATCH: Final = 1000
BATCH_BYTES: Final = 2 * 1024**3
FEW: Final = 4
"""So many are a batch at least, however large they are: they are read at the same time."""
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

    def run(self, store: Store | None = None) -> Done:
        """Look at everything. ``store``: it is open already, and somebody else writes into it as well."""
        at = self.scope.at
        found = self._collect()
        matched = matching.match([each for each in found if each.report is not None], at=at)
        self.left.update(id(work.found) for work in matched.works)
        self.counts.update(databases=len(matched.works), known=matched.known, superseded=matched.superseded, bytes=0)
        self.counts["unexpected"] = findings.unexpected(matched.unexpected, at=at)
        if matched.works:
            with nullcontext(store) if store else promotion.opened(settings.SENTINEL_BACKUP_STORE) as opened:
                self.promotion = Promotion(opened)
                self._decide(matched.works)
                self.problems = self.promotion.problems
        for each in found:
            if not self.left[id(each)]:
                self._put_away(each)
        return Done(dict(self.counts), dict(self.problems))

    def _collect(self) -> list[Found]:
        found: list[Found] = []
        for each in deposit.collect(self.scope.deposit, at=self.scope.looks_at, only=self.agents, refused=self._refused):
            found.append(each)
            self.say("collect", len(found), None)
        self.counts["reports"] = len(found)
        return found

    def _refused(self, place: tuple[str, str]) -> None:
        logger.warning("Let Sentinel's user read %s in the deposit; as long as it may not, nothing is reported there", "/".join(place))
        self.counts["errors"] += 1

    def _decide(self, works: list[Work]) -> None:
        """Write down batch after batch, while the next one is looked at; the small ones first."""
        works.sort(key=lambda work: work.database.size or 0)
        done = 0
        self.say("verify", done, len(works))
        with looking.ahead(_batches(works), Places(self.scope.deposit, self.promotion.copies, self.scope.looks_at)) as found:
            for looked in found:
                self._settle(looked)
                done += len(looked)
                self.say("verify", done, len(works))

    def _settle(self, looked: Sequence[Looked]) -> None:
        """Give the verified copies their names, and commit the verdicts: in this order."""
        judged = [(each, each.verdict) for each in looked if each.verdict is not None and not _is_too_old(each)]
        with self.promotion.alone(wanted=any(each.copy for each in looked)):
            if not scans.is_held_by(self.scope.holder):
                raise LockLostError("The database was gone for a moment, and with it the scanner's lock. The next scan goes on.")
            places = self.promotion.promote([each for each, _ in judged])
            self._write([
                (each, (each.work.job.pk, findings.evidence(each, verdict, places.get(id(each)), at=self.scope.at)))
                for each, verdict in judged if each.work.stored_for is None
            ])  # fmt: skip
            late = [each for each, _ in judged if each.work.stored_for and id(each) in places]
            promotion.store_later({each.work.stored_for: places[id(each)] for each in late if each.work.stored_for})
        self._count(looked, places)

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

    def _count(self, looked: Sequence[Looked], places: Mapping[int, str]) -> None:
        """What became of each, and which reports are done with."""
        counts, left = self.counts, self.left
        for each in looked:
            if each.digest:
                counts["bytes"] += each.size or 0
            if each.verdict is None:
                counts["waiting"] += 1
                continue
            counts["too_old" if _is_too_old(each) else str(each.verdict)] += 1
            if findings.should_be_stored(each) and id(each) not in places:
                counts["not_stored"] += 1
            else:
                left[id(each.work.found)] -= 1

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
