"""What operators configure here, for the history of changes."""

from devices.models import AlertRule, Device, TechnicianNote
from sentinel_site.lib.configuration import declare, leave_out

declare(
    Device,
    (
        "slug", "name", "driver", "host", "port", "ftp_port", "username", "password", "place", "time_zone", "enabled", "keepalive",
        "poll_seconds", "silent_after_seconds", "source",
    ),
    engine=("default_rules_made", "metrics", "created_at", "changed_at"),
)  # fmt: skip
declare(
    AlertRule,
    (
        "device", "name", "metric", "aggregate", "comparison", "threshold", "sustained_seconds", "hysteresis", "cooldown_seconds",
        "window_from", "window_until", "weekdays", "severity", "enabled",
    ),
    engine=("version",),
    within=("device",),
)  # fmt: skip
leave_out(TechnicianNote, "It is what somebody observed, with its author and time, and configures nothing.")
