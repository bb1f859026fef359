"""What the worker does for `alerts`. Each task reads the clock and makes one idempotent call; it may run twice, or be lost."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from alerts import calming, digests, foreign, publishing, windows
from alerts import triage as opinions

PUBLISH_PATIENCE: Final = timedelta(seconds=60)
"""What waits for longer than this was not sent by the watchdog."""
PUBLISH_SECONDS: Final = 20


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


def publish() -> None:
    """The second runner of subscriptions: what the watchdog should have sent a minute ago."""
    publishing.publish_waiting(at=timezone.now(), patience=PUBLISH_PATIENCE, budget_seconds=PUBLISH_SECONDS)


def keep_windows() -> None:
    """Make the occurrences of maintenance windows ahead."""
    windows.keep(at=timezone.now())


def end_flapping() -> None:
    """Tell how what flapped stands, once it is calm."""
    while calming.end_calm(at=timezone.now()) == calming.BATCH:
        pass


def tell_digests() -> None:
    """Tell what silences that are over had held back."""
    digests.tell_due(at=timezone.now())
