"""Which devices there are for a monitor, who wants something of each, and how to reach it: read in one statement, often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast

from devices import viewers
from devices.demand import Demand
from devices.drivers import Target
from devices.enums import COMMAND_OPEN, POLLED
from devices.models import Device
from sentinel_site.lib import crypto

# xmin changes with every write to the row, whoever wrote it and how: what is the same need not be read, nor decrypted.
_LOOK: Final = """
SELECT device.id, device.xmin::text, device.enabled, device.keepalive,
    (SELECT string_agg(rule.id || ':' || rule.xmin, ' ' ORDER BY rule.id) FROM devices_alertrule rule
     WHERE rule.device_id = device.id AND rule.enabled),
    EXISTS (SELECT FROM devices_devicecommand command WHERE command.device_id = device.id AND command.status = ANY(%(open)s)),
    CASE WHEN status.leased_until > clock_timestamp() THEN status.holder ELSE '' END,
    status.holder <> '' OR status.last_frame_at > clock_timestamp() - interval '5 seconds'
FROM devices_device device LEFT JOIN devices_devicestatus status ON status.device_id = device.id
WHERE device.driver = ANY(%(polled)s)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One device, as a look finds it."""

    id: int
    version: str
    """Another one after every change to the device."""
    rules: str
    """Another one after every change to its rules; empty when none is switched on."""
    demand: Demand
    holder: str
    """Whose it is; empty when it is free."""
    lately: bool
    """Somebody has just talked to it, or died while doing so: it is owed its pause."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a monitor needs to talk to a device and to tell about it."""

    id: int
    version: str
    kind: str
    name: str
    target: Target
    poll_seconds: float

    @property
    def slug(self) -> str:
        """Its name in addresses and frames."""
        return self.target.slug


def look(*, at: datetime) -> dict[int, Entry]:
    """Every device that is polled, by its id."""
    watching = viewers.counts(at)
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"open": [str(status) for status in COMMAND_OPEN], "polled": [str(kind) for kind in POLLED]})
        rows = cursor.fetchall()
    return {
        pk: Entry(pk, version, rules or "", Demand(enabled, keepalive, bool(rules), watching.get(pk, 0), commanded), holder, bool(lately))
        for pk, version, enabled, keepalive, rules, commanded, holder, lately in rows
    }


def configs(device_ids: Sequence[int]) -> list[Config]:
    """How to reach these devices. One whose password cannot be decrypted is there without: its levels need none."""
    rows = Device.objects.filter(pk__in=device_ids).defer("password").extra(select={"version": "devices_device.xmin::text"})
    return [_config(device) for device in rows.annotate(sealed=Cast("password", TextField()))]


def _config(device: Device) -> Config:
    try:
        password = crypto.decrypt(device.sealed)  # type: ignore[attr-defined]  # annotated
    except (crypto.UndecryptableError, ValueError):
        password = ""
    target = Target(
        slug=device.slug, host=device.host, port=device.port, ftp_port=device.ftp_port, username=device.username, password=password,
        time_zone=device.time_zone,
    )  # fmt: skip
    return Config(device.pk, device.version, device.driver, device.name, target, device.poll_seconds)  # type: ignore[attr-defined]
