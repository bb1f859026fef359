"""Commands to devices: web asks by a row, the one monitor that has the device takes it, and its answer wakes the asker.

A command is taken before its deadline or never, and by one process only: QUEUED → RUNNING is a conditional UPDATE. A row that was
RUNNING when its monitor died is FAILED and never run again: what became of the command is known to the device alone.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from devices import drivers
from devices.enums import COMMAND_OPEN, CommandStatus
from devices.errors import Busy, NotWatched
from devices.models import Device, DeviceCommand, DeviceStatus
from sentinel_site.lib import wake

QUEUE_SECONDS: Final = 15.0
"""How long a command may wait for its turn: one that was not sent by then is not sent any more."""
GRACE_SECONDS: Final = 2.0
"""What writing the answer down may take beyond the time that the command itself has."""
OPEN_LIMIT: Final = 20
"""So many commands may wait for one device; it answers about one a second."""
POLL_SECONDS: Final = (0.03, 0.25)
"""How often a waiting asker looks: often at first, less often later."""
KEEP: Final = timedelta(days=365)
"""How long it is known who gave which command to which device."""
STOPPED: Final = "The monitor stopped while it ran; look at the device before you repeat it."
NOT_SENT: Final = "No monitor came to it in time; nothing was sent to the device."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command."""

    status: CommandStatus
    reply: Any = None
    code: str = ""
    error: str = ""


# --- The asker's side -------------------------------------------------------------------------------------------------


def ask(device: Device, command: str, arguments: Mapping[str, Any], *, by: User | None, at: datetime, key: str = "") -> DeviceCommand:
    """Queue ``command`` for the monitor that has ``device``, and wake it. Nothing is sent by this process.

    With a ``key`` of ``by``'s it is queued once: IntegrityError when there is a command with that key already.
    Raises NotWatched (switched off, or it sends by itself), UnknownCommand, BadArguments, and Busy while a long command is open
    or too many wait.
    """
    if not device.is_polled:
        raise NotWatched(_("%(device)s sends its readings by itself; no command can be given to it.") % {"device": device.name})
    checked = drivers.spec(device.driver, command).check(arguments)
    long = [name for name, spec in drivers.COMMANDS[device.driver].items() if spec.long]
    with transaction.atomic():
        _require_room(device, long, at=at)
        row = DeviceCommand.objects.create(
            device=device, command=command, arguments=checked, asked_by=by, asked_at=at, key=key,
            deadline_at=at + timedelta(seconds=QUEUE_SECONDS),
        )  # fmt: skip
        wake.up(wake.DEVICE_COMMANDS)
    return row


def wait_seconds(row: DeviceCommand) -> float:
    """The longest an honest asker waits for the answer to ``row``: for its turn, for the command itself, for writing it down."""
    return QUEUE_SECONDS + drivers.spec(row.device.driver, row.command).seconds + GRACE_SECONDS


def wait(pk: UUID, seconds: float) -> DeviceCommand:
    """The command as soon as it is done, or as it is after ``seconds``. Holds no connection while it sleeps.

    A command that nobody took before its deadline is TIMED_OUT here, and can then not be taken any more. Raises DoesNotExist.
    """
    until, pause = time.monotonic() + seconds, POLL_SECONDS[0]
    while True:
        row = _look(pk)
        if row.status not in COMMAND_OPEN or time.monotonic() >= until:
            return row
        if not connection.in_atomic_block:
            connection.close()  # back into the pool: many may wait at once
        time.sleep(max(0.0, min(pause, until - time.monotonic())))
        pause = min(pause * 1.5, POLL_SECONDS[1])


def _look(pk: UUID) -> DeviceCommand:
    row = DeviceCommand.objects.select_related("device").defer("device__password").get(pk=pk)
    if row.status == CommandStatus.QUEUED and time_out_due(at=timezone.now(), device_ids=[row.device_id]):
        row = DeviceCommand.objects.select_related("device").defer("device__password").get(pk=pk)
    return row


def _require_room(device: Device, long: Sequence[str], *, at: datetime) -> None:
    """Hold the device's row until the end of the transaction: two askers cannot both find room for the last one."""
    now = Device.objects.select_for_update(no_key=True).only("enabled").get(pk=device.pk)
    if not now.enabled:
        raise NotWatched(_("%(device)s is switched off; switch it on first.") % {"device": device.name})
    fail_abandoned(at=at)
    time_out_due(at=at, device_ids=[device.pk])
    waiting = list(DeviceCommand.objects.filter(device=device, status__in=COMMAND_OPEN).values_list("command", flat=True))
    if running := [name for name in waiting if name in long]:
        raise Busy(
            _("%(device)s is doing %(command)s, which cannot be shared; wait until it is done.")
            % {"device": device.name, "command": running[0]}
        )
    if len(waiting) >= OPEN_LIMIT:
        raise Busy(_("%(n)s commands wait for %(device)s already; wait until some are done.") % {"n": len(waiting), "device": device.name})


# --- The monitor's side -----------------------------------------------------------------------------------------------


def take(device_id: int, *, at: datetime) -> DeviceCommand | None:
    """The oldest command that waits for the device, now RUNNING; None when none waits, or none that may still be sent."""
    with transaction.atomic():
        waiting = DeviceCommand.objects.filter(device_id=device_id, status=CommandStatus.QUEUED, deadline_at__gt=at)
        row = waiting.select_for_update(skip_locked=True).order_by("id").first()
        if row is None:
            return None
        row.status, row.started_at = CommandStatus.RUNNING, at
        row.save(update_fields=["status", "started_at"])
        wake.up(wake.DEVICE_REPLIES)
    return row


def progress(pk: UUID, what: str, done: int, of: int) -> None:
    """Write down how far a long command is."""
    if DeviceCommand.objects.filter(pk=pk, status=CommandStatus.RUNNING).update(progress={"what": what[:200], "done": done, "of": of}):
        wake.up(wake.DEVICE_REPLIES)


def finish(pk: UUID, outcome: Outcome, *, at: datetime) -> bool:
    """Write down what became of a command that RUNS, and wake its asker. False when it was given up for dead meanwhile."""
    with transaction.atomic():
        done = DeviceCommand.objects.filter(pk=pk, status=CommandStatus.RUNNING).update(
            status=outcome.status, finished_at=at, reply=outcome.reply, code=outcome.code[:20], error=outcome.error[:500]
        )
        wake.up(wake.DEVICE_REPLIES)
    return bool(done)


def fail_running(device_ids: Sequence[int], *, at: datetime) -> int:
    """What RUNS on devices that a monitor has just taken over was the dead one's: it is never run again. Returns how many."""
    return _end(DeviceCommand.objects.filter(device_id__in=device_ids, status=CommandStatus.RUNNING), CommandStatus.FAILED, STOPPED, at=at)


def fail_abandoned(*, at: datetime) -> int:
    """The same for devices that no monitor has. Returns how many failed."""
    held = DeviceStatus.objects.filter(device=OuterRef("device"), leased_until__gt=Now())
    return _end(DeviceCommand.objects.filter(~Exists(held), status=CommandStatus.RUNNING), CommandStatus.FAILED, STOPPED, at=at)


def time_out_due(*, at: datetime, device_ids: Sequence[int] | None = None) -> int:
    """Every command that still waits after its deadline is TIMED_OUT: nothing was sent. Returns how many."""
    due = Q(status=CommandStatus.QUEUED, deadline_at__lte=at) & (Q() if device_ids is None else Q(device_id__in=device_ids))
    return _end(DeviceCommand.objects.filter(due), CommandStatus.TIMED_OUT, NOT_SENT, at=at)


def forget_old(*, at: datetime) -> int:
    """Delete commands that were given too long ago. Returns how many."""
    return DeviceCommand.objects.filter(asked_at__lt=at - KEEP).delete()[0]


def _end(rows: Any, status: CommandStatus, error: str, *, at: datetime) -> int:
    done: int = rows.update(status=status, finished_at=at, error=error)
    if done:
        wake.up(wake.DEVICE_REPLIES)
    return done
