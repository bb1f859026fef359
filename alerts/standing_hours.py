"""How many alerts were open, and late, at each full hour: written once the hour has begun, and for the past from what is still there.

An hour that was written stays as it is. The past is worked out backwards, a day at a time; what was open for longer than LONGEST then is
not found any more.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from alerts.enums import RESPONSE_SECONDS
from alerts.lateness import GRACE_SECONDS
from alerts.models import Alert, RollupProgress
from sentinel_site.lib import ids
from sentinel_site.lib.rolling import steps

NAME: Final = "open"
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=30)
_TARGETS: Final = [None if seconds is None else max(seconds, GRACE_SECONDS) for _, seconds in sorted(RESPONSE_SECONDS.items())]
_WRITE: Final = """
WITH hour AS (SELECT generate_series(%(since)s::timestamptz, %(until)s::timestamptz, interval '1 hour') AS at),
candidate AS MATERIALIZED (
    SELECT alert.priority, source.slug AS source, alert.created_at, coalesce(alert.closed_at, 'infinity') AS closed_at,
        coalesce(least(alert.acknowledged_at, alert.closed_at), 'infinity') AS taken_at,
        alert.created_at + (%(targets)s::int[])[alert.priority] * interval '1 s' AS late_at
    FROM alerts_alert AS alert JOIN alerts_source AS source ON source.id = alert.source_id
    WHERE alert.id >= %(first)s AND alert.id < %(last)s AND (alert.closed_at IS NULL OR alert.closed_at > %(since)s)
    {older}
)
INSERT INTO alerts_opensample (at, priority, source, open, late)
SELECT hour.at, coalesce(priority, 0), coalesce(source, ''), count(created_at),
    count(created_at) FILTER (WHERE late_at < hour.at AND taken_at >= hour.at)
FROM hour LEFT JOIN candidate ON created_at < hour.at AND closed_at >= hour.at
GROUP BY hour.at, CUBE (priority, source)
HAVING count(created_at) > 0 OR (grouping(priority) = 1 AND grouping(source) = 1)
ON CONFLICT DO NOTHING
"""
_OLDER: Final = """UNION ALL SELECT alert.priority, source.slug, alert.created_at, 'infinity', coalesce(alert.acknowledged_at, 'infinity'),
    alert.created_at + (%(targets)s::int[])[alert.priority] * interval '1 s'
    FROM alerts_alert AS alert JOIN alerts_source AS source ON source.id = alert.source_id
    WHERE alert.status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED') AND alert.id < %(first)s"""
"""What is still open, however old."""


_MOST: Final = """
WITH known AS (
    SELECT at, width_bucket(at, %(edges)s::timestamptz[]) - 1 AS step FROM alerts_opensample
    WHERE priority = 0 AND source = '' AND at >= %(since)s AND at < %(until)s)
SELECT known.step, wanted.priority, max(coalesce(sample.open, 0)), max(coalesce(sample.late, 0))
FROM known CROSS JOIN unnest(%(priorities)s::int[]) AS wanted (priority)
LEFT JOIN alerts_opensample AS sample ON sample.at = known.at AND sample.priority = wanted.priority AND sample.source = %(source)s
    AND sample.at >= %(since)s AND sample.at < %(until)s
GROUP BY 1, 2
"""
OPEN_CELLS: Final = ((0, "open"), (1, "late"))


def run(*, at: datetime, budget_seconds: float) -> int:
    """Write the hours that began since the last run, and some of the past. Returns how many stretches."""
    ends, done = time.monotonic() + budget_seconds, _forward(at=at)
    while time.monotonic() < ends and _backward():
        done += 1
    return done


@transaction.atomic
def _forward(*, at: datetime) -> int:
    """The hours from the last written one to ``at``; at the first run only the one that began last."""
    now = steps.floor(at, 3600)
    RollupProgress.objects.bulk_create([RollupProgress(name=NAME, position=0, history_at=now)], ignore_conflicts=True)
    progress = RollupProgress.objects.select_for_update(skip_locked=True).filter(pk=NAME).first()
    if progress is None or progress.looked_back_at == now:
        return 0
    since = max(progress.looked_back_at + HOUR, now - LONGEST) if progress.looked_back_at else now
    _write(since, now)
    progress.looked_back_at = now
    progress.save()
    return 1


@transaction.atomic
def _backward() -> bool:
    """The day before what is written. False: there was nothing yet, or somebody else is at it."""
    progress = RollupProgress.objects.select_for_update(skip_locked=True).filter(pk=NAME, whole=False).first()
    if progress is None:
        return False
    oldest = Alert.objects.order_by("pk").values_list("created_at", flat=True).first()
    if oldest is None or oldest >= progress.history_at:
        progress.whole = True
    else:
        _write(progress.history_at - DAY, progress.history_at - HOUR)
        progress.history_at -= DAY
    progress.save()
    return not progress.whole


def _write(since: datetime, until: datetime) -> None:
    """The full hours from ``since`` to ``until``, both of them."""
    values: dict[str, Any] = {
        "since": since, "until": until, "first": ids.floor(since - LONGEST), "last": ids.floor(until + timedelta(minutes=1)),
        "targets": _TARGETS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.replace("{older}", _OLDER), values)


def open_and_late(edges: Sequence[datetime], *, priorities: Sequence[int], source: str) -> dict[tuple[int, int], tuple[int, int]]:
    """The most that were open, and the most that were late, at a full hour of each step between ``edges``, by step and priority.

    An hour in which the others had open alerts and this cell none counts as none.
    """
    values: dict[str, Any] = {"edges": list(edges), "since": edges[0], "until": edges[-1], "priorities": list(priorities), "source": source}
    with connection.cursor() as cursor:
        cursor.execute(_MOST, values)
        return {(step, priority): (opened, late) for step, priority, opened, late in cursor.fetchall()}
