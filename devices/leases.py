"""Which monitor may talk to which device: a lease in the device's status row, by the database's clock.

The holder counts its time from *before* the statement that renewed it, so it always stops before another may begin. Time goes on
while the process is stopped or the machine sleeps, so a holder that wakes up knows that it is one no longer.
"""

import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection
from django.db.models.functions import Now

from devices.enums import Mode, RunState
from devices.errors import LeaseLost
from devices.models import DeviceStatus

LEASE_SECONDS: Final = 10.0
RENEW_SECONDS: Final = 3.0
MARGIN_SECONDS: Final = 1.0
"""How long before its end a lease is used no more: what was sent last must have been sent before another monitor begins."""
ABANDONED: Final = timedelta(seconds=20)
"""A device that nobody took over in so long after its lease ran out is watched by nobody."""
_GONE: Final = frozenset("ZXx")
"""States of a process in /proc that has ended."""

# One statement each for all devices of a process; rows are locked in one order, so that two monitors cannot block each other.
_TAKE: Final = """
INSERT INTO devices_devicestatus AS status (device_id, holder, leased_until, mode, failures, error, state)
SELECT id, %(holder)s, clock_timestamp() + %(seconds)s * interval '1 second', 'standby', 0, '', 'unknown'
FROM devices_device WHERE id = ANY(%(ids)s) ORDER BY id FOR KEY SHARE
ON CONFLICT (device_id) DO UPDATE SET holder = excluded.holder, leased_until = excluded.leased_until
WHERE status.leased_until IS NULL OR status.leased_until < clock_timestamp() OR status.holder = excluded.holder
    OR status.holder = ANY(%(dead)s)
RETURNING device_id
"""
_RENEW: Final = """
WITH mine AS (
    SELECT device_id FROM devices_devicestatus WHERE device_id = ANY(%(ids)s) AND holder = %(holder)s ORDER BY device_id FOR UPDATE
)
UPDATE devices_devicestatus status SET leased_until = clock_timestamp() + %(seconds)s * interval '1 second'
FROM mine WHERE status.device_id = mine.device_id
RETURNING status.device_id
"""
_RELEASE: Final = """
WITH mine AS (
    SELECT device_id FROM devices_devicestatus WHERE (%(ids)s::bigint[] IS NULL OR device_id = ANY(%(ids)s)) AND holder = %(holder)s
    ORDER BY device_id FOR UPDATE
)
UPDATE devices_devicestatus status
SET holder = '', leased_until = NULL, mode = 'standby', reachable = NULL, unreachable_since = NULL, failures = 0, error = '',
    state = 'unknown'
FROM mine WHERE status.device_id = mine.device_id
RETURNING status.device_id
"""


def steady() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Leases:
    """The leases of one process, the ``holder``. ``take``, ``renew`` and ``release`` wait for the database; the rest is memory."""

    def __init__(self, holder: str, *, seconds: float = LEASE_SECONDS, margin: float = MARGIN_SECONDS) -> None:
        self.holder = holder
        self._seconds, self._margin = seconds, margin
        self._until: dict[int, float] = {}

    def has(self, device_id: int) -> bool:
        """Whether this process may talk to the device now."""
        return steady() < self._until.get(device_id, 0.0)

    def check(self, device_id: int) -> Callable[[], None]:
        """What a driver calls before it sends anything: raises LeaseLost when the device may be another's."""

        def require() -> None:
            if not self.has(device_id):
                raise LeaseLost("The monitor could not renew its lease in time; another may talk to the device by now.")

        return require

    def take(self, device_ids: Sequence[int]) -> list[int]:
        """Take every lease of ``device_ids`` that is free, ran out, or belongs to a dead process of this machine. Returns those taken."""
        return self._hold(_TAKE, device_ids, dead=dead_holders(others(device_ids, self.holder)))

    def renew(self) -> list[int]:
        """Renew all leases. Returns those that are another's by now: they may not be used from here on."""
        before = list(self._until)
        kept = set(self._hold(_RENEW, before))
        gone = [device_id for device_id in before if device_id not in kept]
        self.forget(gone)
        return gone

    def forget(self, device_ids: Iterable[int]) -> None:
        """Renew these no more: they are lost, or about to be released."""
        for device_id in device_ids:
            self._until.pop(device_id, None)

    def release(self, device_ids: Sequence[int]) -> None:
        """Give leases back, so that others need not wait for their end; the rows say that nobody watches. Close the connections first."""
        self.forget(device_ids)
        if device_ids:
            _run(_RELEASE, {"ids": list(device_ids), "holder": self.holder})

    def release_all(self) -> None:
        """`release`, of whatever this process holds: also what was taken and not heard of."""
        self._until.clear()
        _run(_RELEASE, {"ids": None, "holder": self.holder})

    def _hold(self, statement: str, device_ids: Sequence[int], **more: Any) -> list[int]:
        if not device_ids:
            return []
        until = steady() + self._seconds - self._margin
        held = _run(statement, {"ids": list(device_ids), "holder": self.holder, "seconds": self._seconds, **more})
        for device_id in held:
            self._until[device_id] = until
        return held


def clear_abandoned() -> int:
    """Have the rows of monitors that are gone for good say that nobody watches. Returns how many."""
    gone = DeviceStatus.objects.filter(leased_until__lt=Now() - ABANDONED).exclude(holder="")
    return gone.update(
        holder="", leased_until=None, mode=Mode.STANDBY, reachable=None, unreachable_since=None, failures=0, error="",
        state=RunState.UNKNOWN,
    )  # fmt: skip


def others(device_ids: Sequence[int], holder: str) -> set[str]:
    """Who else has leases of ``device_ids``."""
    rows = DeviceStatus.objects.filter(device_id__in=device_ids, leased_until__isnull=False).exclude(holder=holder)
    return set(rows.values_list("holder", flat=True).distinct())


def dead_holders(holders: Iterable[str]) -> list[str]:
    """Those of ``holders`` that were processes of this machine and are no more. Of other machines nothing is known."""
    return [holder for holder in holders if _is_dead(holder)]


def identity() -> str:
    """Who this process is among all that may ever hold a lease: machine, its present run, PID namespace, pid, start of the process."""
    return f"{_here()}/{os.getpid()}/{_started(os.getpid()) or int(time.time())}"


def _here() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:18]
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        boot, namespace = "", 0
    return f"{platform.node()[:40]}/{boot}/{namespace}"


def _is_dead(holder: str) -> bool:
    here, _, process = holder.rpartition("/")[0].rpartition("/")
    started = holder.rpartition("/")[2]
    if here != _here() or not process.isdigit() or not Path("/proc/self/stat").exists():
        return False
    return _started(int(process)) != started


def _started(pid: int) -> str:
    """When the process started, in ticks since the machine did; "" when there is none, or it has ended."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in _GONE else fields[18]


def _run(statement: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
