"""The chart of devices: readings that came, and in how much of the time any came. The hours of readings are kept for ever, and answer."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Final

from django.db import connection, transaction
from pydantic import Field

from devices.models import Device
from devices.models.reading import HOUR, MINUTE
from sentinel_site.lib.rolling.answer import Answer, Figure, Series, Table
from sentinel_site.lib.rolling.asking import Range, RangeQuery
from sentinel_site.lib.rolling.steps import EPOCH

SHOWN: Final = 8
MOST_DEVICES: Final = 200
FINE: Final = timedelta(days=4)
"""Shorter stretches look at minutes instead of hours."""
PATIENCE: Final = "SET LOCAL statement_timeout = '5s'"
# One metric stands for the device: what it measures comes together. Its values jump along the primary key.
_HOURS: Final = """
SELECT known.device, width_bucket(hour.at, %(edges)s::timestamptz[]) - 1, sum(hour.count), count(*)
FROM unnest(%(devices)s::bigint[]) AS known (device) CROSS JOIN LATERAL (
    SELECT metric FROM devices_rollup WHERE device_id = known.device ORDER BY metric LIMIT 1) AS first
JOIN devices_rollup AS hour ON hour.device_id = known.device AND hour.metric = first.metric AND hour.seconds = %(seconds)s
    AND hour.at >= %(since)s AND hour.at < %(until)s
GROUP BY 1, 2
"""


class DeviceQuery(RangeQuery):
    """A range, of one device or of all."""

    device: Annotated[str, Field(max_length=60)] | None = None


def devices(asked: DeviceQuery, within: Range, *, at: datetime) -> Answer:
    """Readings of each device, and the share of the time in which any came."""
    rows = Device.objects.filter(**({"slug": asked.device} if asked.device else {"enabled": True})).order_by("name", "pk")
    found = list(rows[:MOST_DEVICES])
    seconds = MINUTE if within.until - within.since <= FINE else HOUR
    counted = _counted(found, within, seconds)
    steps, wide = range(len(within.edges) - 1), _widths(within, seconds, at=at)
    shown = found[:SHOWN]
    up = [[_share(counted.get((each.pk, n), (0, 0))[1], wide[n]) for n in steps] for each in shown]
    figures = [
        Figure("up", "%", [Series(each.slug, each.name, values) for each, values in zip(shown, up, strict=True)]),
        Figure("readings", "", [Series(each.slug, each.name, [counted.get((each.pk, n), (0, 0))[0] for n in steps]) for each in shown]),
    ]  # fmt: skip
    sums = {each.pk: [sum(counted.get((each.pk, n), (0, 0))[part] for n in steps) for part in (0, 1)] for each in found}
    table = [[each.name, sums[each.pk][0], _share(sums[each.pk][1], sum(wide))] for each in found]
    return Answer(within, figures, [Table("by_device", ("device", "readings", "up_percent"), table)])


def _counted(found: list[Device], within: Range, seconds: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Readings, and hours (or minutes) with any, by device and step."""
    values: dict[str, Any] = {
        "devices": [each.pk for each in found], "edges": within.edges, "since": within.since, "until": within.until, "seconds": seconds,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        cursor.execute(_HOURS, values)
        return {(device, step): (int(readings), parts) for device, step, readings, parts in cursor.fetchall()}


def _widths(within: Range, seconds: int, *, at: datetime) -> list[int]:
    """How many hours (or minutes) begin within each step, of those that are over."""
    length = timedelta(seconds=seconds)
    passed = [-((EPOCH - edge) // length) for edge in (min(edge, at - length) for edge in within.edges)]
    return [after - before for before, after in pairwise(passed)]


def _share(part: int, whole: int) -> float | None:
    return round(100 * min(1.0, part / whole), 2) if whole else None
