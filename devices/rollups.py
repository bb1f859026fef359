"""Roll-ups: what every minute and every hour was like, kept long after the readings are gone.

Storing a reading marks its minute as due, in the same transaction (readings.py); rolling a minute up marks its hour. So what comes late is
rolled up again, and nothing is forgotten however long nobody did the work. Everything is counted anew from the readings: doing it twice
gives the same.

Who rolls up locks the due row, and passes over those that somebody else holds: another worker, or a writer whose readings
cannot be seen yet. A writer that comes meanwhile waits for the few hundred milliseconds that a batch takes, then marks it due again.
"""

import logging
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import DataError, connection, transaction

from devices.levels import LEVEL_PATTERN
from devices.models.reading import HOUR, MINUTE

GRACE: Final = {MINUTE: timedelta(seconds=5), HOUR: timedelta(seconds=75)}
"""So long after its end something is rolled up: readings are stored a second late, and the hour waits for its last minute."""
BATCH: Final = {MINUTE: 300, HOUR: 10}
"""How many are done in one transaction: some 20,000 readings of a meter that is polled every second."""
BUDGET_SECONDS: Final = 30.0
"""Below the queue's time limit for one task."""
_TAKE: Final = """
SELECT device_id, at FROM devices_rollupdue WHERE seconds = %(seconds)s AND at <= %(until)s
ORDER BY at, device_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_DUE: Final = "due AS (SELECT * FROM unnest(%(devices)s::bigint[], %(instants)s::timestamptz[]) AS due (device_id, at))"
_ROLL: Final = f"""
WITH {_DUE}, measured AS (
    SELECT due.device_id, due.at, each.key AS metric, each.value::float8 AS value
    FROM due JOIN devices_reading AS reading
        ON reading.device_id = due.device_id AND reading.at >= due.at AND reading.at < due.at + %(length)s::interval,
    LATERAL jsonb_each_text(reading."values") AS each
    WHERE each.value IS NOT NULL
)
INSERT INTO devices_rollup (device_id, metric, seconds, at, count, mean, low, high, l10, l50, l90)
SELECT device_id, metric, %(seconds)s, at, count(*),
    CASE WHEN metric ~ %(levels)s
        -- Bounded, as PostgreSQL works out both means and refuses powers that are no numbers any more. No level comes near the bounds.
        THEN greatest(min(value), least(max(value), 10 * log(avg(power(10, greatest(-300, least(300, value)) / 10)))))
        ELSE avg(value) END,
    min(value), max(value),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY value), percentile_cont(0.5) WITHIN GROUP (ORDER BY value),
    percentile_cont(0.1) WITHIN GROUP (ORDER BY value)
FROM measured GROUP BY device_id, metric, at ORDER BY device_id, metric, at
ON CONFLICT (device_id, metric, seconds, at) DO UPDATE SET count = excluded.count, mean = excluded.mean, low = excluded.low,
    high = excluded.high, l10 = excluded.l10, l50 = excluded.l50, l90 = excluded.l90
WHERE excluded.count >= devices_rollup.count -- fewer: some of its readings are deleted by now
"""  # noqa: S608 (our own text)
_MARK_HOURS: Final = f"""
WITH {_DUE}
INSERT INTO devices_rollupdue (seconds, at, device_id)
SELECT DISTINCT {HOUR}, date_bin('1 hour', at, 'epoch'), device_id FROM due ORDER BY 2, 3
ON CONFLICT (seconds, at, device_id) DO UPDATE SET seconds = excluded.seconds WHERE false
"""  # noqa: S608 (our own text)
_DONE: Final = f"""
WITH {_DUE} DELETE FROM devices_rollupdue AS row USING due
WHERE row.seconds = %(seconds)s AND row.at = due.at AND row.device_id = due.device_id
"""  # noqa: S608 (our own text)


# Materialized: as a plain subquery it may be worked out for each row, and each time it takes another one.
_GIVE_UP: Final = f"""
WITH due AS MATERIALIZED ({_TAKE})
DELETE FROM devices_rollupdue AS row USING due
WHERE row.seconds = %(seconds)s AND row.at = due.at AND row.device_id = due.device_id RETURNING row.device_id, row.at
"""  # noqa: S608 (our own text)
logger = logging.getLogger(__name__)


def run_due(*, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> Counter[int]:
    """Roll up every minute and hour that is over and has new readings, the oldest first, as long as the budget lasts.

    What is left is done by the next run. Any number of runs may happen at once. Returns how many of each length were done.
    """
    ends = time.monotonic() + budget_seconds
    done: Counter[int] = Counter()
    for seconds in (MINUTE, HOUR):
        count = BATCH[seconds]
        while count == BATCH[seconds] and time.monotonic() < ends:
            count = _batch(seconds, at=at)
            done[seconds] += count
    return done


def _batch(seconds: int, *, at: datetime) -> int:
    """One transaction's worth, or where that holds something that PostgreSQL refuses, one by one. Returns how many were done."""
    try:
        return _roll(seconds, at=at, limit=BATCH[seconds])
    except DataError:
        logger.exception("a batch of roll-ups failed; each is done by itself")
    return sum(_single(seconds, at=at) for _ in range(BATCH[seconds]))


def _single(seconds: int, *, at: datetime) -> int:
    """The oldest by itself. One that fails is given up: it must not keep all that come after it."""
    try:
        return _roll(seconds, at=at, limit=1)
    except DataError:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_UP, {"seconds": seconds, "until": _over_until(seconds, at=at), "limit": 1})
            logger.exception("the roll-up of %s s at %s is given up", seconds, cursor.fetchall())
        return 1


def _over_until(seconds: int, *, at: datetime) -> datetime:
    """What begins then or earlier is over, and its last readings are stored."""
    return at - timedelta(seconds=seconds) - GRACE[seconds]


def _roll(seconds: int, *, at: datetime, limit: int) -> int:
    """Roll up the ``limit`` oldest in one transaction. Returns how many were done. Raises DataError."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, {"seconds": seconds, "until": _over_until(seconds, at=at), "limit": limit})
        taken = cursor.fetchall()
        if not taken:
            return 0
        values: dict[str, Any] = {
            "devices": [device for device, _ in taken], "instants": [instant for _, instant in taken], "seconds": seconds,
            "length": timedelta(seconds=seconds), "levels": LEVEL_PATTERN,
        }  # fmt: skip
        cursor.execute(_ROLL, values)
        if seconds == MINUTE:
            cursor.execute(_MARK_HOURS, values)
        cursor.execute(_DONE, values)
        return int(cursor.rowcount)
