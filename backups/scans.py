"""The record of scans: asked for, running, done. Whoever holds the scanner's lock begins one: others which say they run are dead."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from backups.models import ExpectedBackupJob, Scan
from sentinel_site.lib import queue
from sentinel_site.lib.ids import uuid7

LOCK: Final = 0x53_454E_5443_414E
"""Of the whole database, as PostgreSQL's advisory locks are."""
_HELD: Final = """
SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND datname = current_database() AND classid = %s AND objid = %s
    AND pid = coalesce(%s, pid))
"""
_TABLE: Final = Scan._meta.db_table
_BEGIN: Final = f"""
WITH killed AS (
    UPDATE {_TABLE} SET finished_at = %(at)s, error = %(error)s, progress = '{{"what": "failed"}}'
    WHERE finished_at IS NULL AND progress->>'what' IS DISTINCT FROM %(waiting)s
), past AS (
    DELETE FROM {_TABLE} WHERE started_at < %(past)s AND finished_at IS NOT NULL
), asked AS (
    UPDATE {_TABLE} SET started_at = %(at)s, progress = '{{"what": "begin"}}'
    WHERE finished_at IS NULL AND progress->>'what' = %(waiting)s RETURNING id
), own AS (
    INSERT INTO {_TABLE} (id, trigger, started_at, progress, counts, error)
    SELECT %(id)s, %(trigger)s, %(at)s, '{{"what": "begin"}}', '{{}}', '' WHERE %(trigger)s <> '' AND NOT EXISTS (SELECT FROM asked)
    RETURNING id
)
SELECT id FROM asked UNION ALL SELECT id FROM own
"""  # noqa: S608  (names of our own)
"""One statement: two cores have nothing to do meanwhile."""
STOPPED: Final = "It was stopped before its end. The next scan makes up for it."
WAITING: Final = "waiting"
EVERY: Final = timedelta(minutes=15)
OVERDUE: Final = 2 * EVERY
KEEP: Final = timedelta(days=30)
SCHEDULE, ASKED, REPORT, WATCHDOG = "schedule", "asked", "report", "watchdog"


@dataclass(frozen=True, slots=True)
class Running:
    """The rows that one scan answers: its own, or those of all who had asked for one."""

    ids: tuple[UUID, ...]
    started_at: datetime

    def progress(self, what: str, done: int, of: int | None) -> None:
        """Say how far it is."""
        self._rows().update(progress={"what": what, "done": done, "of": of})

    def finish(self, counts: dict[str, Any], *, at: datetime, error: str = "") -> None:
        """It ended."""
        self._rows().update(finished_at=at, counts=counts, error=error[:500], progress={"what": "failed" if error else "done"})

    def _rows(self) -> QuerySet[Scan]:
        return Scan.objects.filter(pk__in=self.ids)


def waiting() -> QuerySet[Scan]:
    """Scans that were asked for and did not begin."""
    return Scan.objects.filter(finished_at__isnull=True, progress__what=WAITING)


def request(trigger: str, *, at: datetime) -> Scan:
    """Ask for a scan; a worker starts it. One that waits already answers this, too."""
    with transaction.atomic():
        scan = waiting().order_by("pk").first()
        if scan is None:
            scan = Scan.objects.create(trigger=trigger, started_at=at, progress={"what": WAITING})
        queue.enqueue("backups.tasks.scan")
        return scan


def begin(trigger: str, *, at: datetime) -> Running | None:
    """A scan begins, which answers all who wait for one. With no ``trigger`` only if somebody does.

    Call it with the scanner's lock. Scans that were killed are closed, and those that are long past forgotten.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, {"at": at, "trigger": trigger, "id": uuid7(), "error": STOPPED, "waiting": WAITING, "past": at - KEEP})
        ids = tuple(row[0] for row in cursor.fetchall())
    return Running(ids, at) if ids else None


def is_overdue(*, at: datetime) -> bool:
    """Whether an agent's backup is expected, no scan began for two intervals, and none runs, so that somebody else should start one."""
    expected = ExpectedBackupJob.objects.filter(is_active=True).exclude(agent_id_responsible="")
    recent = Scan.objects.filter(started_at__range=(at - OVERDUE, at + OVERDUE)).exclude(progress__what=WAITING)
    return not recent.exists() and expected.exists() and not is_running()


def is_running() -> bool:
    """Whether somebody holds the scanner's lock now."""
    return is_held_by(None)


def is_held_by(holder: int | None) -> bool:
    """Whether this process of PostgreSQL (None: any) holds the scanner's lock now. Any process of a scan may ask."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [LOCK >> 32, LOCK & 0xFFFF_FFFF, holder])
        row = cursor.fetchone()
    return bool(row and row[0])
