"""What the live pages of devices show: how every device is, and all about one of them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Prefetch, Q

from alerts import describe
from alerts.enums import OPEN
from alerts.intake import OWN_SOURCE
from alerts.models import Alert
from devices import sentences
from devices.models import AlertRule, Device, DeviceCommand, DeviceStatus, DeviceViewer, RuleEvent, TechnicianNote
from devices.models.reading import MINUTE, Rollup

SOURCES: Final = ("meters", "sensors", "notes", OWN_SOURCE)
"""Whose alerts may be a device's, beside its own source."""
SPARK_MINUTES: Final = 60
SPARK_METRICS: Final = ("lp", "humidity")
EVENT_DAYS, EVENT_LIMIT, COMMAND_LIMIT, NOTE_LIMIT, ALERT_LIMIT = 31, 500, 30, 20, 20


def snapshot(*, at: datetime) -> dict[str, Any]:
    """Every device with its last frame, and what is wrong with it. The number of queries does not depend on how many there are."""
    devices = list(readable(at=at).order_by("name", "slug"))
    active = _open_events(devices)
    alerts = open_alerts(devices)
    sparks = _sparks(devices, at=at)
    described = [
        {
            **describe_device(device),
            "active": active[device.pk],
            "alerts": alerts[device.slug],
            "spark": sparks[device.pk],
        }
        for device in devices
    ]
    return {"now": describe.instant(at), "devices": described}


def readable(*, at: datetime) -> Any:
    """Devices with what describe_device needs."""
    seen = Prefetch("viewers", DeviceViewer.objects.filter(seen_until__gt=at))
    return Device.objects.defer("password").select_related("status", "source").prefetch_related(seen)


def describe_device(device: Device) -> dict[str, Any]:
    """A device as its pages know it; nothing about how to get into it."""
    return {
        "id": device.pk,
        "slug": device.slug,
        "name": device.name,
        "driver": device.driver,
        "polled": device.is_polled,
        "place": device.place,
        "time_zone": device.time_zone,
        "enabled": device.enabled,
        "keepalive": device.keepalive,
        "poll_seconds": device.poll_seconds,
        "silent_after_seconds": device.silent_after_seconds,
        "viewers": sum(each.count for each in device.viewers.all()),
        "status": describe_status(getattr(device, "status", None)),
    }


def describe_status(status: DeviceStatus | None) -> dict[str, Any]:
    """How a device is; a device nobody ever talked to is in the state of a fresh row."""
    status = status or DeviceStatus()
    return {
        "mode": status.mode,
        "reachable": status.reachable,
        "unreachable_since": describe.instant(status.unreachable_since),
        "error": status.error,
        "state": status.state,
        "last_frame_at": describe.instant(status.last_frame_at),
        "frame": status.frame,
    }


def one(device: Device, *, at: datetime) -> dict[str, Any]:
    """All about ``device`` (of ``readable``) that its page shows beside its readings."""
    events = device.rule_events.filter(Q(onset_at__gt=at - timedelta(days=EVENT_DAYS)) | Q(clear_at__isnull=True))
    commands = device.commands.select_related("asked_by")[:COMMAND_LIMIT]
    notes = device.notes.prefetch_related("findings").select_related("author")[:NOTE_LIMIT]
    return {
        "now": describe.instant(at),
        "device": describe_device(device),
        "rules": [_rule(rule) for rule in device.rules.select_related("state")],
        "events": [_event(event) for event in events[:EVENT_LIMIT]],
        "alerts": open_alerts([device])[device.slug],
        "commands": [_command(command) for command in commands],
        "notes": [_note(note) for note in notes],
    }


def open_alerts(devices: Iterable[Device]) -> dict[str, list[dict[str, Any]]]:
    """The open alerts of each device by its slug, the most urgent first."""
    sources = {device.slug: {*SOURCES, device.source.slug if device.source else OWN_SOURCE} for device in devices}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = Alert.objects.filter(status__in=OPEN, subject__in=list(sources)).select_related("source").order_by("priority", "id")
    for alert in rows[: ALERT_LIMIT * max(1, len(sources))]:
        if alert.source.slug in sources[alert.subject]:
            found[alert.subject].append({
                "id": str(alert.pk), "number": alert.number, "title": alert.own_title, "priority": f"P{alert.priority}",
                "status": alert.status, "created_at": describe.instant(alert.created_at), "taken_by": alert.acknowledged_by,
            })  # fmt: skip
    return found


def _open_events(devices: Iterable[Device]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = RuleEvent.objects.filter(device__in=[device.pk for device in devices], clear_at__isnull=True)
    for device_id, document in rows.values_list("device_id", "rule_document"):
        found[device_id].append(str(document.get("name", "")))
    return found


def _sparks(devices: Iterable[Device], *, at: datetime) -> dict[int, list[list[float]]]:
    """The minutes of the last hour: per device [seconds since the epoch, mean]."""
    found: dict[int, list[list[float]]] = defaultdict(list)
    rows = Rollup.objects.filter(
        device__in=[device.pk for device in devices], metric__in=SPARK_METRICS, seconds=MINUTE,
        at__gt=at - timedelta(minutes=SPARK_MINUTES),
    )  # fmt: skip
    for device_id, instant, mean in rows.order_by("at").values_list("device_id", "at", "mean"):
        found[device_id].append([instant.timestamp(), round(mean, 1)])
    return found


def _rule(rule: AlertRule) -> dict[str, Any]:
    state = getattr(rule, "state", None)
    return {
        "id": rule.pk,
        "name": rule.name,
        "sentence": sentences.of_rule(rule),
        "metric": rule.metric,
        "aggregate": rule.aggregate,
        "comparison": rule.comparison,
        "threshold": rule.threshold,
        "hysteresis": rule.hysteresis,
        "window_from": f"{rule.window_from:%H:%M}" if rule.window_from else None,
        "window_until": f"{rule.window_until:%H:%M}" if rule.window_until else None,
        "weekdays": rule.weekdays,
        "severity": rule.severity,
        "enabled": rule.enabled,
        "phase": state.phase if state and state.version == rule.version else "quiet",
    }


def _event(event: RuleEvent) -> dict[str, Any]:
    return {
        "id": str(event.pk),
        "rule": event.rule_id,
        "name": event.rule_document.get("name", ""),
        "metric": event.metric,
        "onset_at": describe.instant(event.onset_at),
        "value": event.value,
        "peak": event.peak,
        "clear_at": describe.instant(event.clear_at),
        "closing": sentences.of_closing(event.closing),
        "alert": str(event.alert_id) if event.alert_id else None,
    }


def _command(command: DeviceCommand) -> dict[str, Any]:
    by = command.asked_by
    return {
        "id": str(command.pk),
        "command": command.command,
        "arguments": command.arguments,
        "status": command.status,
        "by": (by.get_full_name() or by.get_username()) if by else "",
        "asked_at": describe.instant(command.asked_at),
        "finished_at": describe.instant(command.finished_at),
        "progress": command.progress,
        "reply": command.reply,
        "code": command.code,
        "error": command.error,
    }


def _note(note: TechnicianNote) -> dict[str, Any]:
    by = note.author
    return {
        "id": str(note.pk),
        "text": note.text,
        "by": (by.get_full_name() or by.get_username()) if by else "",
        "written_at": describe.instant(note.written_at),
        "archived": note.archived_at is not None,
        "findings": [{"kind": sentences.of_finding(each.kind), "status": each.status, "words": each.words} for each in note.findings.all()],
    }
