"""How devices are, written into their status rows: all that changed in one statement, by the lease's holder only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection
from pydantic_core import to_json

from devices.enums import Mode, RunState

_WRITE: Final = """
WITH input AS (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS row (
        device_id bigint, mode text, reachable bool, unreachable_since timestamptz, failures int, error text, state text,
        last_frame_at timestamptz, frame text)
), mine AS (
    SELECT device_id FROM devices_devicestatus WHERE device_id IN (SELECT device_id FROM input) AND holder = %(holder)s
    ORDER BY device_id FOR UPDATE
)
UPDATE devices_devicestatus status
SET mode = input.mode, reachable = input.reachable, unreachable_since = input.unreachable_since, failures = input.failures,
    error = input.error, state = input.state, last_frame_at = coalesce(input.last_frame_at, status.last_frame_at),
    frame = coalesce(input.frame::jsonb, status.frame)
FROM input JOIN mine USING (device_id) WHERE status.device_id = input.device_id
"""


class Snapshot(NamedTuple):
    """A device at one moment. ``frame``: the text of its last frame; None leaves what is there, as with ``last_frame_at``."""

    device_id: int
    mode: Mode = Mode.STANDBY
    reachable: bool | None = None
    unreachable_since: datetime | None = None
    failures: int = 0
    error: str = ""
    state: RunState = RunState.UNKNOWN
    last_frame_at: datetime | None = None
    frame: str | None = None


def write(rows: Sequence[Snapshot], *, holder: str) -> int:
    """Write ``rows``; those of devices that ``holder`` has no lease of (any more) are left out. Returns how many were written."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"rows": to_json([row._asdict() for row in rows]).decode(), "holder": holder})
        return int(cursor.rowcount)
