"""Wake-ups by PostgreSQL's NOTIFY: part of the transaction, so a sleeper is woken exactly when the row can be seen.

A wake-up is a hint and may be lost (the listener was reconnecting); every sleeper also looks by itself.
"""

from typing import Final

from django.db import connection

DUE: Final = "sentinel_due"
"""An alert has a step or a deadline earlier than the watchdog may be sleeping to, and it must not wait."""
REPORTED: Final = "sentinel_reported"
"""The same, after reports of which no life and no P1 depends: in a flood they are told in larger sweeps."""
PLANNED: Final = "sentinel_planned"
"""The same, after a sweep that planned further steps."""
OUTBOX: Final = "sentinel_outbox"
"""A delivery was queued."""
REVISIONS: Final = "sentinel_revisions"
"""A message that was sent should say something else by now."""
EVENTS: Final = "sentinel_events"
"""The live feed has a new event."""
DEVICES: Final = "sentinel_devices"
"""A device, one of its rules or who looks at it changed (sent by triggers): monitors read again."""
DEVICE_COMMANDS: Final = "sentinel_device_commands"
"""Somebody gave a device a command."""
DEVICE_REPLIES: Final = "sentinel_device_replies"
"""A command to a device is done, or got further."""
JOBS: Final = "sentinel_jobs"
"""A job's next run, or another try, may be earlier than the watchdog is sleeping to."""


def up(topic: str) -> None:
    """Wake whoever listens to ``topic`` when the current transaction commits (at once outside of one)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [topic])
