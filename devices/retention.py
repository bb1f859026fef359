"""Forgetting: readings after days, minutes after months; hours stay. And everything of devices that are gone.

Work is done in batches with a budget of time; what is left is done by the next sweep. Sweeping twice is sweeping once.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import Min

from devices.models import Device, RollupDue
from devices.models.reading import MINUTE

BATCH: Final = 5000
BUDGET_SECONDS: Final = 40.0
"""Below the queue's time limit for one task."""
LONGEST_WAIT: Final = timedelta(days=7)
"""Readings that are not rolled up yet are kept so much longer, and not for ever: whatever keeps them from it must not fill the disk."""
TABLES: Final = ("devices_reading", "devices_rollup")
_Work = tuple[str, dict[str, Any]]
"""A statement that deletes BATCH rows at the most, and its parameters."""
FAILED: Final = "failed"
logger = logging.getLogger(__name__)

# Each jumps along the primary key from device to device (and from metric to metric); nothing reads the table itself.
_DEVICES: Final = """
WITH RECURSIVE known AS (
    (SELECT device_id FROM {table} ORDER BY device_id LIMIT 1)
    UNION ALL SELECT (SELECT device_id FROM {table} WHERE device_id > known.device_id ORDER BY device_id LIMIT 1)
    FROM known WHERE known.device_id IS NOT NULL
)
SELECT device_id FROM known WHERE device_id IS NOT NULL
"""
_READINGS: Final = """
DELETE FROM devices_reading WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM devices_reading WHERE device_id = %(device)s AND at < %(cutoff)s ORDER BY at LIMIT %(limit)s
))
"""
_MINUTES: Final = """
WITH RECURSIVE known AS (
    (SELECT metric FROM devices_rollup WHERE device_id = %(device)s ORDER BY metric LIMIT 1)
    UNION ALL SELECT (SELECT metric FROM devices_rollup WHERE device_id = %(device)s AND metric > known.metric ORDER BY metric LIMIT 1)
    FROM known WHERE known.metric IS NOT NULL
)
DELETE FROM devices_rollup WHERE ctid = ANY (ARRAY(
    SELECT old.ctid FROM known, LATERAL (
        SELECT ctid FROM devices_rollup WHERE device_id = %(device)s AND metric = known.metric AND seconds = %(seconds)s AND at < %(cutoff)s
        ORDER BY at LIMIT %(limit)s
    ) AS old LIMIT %(limit)s
))
"""
_ORPHANS: Final = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE device_id = %(device)s LIMIT %(limit)s))
"""


def sweep(*, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> Counter[str]:
    """Delete everything whose time is over, and return how many of each. One kind that fails does not keep the others.

    How many kinds failed stands under FAILED.
    """
    ends = time.monotonic() + budget_seconds
    done: Counter[str] = Counter()
    for name, work in STEPS.items():
        try:
            for statement, values in work(at):
                done[name] += _until_done(statement, values, ends)
        except Exception:  # the next sweep tries again
            logger.exception("retention of %s failed", name)
            done[FAILED] += 1
    return done


def _orphans(_at: datetime) -> Iterator[_Work]:
    """What devices left that were deleted; deleting them does not wait for millions of readings."""
    left = {table: _devices(table) for table in TABLES}  # before the devices: one that is made meanwhile leaves nothing
    known = set(Device.objects.values_list("pk", flat=True))
    for table, devices in left.items():
        for device in sorted(devices - known):
            yield _ORPHANS.format(table=table), {"device": device}


def _readings(at: datetime) -> Iterator[_Work]:
    """Readings, as soon as they are rolled up."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_READINGS_DAYS)
    waiting = dict(RollupDue.objects.values_list("device_id").annotate(first=Min("at")))
    for device in sorted(_devices("devices_reading")):
        wanted = max(waiting.get(device, cutoff), cutoff - LONGEST_WAIT)
        yield _READINGS, {"device": device, "cutoff": min(cutoff, wanted)}


def _minutes(at: datetime) -> Iterator[_Work]:
    """Roll-ups of minutes; the hours have the rest."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_MINUTES_DAYS)
    for device in sorted(_devices("devices_rollup")):
        yield _MINUTES, {"device": device, "cutoff": cutoff, "seconds": MINUTE}


def _devices(table: str) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(_DEVICES.format(table=table))
        return {device for (device,) in cursor.fetchall()}


def _until_done(statement: str, values: dict[str, Any], ends: float) -> int:
    """Delete batch by batch until nothing is left or the time is over."""
    total, count = 0, BATCH
    while count == BATCH and time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute(statement, values | {"limit": BATCH})
            count = cursor.rowcount
        total += count
    return total


STEPS: Final[dict[str, Callable[[datetime], Iterator[_Work]]]] = {"orphans": _orphans, "readings": _readings, "minutes": _minutes}
