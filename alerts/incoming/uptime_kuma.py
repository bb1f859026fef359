"""Uptime Kuma's webhook, read: pure. One alert a monitor: down raises it, up resolves it."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from alerts import tongues
from alerts.enums import Severity
from alerts.folding import NewReport
from alerts.incoming import contract
from alerts.incoming.contract import Action, FormatError, Incoming

DOWN, UP = 0, 1
IGNORED: Final[dict[int | None, str]] = {2: "pending: Uptime Kuma is still trying", 3: "under maintenance in Uptime Kuma"}
_TESTING: Final = re.compile(r"\btesting\s*$", re.I)
_DAYS: Final = re.compile(r"\bin -?\d+ days?\b", re.I)


def read(value: Any, source: str, *, at: datetime) -> list[Incoming]:
    """The one thing that the message says. Raises FormatError."""
    if not isinstance(value, dict) or not {"heartbeat", "monitor", "msg"} & value.keys():
        raise FormatError("Send Uptime Kuma's own JSON: heartbeat, monitor and msg. Set the notification's body to its preset.")
    beat = value.get("heartbeat")
    if not isinstance(beat, dict):
        return [_notice(value, source, at=at)]
    status = beat.get("status")
    monitor = value.get("monitor")
    report = contract.bounded(_report(value, beat, monitor if isinstance(monitor, dict) else {}, source), at=at)
    kind = status if isinstance(status, int) and not isinstance(status, bool) else None
    if kind == DOWN:
        return [Incoming(Action.TRIGGER, report)]
    if kind == UP:
        return [Incoming(Action.RESOLVE, report, note=contract.cut(contract.text(beat.get("msg")), 500))]
    if kind in IGNORED:
        return [Incoming(Action.IGNORE, report, why=IGNORED[kind])]
    raise FormatError("heartbeat.status must be 0 (down), 1 (up), 2 (pending) or 3 (maintenance).")


def _notice(value: Mapping[str, Any], source: str, *, at: datetime) -> Incoming:
    """Without a heartbeat: the button “Test”, or a certificate that will expire."""
    said = contract.text(value.get("msg")).strip()
    report = NewReport(source, title=said or "Uptime Kuma says nothing", type="notice", raw=contract.raw(value))
    if _TESTING.search(said) or not said:
        return Incoming(Action.TEST, contract.bounded(report._replace(type="test"), at=at))
    about = hashlib.sha256(_DAYS.sub("", said).encode()).hexdigest()[:32]
    return Incoming(Action.TRIGGER, contract.bounded(report._replace(severity=Severity.INFO, dedup_key=f"kuma:notice:{about}"), at=at))


def _report(value: Mapping[str, Any], beat: Mapping[str, Any], monitor: Mapping[str, Any], source: str) -> NewReport:
    number = contract.text(monitor.get("id")) or contract.text(beat.get("monitorID"))
    name = contract.text(monitor.get("pathName")) or contract.text(monitor.get("name")) or f"monitor {number}"
    tags = _tags(monitor.get("tags"))
    where = contract.text(monitor.get("hostname")) or contract.url(monitor.get("url"))
    own = {"monitor": name, "monitor_type": monitor.get("type"), "target": where, "port": monitor.get("port")}
    return NewReport(
        source,
        **tongues.report(lambda: {"title": _("%(name)s is down") % {"name": name}}),
        type="uptime",
        severity=contract.severity(tags.get("severity")),
        subject=name,
        description=contract.text(beat.get("msg")) or contract.text(value.get("msg")),
        dedup_key=f"kuma:{number or name}",
        labels=contract.labels({**tags, **{label: each for label, each in own.items() if contract.text(each)}}),
        links=contract.links([("What is watched", monitor.get("url"))]),
        raw=contract.raw(value),
    )


def _tags(value: Any) -> dict[str, str]:
    return {contract.text(each.get("name")): contract.text(each.get("value")) or "true" for each in contract.objects(value)}
