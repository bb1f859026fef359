"""The clock of the jobs: what the watchdog does every few seconds, and the worker once a minute whether or not the watchdog lives."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError

from jobs import orphans, runs, scheduling, watching

LOST: Final = timedelta(seconds=60)
"""A run that waits so long may have lost its task."""
SILENT: Final = timedelta(seconds=90)
"""The worker looks once a minute, and cannot tell whether it was asleep in between: it is more patient than the watchdog."""
ORPHANS_EVERY: Final = timedelta(seconds=4)
WATCH_EVERY: Final = timedelta(seconds=15)
logger = logging.getLogger(__name__)


class Clock:
    """The watchdog's part. One per process: it remembers when it looked last."""

    def __init__(self) -> None:
        self._orphans = orphans.Watch()
        self._orphans_at: datetime | None = None
        self._watched_at: datetime | None = None

    def look(self, *, at: datetime) -> datetime | None:
        """Queue what is due at ``at``, and look now and then for orphans and for what is late. Returns when something is due next.

        A fault of one part does not keep the others from theirs. Raises DatabaseError.
        """
        due = scheduling.next_at()
        if due and due <= at:
            _alone("starting what is due", lambda: start_due(at=at))
            due = scheduling.next_at()
        if self._orphans_at is None or not timedelta(0) <= at - self._orphans_at < ORPHANS_EVERY:
            self._orphans_at = at
            _alone("looking for orphans", lambda: self._orphans.look(at=at))
        if self._watched_at is None or not timedelta(0) <= at - self._watched_at < WATCH_EVERY:
            self._watched_at = at
            _alone("looking for what is late", lambda: watching.sweep(at=at))
        return due


def start_due(*, at: datetime) -> None:
    """Queue a run for every slot that is due, and tell a worker of every further try whose time has come."""
    while scheduling.start_due(at=at):
        pass
    runs.release_due(at=at)


def catch_up(*, at: datetime) -> None:
    """The worker's part: the same, and telling again of runs whose task the queue may have lost. Raises DatabaseError."""
    _alone("planning anew what a clock that was ahead had planned", lambda: scheduling.turn_back(at=at))
    _alone("starting what is due", lambda: start_due(at=at))
    _alone("telling again of what waits", lambda: runs.tell_again(at=at, queued_before=at - LOST))
    _alone("looking for orphans", lambda: orphans.sweep(at=at, silent_for=SILENT))
    _alone("looking for what is late", lambda: watching.sweep(at=at))


def _alone(what: str, do: Callable[[], object]) -> None:
    try:
        do()
    except DatabaseError:
        raise
    except Exception:
        logger.exception("%s failed", what)
