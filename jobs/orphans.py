"""Runs whose process died without a word: found by their silence, declared orphaned, and what is left of their work is ended."""

import contextlib
import os
import platform
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, Value

from jobs import runs
from jobs.enums import JobKind, RunStatus
from jobs.models import JobRun
from jobs.work import MARK

SILENT: Final = timedelta(seconds=45)
"""No sign of life for so long, where one is written every 10 s."""
SETTLING: Final = timedelta(seconds=20)
"""After a gap between two looks: the clock was put forward, the machine slept, or the database was away, and nobody could write."""
LONGEST_GAP: Final = timedelta(seconds=20)


class Watch:
    """Looks for orphans again and again, and judges nobody right after it could not look itself."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None
        self._settled_at: datetime | None = None

    def look(self, *, at: datetime) -> int:
        """`sweep`, if looks came regularly of late. Returns how many runs were orphaned."""
        regular = self._looked_at is not None and timedelta(0) <= at - self._looked_at <= LONGEST_GAP
        if not regular or self._settled_at is None:
            self._settled_at = at + SETTLING
        self._looked_at = at
        return sweep(at=at, silent_for=SILENT) if at >= self._settled_at else 0


def sweep(*, at: datetime, silent_for: timedelta) -> int:
    """Orphan every run that gave no sign of life for ``silent_for``, and external ones after their time-out. Returns how many.

    Nobody is judged while the database itself is up for less than that: signs of life could not be written before.
    """
    silent = JobRun.objects.filter(status=RunStatus.RUNNING, beat_at__lt=at - silent_for).exclude(job__kind=JobKind.EXTERNAL)
    found = [(run_id, worker, at - silent_for) for run_id, worker in silent.values_list("pk", "worker")]
    if found and not _database_was_up(since=at - silent_for):
        found = []
    orphaned = [run_id for run_id, worker, since in found if _orphan(run_id, worker, since, at=at)]
    return len(orphaned) + _external(at=at)


def end_leftovers(run_id: UUID) -> int:
    """Kill the processes on this machine that carry the run's mark. Returns how many. Where there is no /proc, none is found."""
    wanted, ended = f"{MARK}={run_id}".encode(), 0
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError, ValueError):  # somebody else's, or gone
            if wanted in entry.read_bytes().split(b"\0") and int(entry.parent.name) != os.getpid():
                os.kill(int(entry.parent.name), signal.SIGKILL)
                ended += 1
    return ended


def _orphan(run_id: UUID, worker: str, silent_since: datetime, *, at: datetime) -> bool:
    reason = f"Its process ({worker}) gave no sign of life any more: it was killed, or stopped with the worker."
    if not runs.orphan(run_id, at=at, reason=reason, silent_since=silent_since):
        return False
    if worker.rpartition(":")[0] == platform.node()[:60]:
        end_leftovers(run_id)
    return True


def _external(*, at: datetime) -> int:
    """External runs that were never heard of again."""
    patience = ExpressionWrapper(F("job__timeout_seconds") * Value(timedelta(seconds=1)), output_field=DurationField())
    silent = JobRun.objects.filter(status=RunStatus.RUNNING, job__kind=JobKind.EXTERNAL, beat_at__lt=Value(at) - patience)
    reason = "Nothing was heard of it for the time-out of its job."
    return sum(
        runs.orphan(run_id, at=at, reason=reason, silent_since=at - timedelta(seconds=seconds))
        for run_id, seconds in silent.values_list("pk", "job__timeout_seconds")
    )


def _database_was_up(*, since: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time() <= %s", [since])
        return bool(cursor.fetchone()[0])
