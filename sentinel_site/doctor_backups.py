"""What the doctor says about backups: places that cannot be used or fill up, agents that nobody expects, and jobs that never reported."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from backups.enums import BackupStatus, Frequency
from backups.models import ExpectedBackupJob

MOST: Final = 10
LATE: Final = timedelta(minutes=10)
"""An overdue backup that is not written down by then shows that nobody looks."""
FULL, NEARLY_FULL = 0.97, 0.9
MEANINGS: Final = {
    "SENTINEL_BACKUP_DEPOSIT": "agents' reports cannot be read or put away there",
    "SENTINEL_BACKUP_STORE": "no verified backup can be stored there",
    "SENTINEL_BACKUP_QUARANTINE": "reports that cannot be read cannot be kept there",
}
Pair = tuple[str, str]


def findings(*, at: datetime) -> Iterator[Pair]:
    """Pairs of a level (ok, warn or error) and a sentence."""
    for name, meaning in MEANINGS.items():
        yield from _place(name, Path(getattr(settings, name)), meaning)
    yield from _agents(Path(settings.SENTINEL_BACKUP_DEPOSIT))
    yield from _jobs(at=at)


def _place(name: str, path: Path, meaning: str) -> Iterator[Pair]:
    """A place that is not there yet is made when it is needed: then its nearest folder counts."""
    found = next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))
    if not found.is_dir():
        yield "error", f"{name}: {found} is not a folder, so {meaning}."
        return
    if not os.access(found, os.W_OK | os.X_OK | os.R_OK):
        yield "error", f"{name}: {found} is not writable for this user, so {meaning}. Give it to Sentinel's user."
    used = shutil.disk_usage(found)
    share = 1 - used.free / used.total if used.total else 0.0
    if share >= NEARLY_FULL:
        level = "error" if share >= FULL else "warn"
        yield level, f"{name}: the disk of {found} is {share:.0%} full ({used.free / 1e9:.1f} GB are free). Make room before it is full."


def _agents(deposit: Path) -> Iterator[Pair]:
    """Folders of agents that no active job names: whatever they report, nobody is told when it stops."""
    try:
        with os.scandir(deposit) as entries:
            folders = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")}
    except OSError:
        return
    rows = ExpectedBackupJob.objects.filter(is_active=True).exclude(agent_id_responsible="")
    known = {name.casefold() for name in rows.values_list("agent_id_responsible", flat=True)}
    strangers = sorted(name for name in folders if name.casefold() not in known)
    if strangers:
        yield "warn", (
            f"No expected backup names the agent of {_named(strangers)} in {deposit}: nobody is told when it falls silent. "
            "Expect its databases (admin: Unexpected databases), or remove the folder."
        )  # fmt: skip


def _jobs(*, at: datetime) -> Iterator[Pair]:
    active = ExpectedBackupJob.objects.filter(is_active=True)
    late = [str(job) for job in active.filter(overdue_at__lt=at - LATE).order_by("overdue_at")[: MOST + 1]]
    if late:
        yield "error", f"Overdue, and nobody has noticed: {_named(late)}. Neither the watchdog nor the worker looks after backups."
    never = active.filter(last_successful_backup_utc=None, last_failed_backup_utc=None, current_status=BackupStatus.MISSING)
    silent = [str(job) for job in never.order_by("company_name", "database_name", "pk")[: MOST + 1]]
    if silent:
        yield "warn", f"Expected, and never reported so far: {_named(silent)}. See that the agent or the ping's address is the right one."
    repeated = active.exclude(backup_frequency=Frequency.ONCE)
    idle = [str(job) for job in repeated.filter(overdue_at=None).exclude(current_status=BackupStatus.MISSING)[: MOST + 1]]
    if idle:
        yield "warn", f"Nothing is ever overdue of {_named(idle)}: save it again in the admin, and look at its time, period or expression."
    count = active.count()
    if count and not late and not silent and not idle:
        yield "ok", f"{count} backup{'s are' if count > 1 else ' is'} expected, and every one that was due has reported at least once."


def _named(names: list[str]) -> str:
    return ", ".join(name[:80] for name in names[:MOST]) + (" and more" if len(names) > MOST else "")
