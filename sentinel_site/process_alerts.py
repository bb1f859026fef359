"""Telling people that one of Sentinel's own processes is dead: an alert of its own, closed when the process is back.

The watchdog watches worker and monitor; the worker and web watch the watchdog. Each can still tell when the other is gone.
"""

from datetime import datetime
from typing import Final

from alerts import intake, lifecycle
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
            lifecycle.resolve(raised[role], by=None, at=at, resolution=Resolution.RECOVERED, note=f"The {role} is back.")


def _report(role: ProcessBeat.Role) -> NewReport:
    return NewReport(
        source=intake.OWN_SOURCE, type=TYPE, subject=role, severity=Severity.CRITICAL, title=f"Sentinel's {role} process is dead",
        description=f"{health.MEANS[role]} Look at the output of `manage.py up`, or start `manage.py {COMMANDS[role]}` again.",
        dedup_key=f"{TYPE}:{role}",
    )  # fmt: skip
