"""What the worker does for `alerts`. Each task reads the clock and makes one idempotent call; it may run twice, or be lost."""

from uuid import UUID

from django.utils import timezone

from alerts import foreign
from alerts import triage as opinions


def triage(opinion_id: str) -> None:
    """Get one AI opinion, unless it is being asked for or done already."""
    opinions.run(UUID(opinion_id), at=timezone.now())


def triage_waiting() -> None:
    """Look after opinions whose task or worker was lost."""
    opinions.run_waiting(at=timezone.now())


def end_silent_foreign() -> None:
    """End what another monitoring system did not report again in time."""
    while foreign.end_silent(at=timezone.now()) == foreign.BATCH:
        pass
