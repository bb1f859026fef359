"""What is the matter with devices, and what to do about it, in words. Read from what was written down; no device is asked."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from alerts.describe import instant
from alerts.enums import OPEN
from alerts.models import Alert
from devices import addresses, aggregates, rule_events, viewers
from devices.enums import CommandStatus, DriverKind, Mode, RunState
from devices.models import AlertRule, Device, DeviceCommand, DeviceStatus, Reading
from sentinel_site.lib import crypto
from sentinel_site.lib.spans import span

OK, INFO, WARN, ERROR = "ok", "info", "warn", "error"
DEFAULT_PASSWORD: Final = "0000"  # noqa: S105 (Rion's, printed in its manual)
CLOCK_COMMANDS: Final = ("clock", "clock_set", "start_cycle")
CLOCK_DAYS: Final = timedelta(days=31)
DRIFT_SECONDS: Final = 60.0
LATE_POLLS: Final = 5
RECENT: Final = 5
MONITOR_SECONDS: Final = timedelta(seconds=30)
"""A device that is wanted should be held by a monitor after so long."""
_UNREACHABLE: Final = (
    "Look in this order: has it power (and its modem a signal)? Does its address answer (`ping`)? Is another program"
    " connected to it: it has one connection? On the meter: TCP On, Web app Off, no USB cable to a computer."
)
_WEDGED: Final = (
    "Its control port refuses connections while FTP answers: the meter hangs in a state that only a power cycle ends."
    " Switch it off and on again at the meter. A measurement on its card goes on until then."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a device: ``level`` is ok, info, warn or error; ``text`` says what to do."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a device."""

    device: Device
    status: DeviceStatus
    viewers: int
    rules: Sequence[AlertRule]
    """Those that are switched on."""
    alerts: Sequence[Alert]
    """Those that are open, about it."""
    clock: DeviceCommand | None
    """The last time that its clock was read or set."""
    last_reading_at: datetime | None = None
    password: str | None = field(default="", repr=False)
    """None: it cannot be decrypted."""

    @property
    def is_wanted(self) -> bool:
        """Whether a monitor should talk to it now."""
        return self.device.enabled and self.device.is_polled and (self.device.keepalive or self.viewers > 0)


def gather(devices: Sequence[Device], *, at: datetime) -> list[Facts]:
    """What is known of ``devices``. The number of queries does not depend on how many they are."""
    ids, looking = [device.pk for device in devices], viewers.counts(at)
    statuses = DeviceStatus.objects.in_bulk(ids)
    rules: dict[int, list[AlertRule]] = defaultdict(list)
    for rule in AlertRule.objects.filter(device__in=ids, enabled=True):
        rules[rule.device_id].append(rule)
    alerts: dict[str, list[Alert]] = defaultdict(list)
    for alert in Alert.objects.filter(status__in=OPEN, subject__in=[device.slug for device in devices]).select_related("source"):
        alerts[alert.subject].append(alert)
    clocks = {row.device_id: row for row in _clocks(ids, at=at)}
    last = Reading.objects.filter(device=OuterRef("pk")).order_by("-at").values("at")[:1]
    more = Device.objects.filter(pk__in=ids).values_list("pk", Subquery(last), Cast("password", TextField()))
    rest = {pk: (read_at, _opened(sealed)) for pk, read_at, sealed in more}
    return [
        Facts(
            device, statuses.get(device.pk) or DeviceStatus(device=device), looking.get(device.pk, 0), rules[device.pk],
            _own(device, alerts[device.slug]), clocks.get(device.pk), *rest.get(device.pk, (None, "")),
        )
        for device in devices
    ]  # fmt: skip


def findings(facts: Facts, *, at: datetime) -> list[Finding]:
    """What is to be said about a device, the worst first; one "ok" when nothing is."""
    found = [finding for look in _LOOKS for finding in look(facts, at)]
    found.sort(key=lambda finding: (ERROR, WARN, INFO, OK).index(finding.level))
    return found or [Finding(OK, "Nothing is wrong with it.")]


def report(facts: Facts, *, at: datetime) -> dict[str, Any]:
    """Everything about one device that helps to find out what is wrong, as JSON values. It holds no credential."""
    status, device = facts.status, facts.device
    held = status.leased_until is not None and status.leased_until > at
    return {
        "findings": [{"level": finding.level, "text": finding.text} for finding in findings(facts, at=at)],
        "wanted": facts.is_wanted,
        "mode": status.mode,
        "reachable": status.reachable,
        "unreachable_since": instant(status.unreachable_since),
        "failures": status.failures,
        "error": status.error,
        "state": status.state,
        "viewers": facts.viewers,
        "lease": {"holder": status.holder if held else "", "leased_until": instant(status.leased_until) if held else None},
        "last_frame_at": instant(status.last_frame_at),
        "frame": status.frame,
        "last_reading_at": instant(facts.last_reading_at),
        "rules": len(facts.rules),
        "password": "undecryptable" if facts.password is None else "set" if facts.password else "missing",
        "clock_ahead_seconds": _drift(facts),
        "alerts": [
            {"id": str(alert.pk), "type": alert.type, "title": alert.own_title, "status": alert.status, "since": instant(alert.created_at)}
            for alert in facts.alerts[:RECENT]
        ],
        "commands": [_command(row) for row in DeviceCommand.objects.filter(device=device).order_by("-id")[:RECENT]],
    }


# --- One look each ----------------------------------------------------------------------------------------------------


def _off(facts: Facts, _at: datetime) -> Iterator[Finding]:
    if not facts.device.enabled:
        yield Finding(WARN, "It is switched off: nobody talks to it, and it raises no alert. Enable it to watch it.")
    elif facts.device.is_polled and not facts.device.keepalive:
        text = (
            "It is watched only while somebody looks at it; nobody is told what happens at other times. Set keepalive to watch it always."
        )
        yield Finding(WARN if facts.rules else INFO, text)


def _address(facts: Facts, _at: datetime) -> Iterator[Finding]:
    device = facts.device
    if device.driver == DriverKind.NL43 and device.enabled:
        for port in (device.port, device.ftp_port):
            if text := addresses.complaint(device.host, port):
                yield Finding(ERROR, text)


def _held(facts: Facts, at: datetime) -> Iterator[Finding]:
    until = facts.status.leased_until
    if facts.is_wanted and (until is None or until < at) and facts.device.changed_at < at - MONITOR_SECONDS:
        yield Finding(ERROR, "No monitor has it, so it is not measured. Does `manage.py up` (or `manage.py monitor`) run?")


def _answers(facts: Facts, at: datetime) -> Iterator[Finding]:
    status, device = facts.status, facts.device
    if not facts.is_wanted:
        return
    if any(alert.type == "device-wedged" for alert in facts.alerts):
        yield Finding(ERROR, _WEDGED)
    elif status.reachable is False:
        since = f" since {status.unreachable_since:%Y-%m-%d %H:%M} UTC" if status.unreachable_since else ""
        text = f"Unreachable{since}, after {status.failures} failures: {_said(status)}. {_UNREACHABLE}"
        yield Finding(ERROR, text)
    elif status.failures:
        yield Finding(WARN, f"The last {status.failures} tries failed: {_said(status)}.")
    elif status.reachable and status.last_frame_at and at - status.last_frame_at > _patience(device, status):
        yield Finding(ERROR, f"Its last values came {span(at - status.last_frame_at)} ago. Look at the monitor's log.")


def _measures(facts: Facts, _at: datetime) -> Iterator[Finding]:
    deaf = [rule.name for rule in facts.rules if aggregates.is_cumulative(rule.metric) and not rule.aggregate]
    if facts.status.state == RunState.STOPPED and deaf and facts.is_wanted:
        yield Finding(WARN, f"It does not measure, so only Lp has a value, and these rules see nothing: {', '.join(deaf)}. Start it.")


def _pushes(facts: Facts, at: datetime) -> Iterator[Finding]:
    device, last = facts.device, facts.last_reading_at
    if device.is_polled or not device.enabled:
        return
    if last is None:
        text = f"It has never sent anything. Post its readings to /api/v1/devices/{device.slug}/readings with a key that may add readings."
        yield Finding(WARN, text)
    elif device.silent_after_seconds and at - last > timedelta(seconds=device.silent_after_seconds):
        yield Finding(ERROR, f"It has sent nothing for {span(at - last)}. Look at its supply, its network, and the key it sends.")
    if not device.silent_after_seconds:
        yield Finding(WARN, "Nobody is told when it falls silent: set silent_after_seconds.")


def _rules(facts: Facts, _at: datetime) -> Iterator[Finding]:
    if facts.device.enabled and not facts.rules:
        yield Finding(WARN, "It has no rule that is switched on: whatever it measures, nobody is told.")


def _source(facts: Facts, _at: datetime) -> Iterator[Finding]:
    source = facts.device.source
    if source is not None and not source.enabled:
        instead = rule_events.sources(facts.device)[0]
        text = f"Its source {source.slug} is disabled: its alerts come from {instead} instead, by that one's policy."
        yield Finding(WARN, text)


def _credentials(facts: Facts, _at: datetime) -> Iterator[Finding]:
    if facts.device.driver != DriverKind.NL43 or not facts.device.enabled:
        return
    if facts.password is None:
        yield Finding(ERROR, "Its FTP password was written with a key that SENTINEL_ENCRYPTION_KEYS no longer holds: enter it again.")
    elif not facts.password or not facts.device.username:
        yield Finding(INFO, "It has no user name and password for FTP, so its files cannot be fetched. Rion's user is USER.")
    elif facts.password == DEFAULT_PASSWORD:
        text = (
            "Its FTP password is the one it was delivered with (0000): whoever reaches its network reads and deletes its files. Change it."
        )
        yield Finding(WARN, text)


def _clock(facts: Facts, _at: datetime) -> Iterator[Finding]:
    drift = _drift(facts)
    if drift is not None and abs(drift) > DRIFT_SECONDS:
        side = "ahead" if drift > 0 else "behind"
        yield Finding(
            WARN, f"Its clock was {abs(drift):.0f} s {side} when it was last read; its files carry that time. Set it (clock_set)."
        )


_LOOKS: Final[tuple[Callable[[Facts, datetime], Iterator[Finding]], ...]] = (
    _off, _address, _held, _answers, _measures, _pushes, _rules, _source, _credentials, _clock,
)  # fmt: skip


# --- What they look at ------------------------------------------------------------------------------------------------


def _said(status: DeviceStatus) -> str:
    """What went wrong last, to be followed by a full stop."""
    return status.error.rstrip(". ") or "it does not answer"


def _patience(device: Device, status: DeviceStatus) -> timedelta:
    pause = device.poll_seconds if status.mode == Mode.WATCHED else max(device.poll_seconds, 10.0)
    return timedelta(seconds=LATE_POLLS * pause + 10)


def _drift(facts: Facts) -> float | None:
    """By how many seconds its clock was ahead when it was last read; None when it was set since, or that is long ago."""
    reply = facts.clock.reply if facts.clock is not None and facts.clock.command == "clock" else None
    ahead = reply.get("ahead_seconds") if isinstance(reply, dict) else None
    return float(ahead) if isinstance(ahead, int | float) else None


def _clocks(ids: Sequence[int], *, at: datetime) -> Any:
    done = DeviceCommand.objects.filter(device__in=ids, command__in=CLOCK_COMMANDS, status=CommandStatus.DONE)
    return done.filter(finished_at__gt=at - CLOCK_DAYS).order_by("device_id", "-id").distinct("device_id")


def _own(device: Device, alerts: Sequence[Alert]) -> list[Alert]:
    """Another source may use the same word for something else."""
    sources = {*rule_events.sources(device), *rule_events.SOURCES.values(), *([device.source.slug] if device.source else [])}
    return sorted((alert for alert in alerts if alert.source.slug in sources), key=lambda alert: alert.created_at, reverse=True)


def _opened(sealed: str) -> str | None:
    try:
        return crypto.decrypt(sealed)
    except (crypto.UndecryptableError, ValueError):
        return None


def _command(row: DeviceCommand) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "command": row.command,
        "status": row.status,
        "code": row.code,
        "error": row.error,
        "at": instant(row.asked_at),
    }
