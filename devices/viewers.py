"""Who looks at which device, counted per web process: the monitor polls faster while somebody does.

A web process says so in rows that run out: one that dies is forgotten after SEEN_SECONDS. A trigger tells the monitors when a
count changed; only a renewal wakes nobody.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Sum

from devices.models import DeviceViewer

SEEN_SECONDS: Final = 30
RENEW_SECONDS: Final = 10.0

_RENEW: Final = """
UPDATE devices_deviceviewer AS viewer SET seen_until = %s FROM devices_device AS device
    WHERE viewer.process = %s AND device.id = viewer.device_id RETURNING device.id, device.slug
"""
_WRITE: Final = """
WITH wanted AS (
    SELECT device.id, wanted.count FROM unnest(%(devices)s::bigint[], %(counts)s::integer[]) AS wanted (id, count)
    JOIN devices_device device ON device.id = wanted.id
), gone AS (
    DELETE FROM devices_deviceviewer WHERE (process = %(process)s AND device_id <> ALL (%(devices)s)) OR seen_until < %(at)s
        AND process <> %(process)s
)
INSERT INTO devices_deviceviewer (device_id, process, count, seen_until)
    SELECT id, %(process)s, count, %(seen_until)s FROM wanted
    ON CONFLICT (device_id, process) DO UPDATE SET count = EXCLUDED.count, seen_until = EXCLUDED.seen_until
"""


def counts(at: datetime) -> dict[int, int]:
    """How many look at each device at ``at``, by the device's id; nobody looks at those that are missing."""
    rows = DeviceViewer.objects.filter(seen_until__gt=at, count__gt=0).values_list("device_id").annotate(Sum("count"))
    return dict(rows.order_by())


def renew(process: str, *, at: datetime) -> dict[int, str]:
    """Say that whoever looks through ``process`` still does. Returns the devices that its rows name, id → slug; wakes nobody."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, [at + timedelta(seconds=SEEN_SECONDS), process])
        return dict(cursor.fetchall())


def write(process: str, looking: Mapping[int, int], *, at: datetime) -> None:
    """Say who looks through ``process``: device id → how many. What is not named is removed, and so are rows that ran out.

    A device that is gone by now is left out.
    """
    seen_until = at + timedelta(seconds=SEEN_SECONDS)
    devices, how_many = list(looking), list(looking.values())
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"devices": devices, "counts": how_many, "process": process, "at": at, "seen_until": seen_until})
