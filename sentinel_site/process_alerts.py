"""Telling people that one of Sentinel's own processes is dead: an alert of its own, closed when the process is back.

The watchdog watches worker and monitor; the worker and web watch the watchdog. Each can still tell when the other is gone.
"""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from alerts import intake, lifecycle, tongues
from alerts.enums import OPEN, Resolution, Severity
from alerts.folding import NewReport
from alerts.models import Alert
from sentinel_site import health
from sentinel_site.models import ProcessBeat

TYPE: Final = "process-dead"
COMMANDS: Final = {ProcessBeat.Role.WORKER: "qcluster", ProcessBeat.Role.WATCHDOG: "watchdog", ProcessBeat.Role.MONITOR: "monitor"}
WATCHES: Final = {
    ProcessBeat.Role.WATCHDOG: (ProcessBeat.Role.WORKER, ProcessBeat.Role.MONITOR),
    ProcessBeat.Role.WORKER: (ProcessBeat.Role.WATCHDOG,),
}


def check(*, watched_by: ProcessBeat.Role, at: datetime) -> None:
    """Raise an alert for every dead process that ``watched_by`` watches, and resolve those of processes that are back."""
    dead = health.dead_roles(at=at)
    raised = {alert.subject: alert for alert in Alert.objects.filter(source__slug=intake.OWN_SOURCE, type=TYPE, status__in=OPEN)}
    for role in WATCHES[watched_by]:
        if role in dead and role not in raised:
            intake.accept([_report(role)], at=at)
        elif role not in dead and role in raised:
            back = tongues.note(lambda: _("The %(role)s is back.") % {"role": role})  # noqa: B023 (said at once)
            lifecycle.resolve(raised[role], by=None, at=at, resolution=Resolution.RECOVERED, note=back)


def _report(role: ProcessBeat.Role) -> NewReport:
    return NewReport(
        source=intake.OWN_SOURCE, type=TYPE, subject=role, severity=Severity.CRITICAL, dedup_key=f"{TYPE}:{role}",
        **tongues.report(lambda: _words(role)),
    )  # fmt: skip


def _words(role: ProcessBeat.Role) -> dict[str, str]:
    look = _("Look at the output of `manage.py up`, or start `manage.py %(command)s` again.") % {"command": COMMANDS[role]}
    return {"title": _("Sentinel's %(role)s process is dead") % {"role": role}, "description": f"{_(health.MEANS[role])} {look}"}
