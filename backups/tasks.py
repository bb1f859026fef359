"""What the worker does for `backups`. Each task reads the clock and makes idempotent calls; it may run twice, or be lost."""

from django.utils import timezone

from backups import backup_alerts, entries, launch, missing, restore_proofs

ROUNDS = 5
"""How often it looks for more: it stays well below the queue's time-out, and the watchdog does the same meanwhile."""


UP_SINCE = timezone.now()
"""When the worker started."""


def scan() -> None:
    """Start the scan that somebody asked for, in a process of its own."""
    launch.start()


def miss() -> None:
    """The second runner of what the watchdog does for backups; and what need not be at once: jobs that ended, restores to be proved."""
    at = timezone.now()
    entries.turn_back(at=at)
    for _ in range(ROUNDS):
        if missing.sweep(at=at, up_since=UP_SINCE) < missing.JOBS:
            break
    backup_alerts.abandon(at=at)
    restore_proofs.sweep(at=at)
