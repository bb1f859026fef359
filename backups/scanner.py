"""The look at the agents' folders: collect what is reported, verify and store what it is about, decide, and put the reports away.

One scan at a time, wherever it runs: whoever scans holds an advisory lock on a connection of its own. A report leaves its place only
after its verdicts are committed, and a copy gets its name only when it is verified; so a scan that is killed anywhere is made good by the
next one, which finds the same reports, copies the same files to the same places, and decides nothing twice.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from psycopg.conninfo import make_conninfo

from backups import deposit, entries, findings, looking, matching, promotion, scans, store_alerts
from backups.deposit import Found
from backups.enums import BackupVerdict
from backups.looking import Places
from backups.matching import Work
from backups.models import ExpectedBackupJob
from backups.scans import Running
from backups.storage import RefusedError
from backups.verifying import Looked
from sentinel_site.lib import garbage, registry

BATCH: Final = 500
BATCH_BYTES: Final = 2 * 1024**3
FEW: Final = 4
"""So many are a batch at least, however large they are: they are read at the same time."""
SMALL: Final = 1024 * 1024
TOGETHER: Final = 16
"""So many small files of one folder are looked at by one thread, one after the other."""
SECOND: Final = 1.0
AT_ONCE: Final = timedelta(0)
logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]


class LockLostError(Exception):
    """The connection that held the scanner's lock is gone: somebody else may be scanning."""


def run(*, trigger: str = "", clock: Clock, settled: timedelta = AT_ONCE) -> dict[str, Any]:
    """Scan, and again as long as somebody asked for it meanwhile. Returns the counts of the last one.

    With no ``trigger`` only if somebody asked for one. What lies there counts as written ``settled`` earlier: for files known to be whole.

    While another one scans this returns at once: that one does what was asked for. Raises what made the scan fail; the Scan says it too.
    """
    counts: dict[str, Any] = {}
    while True:
        with lock() as held:
            if held is None:
                return counts or {"skipped": "another scan is running"}
            scan = scans.begin(trigger, at=clock())
            while scan is not None:
                counts = _one(scan, held, clock, settled)
                scan = scans.begin("", at=clock())
        if not scans.waiting().exists():  # whoever asked while the lock was still held went away, and trusts in us
            return counts


def _one(scan: Running, held: "psycopg.Connection[Any]", clock: Clock, settled: timedelta) -> dict[str, Any]:
    try:
        with garbage.seldom():
            counts = _Pass(scan, held, at=scan.started_at, settled=settled).run()
    except Exception as error:  # raised again; the scan's row says why it ended
        scan.finish({}, at=clock(), error=f"{type(error).__name__}: {error}")
        raise
    scan.finish(counts, at=clock())
    return counts


class _Pass:
    """One scan, from the first folder to the last report."""

    def __init__(self, scan: Running, held: "psycopg.Connection[Any]", *, at: datetime, settled: timedelta) -> None:
        self.scan, self.held, self.at = scan, held, at
        self.looks_at = at + settled
        self.counts: Counter[str] = Counter()
        self.left: Counter[int] = Counter()
        """Of each report, by its identity in memory: how much of it is still to be decided or stored."""
        self.problems: Mapping[str, int] = {}
        self.said_at = 0.0

    def run(self) -> dict[str, Any]:
        with deposit.root(settings.SENTINEL_BACKUP_DEPOSIT) as self.deposit:
            found = self._collect()
            good = [each for each in found if each.report is not None]
            matched = matching.match(good, at=self.at)
            self.left.update(id(work.found) for work in matched.works)
            self.counts.update(databases=len(matched.works), known=matched.known, superseded=matched.superseded)
            self.counts["unexpected"] = findings.unexpected(matched.unexpected, at=self.at)
            if matched.works:
                self._decide(matched.works)
            for each in found:
                if not self.left[id(each)]:
                    self._put_away(each)
            entries.checked(self._looked_for(), at=self.at)
        store_alerts.say(self.problems, at=self.at)
        return dict(sorted(self.counts.items()))

    def _collect(self) -> list[Found]:
        found: list[Found] = []
        for each in deposit.collect(self.deposit, at=self.looks_at):
            found.append(each)
            self._progress("collect", len(found), None)
        self.counts["reports"] = len(found)
        return found

    def _decide(self, works: list[Work]) -> None:
        """Write down batch after batch, while the next ones are looked at."""
        works.sort(key=lambda work: work.database.size or 0)
        done = 0
        with promotion.opened(settings.SENTINEL_BACKUP_STORE) as self.promotion:
            places = Places(self.deposit, self.promotion.copies, self.looks_at)
            batches = [list(_groups(batch)) for batch in _batches(works)]
            with looking.ahead(batches, places) as found:
                for looked in found:
                    self._settle(looked)
                    done += len(looked)
                    self._progress("verify", done, len(works))
            self.problems = self.promotion.problems

    def _settle(self, looked: Sequence[Looked]) -> None:
        """Give the verified copies their names, commit the verdicts, put the reports away: in this order."""
        self._hold()
        judged = [(each, each.verdict) for each in looked if each.verdict is not None and not _is_too_old(each)]
        places = self.promotion.promote([each for each, _ in judged])
        self._write([
            (each, (each.work.job.pk, findings.evidence(each, verdict, places.get(id(each)), at=self.at)))
            for each, verdict in judged if each.work.stored_for is None
        ])  # fmt: skip
        promotion.store_later({each.work.stored_for: places[id(each)] for each, _ in judged if each.work.stored_for and id(each) in places})
        for each in looked:
            self._count(each, stored=id(each) in places)

    def _hold(self) -> None:
        """Make sure that nobody else scans. Raises LockLostError."""
        try:
            self.held.execute("SELECT 1")
        except psycopg.Error as error:
            raise LockLostError("The database was gone for a moment, and with it the scanner's lock. The next scan goes on.") from error

    def _write(self, judged: Sequence[tuple[Looked, entries.Pair]]) -> None:
        """One fault in one of them must not keep the others from being decided: then each for itself, and what fails stays for later."""
        try:
            entries.decide_many([pair for _, pair in judged], checked_at=self.at)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("deciding %d backups one by one", len(judged))
            for looked, pair in judged:
                try:
                    entries.decide_many([pair], checked_at=self.at)
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
                findings.quarantine(self.deposit, found, at=self.at)
                self.counts["quarantined"] += 1
            self.counts["archived"] += deposit.archive(self.deposit, found)
        except (OSError, RefusedError) as error:
            logger.warning("the report %s of %s could not be put away: %s", found.name, found.agent, error)
            self.counts["errors"] += 1

    def _looked_for(self) -> list[Any]:
        """The jobs whose agent's folder was looked into, without those of which it is written already: what was decided says it as well."""
        known = set(deposit.agents(self.deposit))
        expected = ExpectedBackupJob.objects.filter(is_active=True).exclude(agent_id_responsible="")
        rows = expected.exclude(last_checked_at_utc__gte=self.at).values_list("pk", "agent_id_responsible")
        return [pk for pk, agent in rows if agent.casefold() in known]

    def _progress(self, what: str, done: int, of: int | None) -> None:
        """Say it, at most once a second."""
        if time.monotonic() - self.said_at >= SECOND:
            self.said_at = time.monotonic()
            registry.progress(what, done, of)
            self.scan.progress(what, done, of)


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


@contextmanager
def lock() -> Iterator["psycopg.Connection[Any] | None"]:
    """The scanner's lock, on a connection of its own; None while somebody else has it."""
    parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname", "sslmode") if parameters.get(name)}
    with psycopg.connect(make_conninfo("", **known), autocommit=True, connect_timeout=5) as held:
        row = held.execute("SELECT pg_try_advisory_lock(%s)", [scans.LOCK]).fetchone()
        try:
            yield held if row and row[0] else None
        finally:
            with suppress(psycopg.Error):  # at once: closing the connection gives it up a little later
                held.execute("SELECT pg_advisory_unlock_all()")
