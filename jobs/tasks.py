"""What the worker does for `jobs`. Each task reads the clock and makes one idempotent call; it may run twice, or be lost."""

from uuid import UUID

from django.utils import timezone

from jobs import launching, upkeep


def run(run_id: str) -> None:
    """Start one run, unless somebody has taken it, or it cannot start yet."""
    launching.launch(UUID(run_id), at=timezone.now())


def catch_up() -> None:
    """The second runner of the jobs' clock, for the case that the watchdog is dead."""
    upkeep.catch_up(at=timezone.now())
