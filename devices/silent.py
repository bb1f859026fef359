"""“No data”: an alert about a device that should push and did not for too long. Data resolves it.

What counts is how old the newest reading is, by the instant it was measured: a device that repeats an old reading for ever, or
whose readings come hours late, keeps nobody safe either. The worker looks once a minute; data ends the alert at once.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts import lifecycle, raising, tongues
from alerts.enums import OPEN, Resolution, Severity
from alerts.errors import IllegalTransition
from alerts.models import Alert
from devices import rule_events, rule_texts
from devices.enums import DriverKind
from devices.models import Device
from sentinel_site.lib import ages

TYPE: Final = "device-silent"
BACK: Final = gettext_noop("It sends readings again.")
NOT_EXPECTED: Final = gettext_noop("Nobody expects readings of it any more: it was switched off, deleted, or set up otherwise.")
_MARK: Final = """
UPDATE devices_devicestatus AS status SET reachable = false, unreachable_since = status.last_frame_at FROM devices_device AS device
WHERE device.id = status.device_id AND device.driver = %(driver)s AND device.enabled AND status.reachable
    AND status.last_frame_at < %(at)s - device.silent_after_seconds * interval '1 second'
"""


def check(*, at: datetime) -> int:
    """Raise an alert for every device that is silent and has none, and resolve those of all others. Returns how many are silent.

    Their status says that they are not there; the next reading says otherwise (pushed.py).
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARK, {"driver": DriverKind.PUSH, "at": at})
    raised = {alert.dedup_key: alert for alert in _open_alerts()}
    expected = {_key(device): device for device in _expected()}
    for key, device in expected.items():
        if _is_silent(device, at=at) and key not in raised:
            raising.raise_by(rule_events.sources(device), _report(device, at=at), at=at)
    for key, alert in raised.items():
        if key not in expected:
            _resolve(alert, NOT_EXPECTED, at=at, resolution=Resolution.AUTO)
        elif not _is_silent(expected[key], at=at):
            _resolve(alert, BACK, at=at)
    return sum(_is_silent(device, at=at) for device in expected.values())


def heard(device: Device, *, last_at: datetime, at: datetime) -> None:
    """A reading of ``last_at`` came: the alert about the device's silence ends, unless that is too old itself."""
    if device.silent_after_seconds is None or at - last_at > timedelta(seconds=device.silent_after_seconds):
        return
    for alert in _open_alerts().filter(dedup_key=_key(device)):
        _resolve(alert, BACK, at=at)


def _open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(type=TYPE, status__in=OPEN, dedup_key__startswith=f"{TYPE}:")


def _expected() -> QuerySet[Device]:
    wanted = Device.objects.filter(driver=DriverKind.PUSH, enabled=True, silent_after_seconds__isnull=False)
    return wanted.defer("password", "status__frame").select_related("status", "source")


def _last_at(device: Device) -> datetime:
    """The newest reading, or when the device was made."""
    status = getattr(device, "status", None)
    return (status.last_frame_at if status else None) or device.created_at


def _is_silent(device: Device, *, at: datetime) -> bool:
    return at - _last_at(device) > timedelta(seconds=device.silent_after_seconds or 0)


def _key(device: Device) -> str:
    return f"{TYPE}:{device.pk}"


def _report(device: Device, *, at: datetime) -> dict[str, Any]:
    return {
        "type": TYPE, "subject": device.slug, "severity": Severity.HIGH, "dedup_key": _key(device),
        "labels": {"device": device.slug} | ({"place": device.place} if device.place else {}),
        **tongues.report(lambda: _words(device, at=at)),
    }  # fmt: skip


def _words(device: Device, *, at: datetime) -> dict[str, Any]:
    last_at, allowed = _last_at(device), ages.precise(device.silent_after_seconds or 0)
    what = _("Its newest reading is of %(when)s; it is expected every %(time)s at the latest.")
    if last_at == device.created_at:
        what = _("It never sent a reading; it is expected every %(time)s at the latest.")
    todo = _("While it is silent no rule can notice anything. Look at its power, its network, its key and its clock.")
    place = f"{device.name}, {device.place}" if device.place else device.name
    return {
        "title": _("%(device)s: no data for %(time)s") % {"device": device.name, "time": ages.length(at - last_at)},
        "description": f"{place}.\n{what % {'when': rule_texts.clock(last_at, device), 'time': allowed}} {todo}",
        "links": rule_texts.links(device),
    }


def _resolve(alert: Alert, note: str, *, at: datetime, resolution: Resolution = Resolution.RECOVERED) -> None:
    try:
        lifecycle.resolve(alert, by=None, at=at, resolution=resolution, note=tongues.note(lambda: _(note)))
    except IllegalTransition:
        return  # it expired meanwhile
