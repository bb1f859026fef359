"""Telling people that a device does not answer, and that it does again. Of devices that are kept alive only: others nobody relies on.

Two alerts: one for a device that cannot be reached, one for a meter that is wedged (its control port refuses, its FTP answers), which
only a power cycle helps.
"""

import logging
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from alerts import intake, lifecycle, tongues
from alerts.enums import OPEN, Resolution, Severity
from alerts.errors import IllegalTransition, InvalidReport
from alerts.folding import NewReport
from alerts.models import Alert
from devices import rule_events
from devices.models import Device

UNREACHABLE: Final = "device-unreachable"
WEDGED: Final = "device-wedged"
TYPES: Final = (UNREACHABLE, WEDGED)
logger = logging.getLogger(__name__)
ANSWERS: Final = _("The device answers again.")
KEY: Final = "monitor:"
"""How the dedup keys of these alerts begin: what others report under the same type is theirs."""


def lost_touch(device_id: int, *, error: str, wedged: bool, at: datetime) -> bool:
    """Raise the alert that the device does not answer, unless it is open already. Returns whether one was raised.

    Nothing is raised for a device that was deleted, switched off, or is not kept alive.
    """
    device = Device.objects.filter(pk=device_id, enabled=True, keepalive=True).defer("password").select_related("source").first()
    kind = WEDGED if wedged else UNREACHABLE
    if device is None or _open(kind, device.slug):
        return False
    report = _report(device, kind, tongues.report(lambda: _wedged(device) if wedged else _unreachable(device, error)))
    for source in rule_events.sources(device):
        (outcome,) = intake.accept([report._replace(source=source)], at=at)
        if not isinstance(outcome, InvalidReport):
            return outcome.created
        logger.error("the alert about %s is not accepted from %s: %s", device.slug, source, outcome)
    return False


def found_again(slug: str, *, at: datetime) -> int:
    """The device answers: resolve what is open about it. Returns how many alerts that were."""
    return sum(_resolve(alert, Resolution.RECOVERED, ANSWERS, at=at) for alert in _about(slug))


def settle(*, at: datetime) -> int:
    """Resolve every alert of a device that answers by now, or of which nothing is wanted any more. Returns how many.

    What `found_again` could not do (the process was killed, the device was deleted) is done here.
    """
    alerts = _about()
    slugs = {alert.subject for alert in alerts}
    rows = Device.objects.filter(slug__in=slugs).defer("password", "status__frame").select_related("status") if slugs else []
    devices = {device.slug: device for device in rows}
    return sum(_settle(alert, devices.get(alert.subject), at=at) for alert in alerts)


def _settle(alert: Alert, device: Device | None, *, at: datetime) -> bool:
    if device is None:
        return _resolve(alert, Resolution.AUTO, _("The device was deleted or renamed."), at=at)
    if not device.enabled:
        return _resolve(alert, Resolution.AUTO, _("The device was switched off."), at=at)
    if not device.keepalive or not device.is_polled:
        return _resolve(alert, Resolution.AUTO, _("The device is not watched any more."), at=at)
    return _was_heard(device, since=alert.created_at) and _resolve(alert, Resolution.RECOVERED, ANSWERS, at=at)


def _was_heard(device: Device, *, since: datetime) -> bool:
    """Whether it answered after ``since``: its status is written a second later than an alert, and says until then that all is well."""
    status = getattr(device, "status", None)
    return status is not None and status.reachable is True and status.last_frame_at is not None and status.last_frame_at > since


def _resolve(alert: Alert, resolution: Resolution, note: str, *, at: datetime) -> bool:
    try:
        lifecycle.resolve(alert, by=None, at=at, resolution=resolution, note=tongues.note(lambda: gettext(note)))
    except IllegalTransition:  # it expired, or somebody was quicker
        return False
    return True


def _about(slug: str | None = None) -> list[Alert]:
    rows = Alert.objects.filter(type__in=TYPES, status__in=OPEN, dedup_key__startswith=KEY)
    return list(rows if slug is None else rows.filter(subject=slug))


def _open(kind: str, slug: str) -> bool:
    return Alert.objects.filter(type=kind, subject=slug, status__in=OPEN, dedup_key=_key(kind, slug)).exists()


def _key(kind: str, slug: str) -> str:
    return f"{KEY}{kind}:{slug}"


def _unreachable(device: Device, error: str) -> dict[str, Any]:
    todo = gettext(
        "Nothing is measured there, and no limit is watched. Look whether it has power and network, and whether another program holds "
        "its connection."
    )
    title = gettext("%(device)s does not answer") % {"device": device.name}
    return {"title": title, "description": f"{_sentence(error)}{todo}", "links": _links(device)}


def _sentence(error: str) -> str:
    """``error`` as a sentence with a blank behind it, however it was written; "" when there is none."""
    said = error.strip().rstrip(".")
    return f"{said[0].upper()}{said[1:]}. " if said else ""


def _wedged(device: Device) -> dict[str, Any]:
    why = gettext(
        "Its control port refuses connections while its FTP answers: the meter hangs, and only switching it off and on helps. Nothing is "
        "measured there until then."
    )
    return {
        "title": gettext("%(device)s must be switched off and on") % {"device": device.name},
        "description": why,
        "links": _links(device),
    }


def _links(device: Device) -> list[dict[str, str]]:
    text = gettext("Live page of %(device)s") % {"device": device.name}
    return [{"href": f"{settings.SENTINEL_BASE_URL}/live/devices/{device.slug}/", "text": text}]


def _report(device: Device, kind: str, words: dict[str, Any]) -> NewReport:
    return NewReport(
        source=intake.OWN_SOURCE, type=kind, subject=device.slug, severity=Severity.HIGH, dedup_key=_key(kind, device.slug),
        labels={"device": device.slug, **({"place": device.place} if device.place else {})}, **words,
    )  # fmt: skip
