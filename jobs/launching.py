"""Where a run is carried out: short ones in a fork of the queue's worker, which waits for it; longer ones in a process of their own.

The process of its own belongs to the worker's process group, so that a stop of the worker ends it.
"""

import os
import platform
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from jobs import runner, runs
from jobs.enums import JobKind, RunStatus
from jobs.models import JobRun
from jobs.work import MARK

QUICK_SECONDS: Final = 45
"""The longest time-out of work that a worker of the queue waits for: its own time-out is 60 s."""
PATIENCE_SECONDS: Final = 5.0
OWN_PATIENCE_SECONDS: Final = 600.0
"""How long it is tried to write a result down while the database is away."""
START: Final = timedelta(seconds=60)
"""How long a process may take from its start to taking its run; then another one is started."""
_started: Final[list["subprocess.Popen[bytes]"]] = []


def launch(run_id: UUID, *, at: datetime) -> None:
    """Carry out a queued run: here, or in a process of its own. Nothing is done for one that is not to be started now.

    At most SENTINEL_JOBS_AT_ONCE have a process of their own at a time; others stay queued, and are told of when one ends.
    """
    run = JobRun.objects.select_related("job").filter(pk=run_id, status=RunStatus.QUEUED).first()
    _started[:] = [process for process in _started if process.poll() is None]  # reaps those that have ended
    if run is None or not runs.is_free(run.job):
        return
    if run.job.timeout_seconds <= QUICK_SECONDS:
        runner.run(run_id, worker=instance(), patience_seconds=PATIENCE_SECONDS)
    elif _with_processes(at=at) < settings.SENTINEL_JOBS_AT_ONCE and runs.hand_over(run_id, at=at, lease=START):
        _start_process(run_id)


def instance() -> str:
    """``host:pid`` of this process."""
    return f"{platform.node()[:60]}:{os.getpid()}"


def _with_processes(*, at: datetime) -> int:
    """How many runs have a process of their own, or are about to."""
    there = Q(status=RunStatus.RUNNING) | Q(status=RunStatus.QUEUED, beat_at__gt=at - START)
    return JobRun.objects.filter(there, job__timeout_seconds__gt=QUICK_SECONDS).exclude(job__kind=JobKind.EXTERNAL).count()


def _start_process(run_id: UUID) -> None:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "runjob", str(run_id)]
    environ = {**os.environ, MARK: str(run_id)}
    _started.append(subprocess.Popen(command, cwd=settings.BASE_DIR, env=environ, stdin=subprocess.DEVNULL))
