"""Tasks of the composition. Each reads the clock once and makes idempotent calls; see periodic.py for when they run."""

from django.utils import timezone

from alerts import escalation, flooding, timeouts
from notifications import delivery, receipts, revisions
from sentinel_site import bulk_runs, process_alerts, statistics
from sentinel_site.lib import queue
from sentinel_site.models import ProcessBeat

DELIVER_SECONDS = 35
"""Well below the queue's time-out."""


def canary() -> None:
    """Prove that the worker runs tasks. The proof itself is written by receivers.py when any task has run."""


def catch_up() -> None:
    """The second runner of escalation and delivery: whatever is overdue is done, whether or not the watchdog lives."""
    at = timezone.now()
    while escalation.advance_due(at=at):
        pass
    while timeouts.expire_due(at=at):
        pass
    while receipts.miss_due(at=at):
        pass
    delivery.deliver_due(at=timezone.now(), budget_seconds=DELIVER_SECONDS)


def revise() -> None:
    """The second runner of changes to messages that were sent. A task of its own: first messages do not wait for it."""
    revisions.run_due(at=timezone.now())


def watch() -> None:
    """Tell people when the watchdog is dead, and of floods. A task of its own: whatever goes wrong here must not hold up `catch_up`."""
    at = timezone.now()
    process_alerts.check(watched_by=ProcessBeat.Role.WORKER, at=at)
    flooding.watch(at=at)


def keep_statistics() -> None:
    """Count what changed for the charts. A task of its own: nobody waits for it."""
    statistics.run_due(at=timezone.now())


def bulk(pk: str) -> None:
    """Go on with a deed that is done to many rows; what is left after a while is a task of its own."""
    if not bulk_runs.work(pk):
        queue.enqueue("sentinel_site.tasks.bulk", pk)


def go_on_with_bulk() -> None:
    """Take up what a worker dropped, and forget what ended long ago."""
    bulk_runs.go_on(at=timezone.now())
