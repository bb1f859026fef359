"""Keeping roll-ups up to date: what changed at once, what is older than the roll-ups backwards day by day, and the longer ones of it.

Every run is bounded by a budget, may be stopped at any moment and repeated; any number of runs may happen at once, of which one works.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from sentinel_site.lib.rolling import rollup as rolling
from sentinel_site.lib.rolling.rollup import Rollup
from sentinel_site.lib.rolling.rows import Progress
from sentinel_site.lib.rolling.steps import DAY, LEVELS, QUARTER, SIX_HOURS, ceiling

BUDGET_SECONDS: Final = 30.0
MERGE_EVERY: Final = timedelta(minutes=10)
MERGED_AFTER: Final = timedelta(hours=1)
"""So long after its end a day is put together: until then its quarters answer."""
MERGED_AT_ONCE: Final = 31
ONE_DAY: Final = timedelta(seconds=DAY)
Changed = Callable[[Any, datetime], "Changes"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last run: any instant of each quarter of an hour, and up to where that was followed.

    ``more``: ask again. ``lost``: nobody knows any more what changed; everything is counted anew, backwards.
    """

    instants: Sequence[datetime]
    position: int
    more: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A roll-up that is kept: under which ``name``, its ``progress`` in which table, what ``changed`` (a progress, at), and when its
    ``oldest`` row begins (None: there is none)."""

    name: str
    rollup: Rollup
    progress: type[Progress]
    changed: Changed
    oldest: Callable[[], datetime | None]


def run(kept: Kept, *, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> int:
    """Do what is due, as long as the budget lasts. Returns how many stretches were counted; 0 also when another run is at it."""
    ends, done, more = time.monotonic() + budget_seconds, 0, True
    while more and time.monotonic() < ends:
        count, more = _follow(kept, at=at)
        done += count
    while time.monotonic() < ends and _backwards(kept):
        done += 1
    _merge(kept, at=at, ends=ends)
    return done


def rebuild(kept: Kept, *, since: datetime, until: datetime, at: datetime, progress: Callable[[int, int], None]) -> int:
    """Count everything from ``since`` to ``until`` anew, a day at a time, waiting for whoever is at it. Returns the number of days."""
    first = kept.oldest()
    begin = max(since, first) if first else until
    total, done, day = len(rolling.starts(begin, until, DAY)), 0, until
    while day > begin:
        before = max(begin, _midnight_before(day))
        with transaction.atomic():
            _locked(kept, at=at, wait=True)
            _count(kept, before, day)
        done, day = done + 1, before
        progress(done, total)
    kept.progress._default_manager.filter(pk=kept.name).update(merged_at=None)
    _merge(kept, at=at, ends=float("inf"))
    return done


def _locked(kept: Kept, *, at: datetime, wait: bool = False) -> Any:
    """The progress, held; None when somebody else holds it. Made where there is none: then everything is history."""
    manager = kept.progress._default_manager
    manager.bulk_create([kept.progress(name=kept.name, position=-1, history_at=ceiling(at, QUARTER))], ignore_conflicts=True)
    return manager.select_for_update(skip_locked=not wait).filter(pk=kept.name).first()


@transaction.atomic
def _follow(kept: Kept, *, at: datetime) -> tuple[int, bool]:
    """Count anew what changed. Returns how many stretches, and whether there is more."""
    progress = _locked(kept, at=at)
    if progress is None:
        return 0, False
    changes = kept.changed(progress, at)
    progress.position = changes.position
    if changes.lost:
        progress.history_at, progress.whole = ceiling(at, QUARTER), False
    progress.save()
    # What lies before is counted when its turn comes, backwards, as it will be then.
    found = rolling.stretches_of([instant for instant in changes.instants if progress.whole or instant >= progress.history_at])
    rolling.roll(kept.rollup, found)
    return len(found), changes.more


@transaction.atomic
def _backwards(kept: Kept) -> bool:
    """Count the day before what is counted. False: there is nothing before it, or somebody else is at it."""
    progress = kept.progress._default_manager.select_for_update(skip_locked=True).filter(pk=kept.name, whole=False).first()
    if progress is None:
        return False
    oldest, ends = kept.oldest(), progress.history_at
    if oldest is None or oldest >= ends:
        progress.whole = True
    else:
        progress.history_at = _midnight_before(ends)
        _count(kept, progress.history_at, ends)
    progress.save()
    return not progress.whole


def _midnight_before(at: datetime) -> datetime:
    """The last midnight of UTC that is earlier than ``at``."""
    return ceiling(at - ONE_DAY, DAY)


def _count(kept: Kept, since: datetime, until: datetime) -> None:
    """Count a stretch within one day anew; a whole day is put together at once, so that no chart must do without it meanwhile."""
    rolling.roll(kept.rollup, [(since, until)])
    if until - since == ONE_DAY:
        rolling.merge(kept.rollup, SIX_HOURS, rolling.starts(since, until, SIX_HOURS))
        rolling.merge(kept.rollup, DAY, [since])


def _merge(kept: Kept, *, at: datetime, ends: float) -> None:
    """Put longer roll-ups together where they are missing, now and then."""
    with transaction.atomic():
        progress = kept.progress._default_manager.select_for_update(skip_locked=True).filter(pk=kept.name).first()
        if progress is None or (progress.merged_at and at - progress.merged_at < MERGE_EVERY):
            return
        # Each is made of the shorter ones: of all of them, or it would be false.
        whole = all(_merge_level(kept, seconds, at=at, ends=ends) for seconds in LEVELS[1:])
        progress.merged_at = at if whole else None
        progress.save()


def _merge_level(kept: Kept, seconds: int, *, at: datetime, ends: float) -> bool:
    """Put those of one length together. False: the time was over before all were."""
    while found := rolling.unmerged(kept.rollup, seconds, until=at - MERGED_AFTER, limit=MERGED_AT_ONCE):
        for instant in found:
            if time.monotonic() >= ends:
                return False
            rolling.merge(kept.rollup, seconds, [instant])
    return True
