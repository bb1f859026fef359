"""Giving a device a command on behalf of a caller who waits for the reply: once per Idempotency-Key, and never longer than it helps."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from alerts.describe import instant
from devices import commands, drivers
from devices.drivers import CommandSpec
from devices.enums import COMMAND_OPEN, CommandStatus
from devices.errors import BadArguments, Busy, NotWatched, UnknownCommand
from devices.models import Device, DeviceCommand
from devices.signals import monitor_wanted
from sentinel_site.lib import english, problems
from sentinel_site.lib.problems import Problem

WAIT_SECONDS: Final = 25.0
"""Nobody waits longer for a reply: Idempotency-Key's own claim lasts 30 s, and proxies give up after that. The command goes on."""
WAITING: Final = 64
"""So many callers of one process may wait at once; each takes a thread. The others are told at once where to look."""
KEY_DAYS: Final = timedelta(days=1)
_BAD_GATEWAY: Final = {
    CommandStatus.REFUSED: "refused",
    CommandStatus.UNREACHABLE: "unreachable",
    CommandStatus.FAILED: "failed",
}
_places = threading.BoundedSemaphore(WAITING)


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Driver → its commands with their arguments, for people and programs that choose one."""
    return {str(kind): [_describe_spec(spec) for spec in specs.values()] for kind, specs in drivers.COMMANDS.items()}


def give(device: Device, command: str, arguments: Mapping[str, Any], *, by: User, at: datetime, key: str = "") -> DeviceCommand:
    """Queue ``command``, or find the one that was queued with the same ``key``. Raises a Problem: 409, 422, or 503 without a monitor."""
    try:
        if command in drivers.FILE_COMMANDS:
            raise UnknownCommand("files are fetched by /api/v1/devices/{slug}/files and …/files/download")
        known = _known(device, command, arguments, by=by, at=at, key=key)
        if known is not None:
            return known
        require_monitor(at=at)
        with transaction.atomic():
            return commands.ask(device, command, arguments, by=by, at=at, key=key)
    except IntegrityError:
        raise Problem(409, _("The same request is being worked on. Ask again in a moment."), headers={"Retry-After": "1"}) from None
    except UnknownCommand as error:
        raise problems.invalid([(("body", "command"), str(error))]) from None
    except BadArguments as error:
        raise problems.invalid([(("body", "args", name), text) for name, text in error.errors]) from None
    except (Busy, NotWatched) as error:
        raise Problem(409, str(error), code="busy" if isinstance(error, Busy) else "not_watched") from None


def await_reply(row: DeviceCommand) -> DeviceCommand:
    """The command when it is done, or as it is when waiting helps no more. Call it outside of a transaction."""
    if row.status not in COMMAND_OPEN or drivers.spec(row.device.driver, row.command).long or not _places.acquire(blocking=False):
        return row
    try:
        return commands.wait(row.pk, min(WAIT_SECONDS, commands.wait_seconds(row)))
    finally:
        _places.release()


def answer(row: DeviceCommand) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the body for ``row``: 200 with the reply, 202 while it is not done. Raises a 502 or 504 Problem."""
    if row.status in COMMAND_OPEN:
        return 202, describe(row)
    if row.status == CommandStatus.DONE:
        return 200, describe(row)
    text = row.error or f"The command ended as {english.label(CommandStatus, row.status).lower()}."
    if row.status == CommandStatus.TIMED_OUT:
        raise Problem(504, text, code="timed_out", command=str(row.pk))
    raise Problem(502, text, code=row.code or _BAD_GATEWAY[CommandStatus(row.status)], command=str(row.pk))


def record(device: Device) -> QuerySet[DeviceCommand]:
    """The commands that were given to ``device``, with what describing them needs."""
    return DeviceCommand.objects.filter(device=device).select_related("asked_by").only(*_FIELDS, "asked_by__username")


def describe(row: DeviceCommand) -> dict[str, Any]:
    """A command: who gave it, when, and what became of it."""
    return {
        "id": str(row.pk),
        "command": row.command,
        "args": {name: value for name, value in row.arguments.items() if name != "transfer"},
        "status": row.status,
        "reply": row.reply,
        "code": row.code,
        "error": row.error,
        "progress": row.progress or None,
        "asked_by": row.asked_by.get_username() if row.asked_by else None,
        "asked_at": instant(row.asked_at),
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
    }


def require_monitor(*, at: datetime) -> None:
    """Raises a 503 Problem at once when no monitor lives: nobody should wait for one that does not come."""
    answers = [alive for _receiver, alive in monitor_wanted.send(sender=None, at=at)]
    if answers and not any(answers):
        text = _("No monitor runs, and only a monitor talks to devices. Nothing was sent. Start it (`manage.py up`), then send it again.")
        raise Problem(503, text, code="no_monitor", headers={"Retry-After": "10"})


_FIELDS: Final = (
    "device_id", "command", "arguments", "status", "reply", "code", "error", "progress", "asked_at", "started_at", "finished_at",
)  # fmt: skip


def _known(device: Device, command: str, arguments: Mapping[str, Any], *, by: User, at: datetime, key: str) -> DeviceCommand | None:
    """The command that was given with ``key`` within a day, whatever became of it: it is never sent a second time."""
    if not key:
        return None
    row = DeviceCommand.objects.select_related("device", "asked_by").defer("device__password").filter(asked_by=by, key=key).first()
    if row is None:
        return None
    if row.asked_at < at - KEY_DAYS:
        DeviceCommand.objects.filter(pk=row.pk).update(key="")
        return None
    checked = drivers.spec(device.driver, command).check(arguments)
    if (row.device_id, row.command, row.arguments) != (device.pk, command, checked):
        text = "was used within 24 h for another command; use a new key for each"
        raise problems.invalid([(("header", "Idempotency-Key"), text)])
    return row


def _describe_spec(spec: CommandSpec) -> dict[str, Any]:
    return {
        "command": spec.name,
        "title": spec.title,
        "changes": spec.changes,
        "confirm": spec.confirm,
        "long": spec.long,
        "seconds": spec.seconds,
        "args": [{"name": each.name, "title": each.title, "choices": list(each.choices)} for each in spec.arguments],
    }
