"""Thinning: of days that are long over all that is shorter is deleted, and the day stays, with all its cells.

Only where the day is there, and says the same as its quarters do. What is deleted cannot be had again: the rows themselves may be gone.
"""

import time
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from sentinel_site.lib.rolling.keeping import Kept
from sentinel_site.lib.rolling.rollup import Rollup
from sentinel_site.lib.rolling.steps import DAY, LEVELS, QUARTER, floor

DAYS_AT_ONCE: Final = 31


def run(kept: Kept, *, before: datetime, budget_seconds: float) -> int:
    """Thin the days (UTC) that ended before ``before``, the oldest first, as long as the budget lasts. Returns how many rows went.

    0 also while somebody counts: the next run does it.
    """
    ends, gone = time.monotonic() + budget_seconds, 0
    while time.monotonic() < ends:
        deleted = _some(kept, before=before)
        gone += deleted
        if not deleted:
            break
    return gone


@transaction.atomic
def _some(kept: Kept, *, before: datetime) -> int:
    if kept.progress._default_manager.select_for_update(skip_locked=True).filter(pk=kept.name).first() is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_delete(kept.rollup), {"until": floor(before, DAY), "limit": DAYS_AT_ONCE})
        return int(cursor.rowcount)


def _delete(rollup: Rollup) -> str:
    """All that is shorter than a day, of some days whose row has the sums of their quarters, every counter of them."""
    same = " AND ".join(f"sum(row.{name}) = min(whole.{name})" for name in rollup.counters)
    total, shorter = rollup.total, ", ".join(str(seconds) for seconds in LEVELS if seconds < DAY)
    return f"""WITH old AS (
            SELECT whole.at FROM {rollup.table} AS whole JOIN {rollup.table} AS row ON row.seconds = {QUARTER} AND {total}
                AND row.at >= whole.at AND row.at < whole.at + make_interval(secs => {DAY})
            WHERE whole.seconds = {DAY} AND {total.replace("row.", "whole.")} AND whole.at < %(until)s AND row.at < %(until)s
            GROUP BY whole.at HAVING {same} ORDER BY whole.at LIMIT %(limit)s)
        DELETE FROM {rollup.table} AS row USING old
        WHERE row.seconds IN ({shorter}) AND row.at >= old.at AND row.at < old.at + make_interval(secs => {DAY})"""  # noqa: S608 (our own text)
