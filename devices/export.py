"""Readings as CSV, made while it is sent: a week of them needs no more memory than a minute.

Separated by commas, decimal point, UTC and the device's own time. No text is a formula (`sentinel_site/lib/csvtext.py`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from devices import listing
from devices.models import Device
from sentinel_site.lib import csvtext
from sentinel_site.lib.instants import instant

TIMES: Final = ("time_utc", "time_local")


def csv(device: Device, step: str, metrics: Sequence[str], *, since: datetime, until: datetime) -> Iterator[bytes]:
    """The export in pieces, the header first. ``step``: raw (a column per metric), 60 or 3600 (a line per metric and minute or hour)."""
    asked = list(metrics) or listing.metrics_between(device.pk, step, since=since, until=until)
    zone = ZoneInfo(device.time_zone)
    yield _lines([[*TIMES, *asked] if step == "raw" else [*TIMES, "metric", *listing.FIGURES]])
    for rows in listing.chunks(device.pk, step, asked, since=since, until=until):
        yield _lines(line for row in rows for line in _of(row, step, asked, zone))


def file_name(device: Device, step: str, *, since: datetime, until: datetime) -> str:
    """For example ``roof-2026-03-01-2026-03-02-raw.csv``."""
    return f"{device.slug}-{since:%Y-%m-%d}-{until:%Y-%m-%d}-{step}.csv"


def _of(row: listing.Row, step: str, metrics: Sequence[str], zone: ZoneInfo) -> Iterator[list[Any]]:
    at, found = row
    times = [instant(at), at.astimezone(zone).isoformat(timespec="milliseconds")]
    if step == "raw":
        yield [*times, *(found.get(metric) for metric in metrics)]
        return
    for metric in sorted(found):
        yield [*times, metric, *(found[metric][figure] for figure in listing.FIGURES)]


def _lines(rows: Any) -> bytes:
    return "".join(csvtext.line(map(_rounded, row)) for row in rows).encode()


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
