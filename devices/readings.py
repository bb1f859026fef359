"""Readings: what may be stored, storing it, and reading the last ones.

Everything that stores readings comes through `store`: it also marks the minutes that must be rolled up (rollups.py).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic_core import to_json

from devices.levels import is_level
from devices.models import Reading
from devices.models.reading import MINUTE
from sentinel_site.lib import prepared

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
MAX_METRICS: Final = 80
"""In one reading. Four channels of sixteen values each fit well."""
LEVEL_RANGE: Final = (-40.0, 220.0)
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "humidity": (0.0, 100.0), "temperature": (-100.0, 200.0), "dew_point": (-100.0, 100.0), "pressure": (0.0, 2000.0),
    "co2": (0.0, 100_000.0), "battery": (0.0, 100.0),
}  # fmt: skip
"""What is possible at all, by metric: %, °C, °C, hPa, ppm, %. Also for names that end with it: room_humidity."""
ANY_RANGE: Final = (-1e12, 1e12)
TINY: Final = 1e-12
"""Nearer to nothing it is nothing: PostgreSQL refuses to go on counting with numbers that vanish."""
_STORE: Final = """
WITH input AS (
    SELECT DISTINCT ON (device, at) device, at, "values"
    FROM json_to_recordset(%(rows)s::json) AS row (device bigint, at timestamptz, "values" jsonb)
    ORDER BY device, at
), fresh AS (
    INSERT INTO devices_reading (device_id, at, "values") SELECT device, at, "values" FROM input ORDER BY device, at
    -- The same instant again: values that were not there yet are added (a sensor may send each metric by itself), the others stay.
    ON CONFLICT (device_id, at) DO UPDATE SET "values" = excluded."values" || devices_reading."values"
        WHERE excluded."values" || devices_reading."values" <> devices_reading."values"
    RETURNING device_id, at
), due AS (
    -- A row that is there is locked, not written: whoever rolls that minute up waits for us, or we for him (rollups.py).
    INSERT INTO devices_rollupdue (seconds, at, device_id)
    SELECT DISTINCT %(seconds)s::smallint, date_bin('1 minute', at, 'epoch'), device_id FROM fresh ORDER BY 2, 3
    ON CONFLICT (seconds, at, device_id) DO UPDATE SET seconds = excluded.seconds WHERE false
)
SELECT at FROM fresh
"""


class NewReading(NamedTuple):
    """One reading to be stored. ``values`` went through `validate`; ``at`` is aware."""

    device_id: int
    at: datetime
    values: Mapping[str, float]


def validate(values: Mapping[str, Any]) -> tuple[dict[str, float], list[str]]:
    """The values that may be stored, and for each other one the reason why not.

    None is what a device did not measure: left out without a reason. Any metric is welcome whose name is made of small letters,
    digits and underscores.
    """
    good: dict[str, float] = {}
    reasons = [f"has {len(values)} values; the first {MAX_METRICS} are taken"] if len(values) > MAX_METRICS else []
    for metric, value in list(values.items())[:MAX_METRICS]:
        if value is None:
            continue
        reason = _fault(metric, value)
        if reason:
            reasons.append(reason)
        else:
            good[metric] = float(value) if abs(value) > TINY else 0.0
    return good, reasons


def store(rows: Sequence[NewReading]) -> int:
    """Store ``rows`` in one statement. Returns how many brought something new. See `stored`."""
    return len(stored(rows))


def stored(rows: Sequence[NewReading]) -> list[datetime]:
    """Store ``rows`` in one statement. Returns the instants of those that brought something new.

    Where there is a reading of the same device and instant already, its values stay, and metrics that it has not are added.
    Of two in ``rows`` one is stored; see `merged`.

    Raises DatabaseError when nothing was stored.
    """
    if not rows:
        return []
    listed = [{"device": row.device_id, "at": row.at.isoformat(), "values": row.values} for row in rows]
    return [at for (at,) in prepared.run(_STORE, {"rows": to_json(listed).decode(), "seconds": MINUTE})]


def merged(rows: Iterable[NewReading]) -> list[NewReading]:
    """``rows`` with one for each device and instant, which has the values of all of them; of two of one metric the first stays."""
    found: dict[tuple[int, datetime], dict[str, float]] = {}
    for row in rows:
        known = found.setdefault((row.device_id, row.at), {})
        known |= {metric: value for metric, value in row.values.items() if metric not in known}
    return [NewReading(device_id, at, values) for (device_id, at), values in found.items()]


def latest(device_id: int) -> Reading | None:
    """The device's last reading, None when there is none."""
    return Reading.objects.filter(device_id=device_id).order_by("-at").first()


def range_of(metric: str) -> tuple[float, float]:
    """The lowest and highest possible value of ``metric``."""
    if is_level(metric):
        return LEVEL_RANGE
    return next((span for name, span in RANGES.items() if metric == name or metric.endswith(f"_{name}")), ANY_RANGE)


def _fault(metric: object, value: object) -> str:
    """Why this value cannot be stored; empty when it can."""
    if not isinstance(metric, str) or not NAME.fullmatch(metric):
        return f"{str(metric)[:40]!r} is no name of a metric; use small letters, digits and underscores, at most 40, a letter first"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{metric} is not a number"
    low, high = range_of(metric)
    if not low <= value <= high or not math.isfinite(value):  # NaN is in no range
        return f"{metric} is out of range: it lies between {low:g} and {high:g}"
    return ""
