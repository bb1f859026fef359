"""Starting a scan in a process of its own: it may take hours, and neither the queue's worker nor the watchdog may wait for it."""

import subprocess
import sys
from datetime import datetime
from typing import Final

from django.conf import settings

from backups import scans

COMMAND: Final = "scan_backups"
_started: list["subprocess.Popen[bytes]"] = []


def start(trigger: str = "") -> None:
    """Start one, in this process's group: it ends with it. With no ``trigger`` it does what was asked for. Raises OSError."""
    _started[:] = [each for each in _started if each.poll() is None]
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), COMMAND, *(["--trigger", trigger] if trigger else [])]
    _started.append(subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL))


def start_overdue(*, at: datetime) -> bool:
    """The watchdog's part: start a scan when none began for two intervals, and there is anything to scan. Returns whether it did."""
    if not settings.SENTINEL_BACKUP_DEPOSIT.exists() or any(each.poll() is None for each in _started) or not scans.is_overdue(at=at):
        return False
    start(scans.WATCHDOG)
    return True
