"""Every reading or roll-up of a device, page by page and oldest first: for programs and exports. Charts use history.py."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from devices.models import Reading
from devices.models.reading import HOUR, MINUTE
from sentinel_site.lib.instants import instant

LENGTHS: Final = {"60": MINUTE, "3600": HOUR}
CHUNK: Final = 5000
FIGURES: Final = ("count", "mean", "low", "high", "l10", "l50", "l90")
_ROLLED: Final = """
SELECT at, jsonb_object_agg(metric, jsonb_build_object('count', count, 'mean', mean, 'low', low, 'high', high,
    'l10', l10, 'l50', l50, 'l90', l90))
FROM devices_rollup
WHERE device_id = %(device)s AND metric = ANY(%(metrics)s) AND seconds = %(seconds)s AND at >= %(since)s AND at < %(until)s
GROUP BY at ORDER BY at LIMIT %(limit)s
"""
_ROLLED_METRICS: Final = """
WITH RECURSIVE known AS (
    (SELECT metric FROM devices_rollup WHERE device_id = %(device)s ORDER BY metric LIMIT 1)
    UNION ALL SELECT (SELECT metric FROM devices_rollup WHERE device_id = %(device)s AND metric > known.metric ORDER BY metric LIMIT 1)
    FROM known WHERE known.metric IS NOT NULL
)
SELECT metric FROM known WHERE metric IS NOT NULL
"""
_RAW_METRICS: Final = """
SELECT DISTINCT jsonb_object_keys("values") FROM devices_reading WHERE device_id = %(device)s AND at >= %(since)s AND at < %(until)s
"""
Row = tuple[datetime, dict[str, Any]]
"""An instant, and by metric its value, or for a roll-up its figures."""


def rows(device_id: int, step: str, metrics: Sequence[str], *, since: datetime, until: datetime, limit: int) -> list[Row]:
    """The first ``limit`` rows from ``since`` (included) to ``until`` (not). ``step``: raw, 60 or 3600. No ``metrics``: all of them."""
    if step == "raw":
        return _raw(device_id, metrics, since, until, limit)
    values: dict[str, Any] = {"device": device_id, "seconds": LENGTHS[step], "since": since, "until": until, "limit": limit}
    values["metrics"] = list(metrics) or rolled_metrics(device_id)
    with connection.cursor() as cursor:
        cursor.execute(_ROLLED, values)
        return [(at, _json(figures)) for at, figures in cursor.fetchall()]


def chunks(device_id: int, step: str, metrics: Sequence[str], *, since: datetime, until: datetime) -> Iterator[list[Row]]:
    """All rows in lists of at most CHUNK: each is a statement of its own, so a slow reader holds no transaction."""
    found = rows(device_id, step, metrics, since=since, until=until, limit=CHUNK + 1)
    while found:
        yield found[:CHUNK]
        found = rows(device_id, step, metrics, since=found[CHUNK][0], until=until, limit=CHUNK + 1) if len(found) > CHUNK else []


def metrics_between(device_id: int, step: str, *, since: datetime, until: datetime) -> list[str]:
    """What the device measured; of readings exactly in that time, the main channel first."""
    if step != "raw":
        return rolled_metrics(device_id)
    with connection.cursor() as cursor:
        cursor.execute(_RAW_METRICS, {"device": device_id, "since": since, "until": until})
        return sorted((metric for (metric,) in cursor.fetchall()), key=lambda metric: (metric.startswith("sub"), metric))


def rolled_metrics(device_id: int) -> list[str]:
    """Every metric that was ever rolled up."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLLED_METRICS, {"device": device_id})
        return [metric for (metric,) in cursor.fetchall()]


def item(row: Row, step: str) -> dict[str, Any]:
    """A row as REST shows it; of a roll-up the value is the mean, and ``stats`` has the figures."""
    at, found = row
    if step == "raw":
        return {"at": instant(at), "values": found}
    return {"at": instant(at), "values": {metric: figures["mean"] for metric, figures in found.items()}, "stats": found}


def _raw(device_id: int, metrics: Sequence[str], since: datetime, until: datetime, limit: int) -> list[Row]:
    found = Reading.objects.filter(device_id=device_id, at__gte=since, at__lt=until).order_by("at")
    if not metrics:
        return list(found.values_list("at", "values")[:limit])
    wanted = found.filter(values__has_any_keys=list(metrics)).values_list("at", "values")[:limit]
    return [(at, {metric: values[metric] for metric in metrics if metric in values}) for at, values in wanted]


def _json(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found
