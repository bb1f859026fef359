"""What the worker does by the clock: name → (dotted path of a task, minutes). Bootstrap writes it into django-q2's schedules.

Nothing here is needed on time: escalation, deliveries and the start of jobs are the watchdog's, and come here a second time for the
case it is dead. What has a result worth a record is a job (see the apps' job_callables.py) and not here.
"""

from typing import Final

PERIODIC: Final[dict[str, tuple[str, int]]] = {
    "catch-up": ("sentinel_site.tasks.catch_up", 1),
    "revise": ("sentinel_site.tasks.revise", 1),
    "statistics": ("sentinel_site.tasks.keep_statistics", 1),
    "watch": ("sentinel_site.tasks.watch", 1),
    "triage-waiting": ("alerts.tasks.triage_waiting", 1),
    "silent-foreign-alerts": ("alerts.tasks.end_silent_foreign", 1),
    "subscriptions": ("alerts.tasks.publish", 1),
    "silence-digests": ("alerts.tasks.tell_digests", 1),
    "maintenance-windows": ("alerts.tasks.keep_windows", 1),
    "flapping-alerts": ("alerts.tasks.end_flapping", 1),
    "hand-offs": ("notifications.tasks.hand_offs", 1),
    "roll-ups": ("devices.tasks.roll_up", 1),
    "silent-devices": ("devices.tasks.silence", 1),
    "rule-orphans": ("devices.tasks.close_orphans", 1),
    "jobs": ("jobs.tasks.catch_up", 1),
    "bulk-runs": ("sentinel_site.tasks.go_on_with_bulk", 1),
    "missing-backups": ("backups.tasks.miss", 1),
}
