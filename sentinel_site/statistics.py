"""The roll-ups of every app: kept by the worker, and counted anew when somebody asks."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from alerts import rollups as alert_rollups
from alerts import standing_hours
from jobs import rollups as run_rollups
from notifications import rollups as message_rollups
from sentinel_site.lib import typed_instants
from sentinel_site.lib.rolling import keeping, thinning
from sentinel_site.lib.rolling.keeping import Kept

KEPT: Final[Sequence[Kept]] = (*alert_rollups.KEPT, *message_rollups.KEPT, *run_rollups.KEPT)
BUDGET_SECONDS: Final = 40.0
"""Below the queue's time limit for one task."""
LEAST_DAYS: Final = 31
"""So many days keep their quarters whatever is set: of these, much is still counted anew."""
EVER: Final = timedelta(days=36_525)
logger = logging.getLogger(__name__)


def run_due(*, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> dict[str, int]:
    """Count what changed, and some of the history that is not counted yet. One that fails does not keep the others."""
    done = {}
    for kept in KEPT:
        try:
            done[kept.name] = keeping.run(kept, at=at, budget_seconds=budget_seconds / (1 + len(KEPT)))
        except Exception:  # the next run tries again
            logger.exception("the roll-ups of %s failed", kept.name)
    try:
        done[standing_hours.NAME] = standing_hours.run(at=at, budget_seconds=budget_seconds / (1 + len(KEPT)))
    except Exception:  # as above
        logger.exception("the hours of open alerts failed")
    return done


def thin(*, at: datetime, budget_seconds: float = 10.0) -> int:
    """Delete the quarters of days that are over since SENTINEL_KEEP_QUARTERS_DAYS; 0 days: none. Returns how many rows."""
    days = settings.SENTINEL_KEEP_QUARTERS_DAYS
    if days <= 0:
        return 0
    before = at - timedelta(days=max(days, LEAST_DAYS))
    return sum(thinning.run(kept, before=before, budget_seconds=budget_seconds / len(KEPT)) for kept in KEPT)


def rebuild_typed(since: str, until: str, *, at: datetime, progress: Callable[[str, int, int], None]) -> dict[str, int]:
    """`rebuild` of a stretch as people type it; empty: from the beginning, to now. Raises typed_instants.NotUnderstood."""
    zone = ZoneInfo(settings.TIME_ZONE)
    begins, ends = (typed_instants.instant(text, at=at, zone=zone) if text else None for text in (since, until))
    return rebuild(since=begins or at - EVER, until=min(ends or at, at), at=at, progress=progress)


def rebuild(*, since: datetime, until: datetime, at: datetime, progress: Callable[[str, int, int], None]) -> dict[str, int]:
    """Count everything of a stretch anew, see keeping.rebuild. Returns how many days of each."""
    return {kept.name: _rebuild(kept, since=since, until=until, at=at, progress=progress) for kept in KEPT}


def _rebuild(kept: Kept, *, since: datetime, until: datetime, at: datetime, progress: Callable[[str, int, int], None]) -> int:
    return keeping.rebuild(kept, since=since, until=until, at=at, progress=lambda done, of: progress(kept.name, done, of))
