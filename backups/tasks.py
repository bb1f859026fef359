"""What the worker does for `backups` when it is asked to. Each task makes one idempotent call; it may run twice, or be lost."""

from backups import launch


def scan() -> None:
    """Start the scan that somebody asked for, in a process of its own."""
    launch.start()
