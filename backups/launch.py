"""Starting a scan in a process of its own: it may take hours, and neither the queue's worker nor the watchdog may wait for it."""

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from backups import scans

COMMAND: Final = "scan_backups"
AGAIN: Final = timedelta(minutes=5)
"""The watchdog starts none sooner after its last one, whatever became of that."""
_started: list["subprocess.Popen[bytes]"] = []


def start(trigger: str = "") -> None:
    """Start one, in this process's group: it ends with it. With no ``trigger`` it does what was asked for. Raises OSError."""
    _started[:] = [each for each in _started if each.poll() is None]
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), COMMAND, *(["--trigger", trigger] if trigger else [])]
    _started.append(subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL))


def wait() -> list[int]:
    """Wait for all that were started here. Returns their exit codes."""
    return [each.wait() for each in _started]


class Overdue:
    """The watchdog's part: scans when nobody else does. Asks the database alone: a disk that hangs must not hold the watchdog up."""

    def __init__(self) -> None:
        self._next_at: datetime | None = None

    def start(self, *, at: datetime) -> bool:
        """Start a scan when none began for two intervals, none runs, and an agent's backup is expected. Returns whether it did."""
        if (self._next_at is not None and at < self._next_at) or not scans.is_overdue(at=at):
            return False
        self._next_at = at + AGAIN
        start(scans.WATCHDOG)
        return True
