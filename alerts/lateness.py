"""When an alert is late: nobody took it within its priority's response target, or a step that was due was not taken."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from alerts.enums import RESPONSE_SECONDS, UNACKNOWLEDGED
from alerts.models import Alert
from sentinel_site.lib.ids import floor

GRACE_SECONDS: Final = 60
"""What "at once" allows a person, and how late a step may be before it counts as overdue."""


def unanswered_since(priority: int, *, at: datetime) -> datetime | None:
    """Alerts of ``priority`` raised before this and not acknowledged are late at ``at``; None: the priority has no target."""
    target = RESPONSE_SECONDS[priority]  # type: ignore[index]
    return None if target is None else at - timedelta(seconds=max(target, GRACE_SECONDS))


def overdue(*, at: datetime) -> Q:
    """Alerts with a step that should have been taken before ``at``."""
    return Q(next_step_at__lt=at - timedelta(seconds=GRACE_SECONDS))


def unanswered(priority: int, *, at: datetime) -> Q | None:
    """Alerts of ``priority`` that nobody took in time; None when the priority has no target. Reads the index of open alerts."""
    since = unanswered_since(priority, at=at)
    return None if since is None else Q(priority=priority, status__in=UNACKNOWLEDGED, id__lt=floor(since))


def late(*, at: datetime) -> Q:
    """Every late alert."""
    found = overdue(at=at)
    for priority in RESPONSE_SECONDS:
        if (q := unanswered(priority, at=at)) is not None:
            found |= q
    return found


def is_late(alert: Alert, *, at: datetime) -> bool:
    """Whether ``alert`` is late at ``at``; agrees with ``late``."""
    since = unanswered_since(alert.priority, at=at)
    if since is not None and alert.is_unacknowledged and alert.created_at < since:
        return True
    return alert.next_step_at is not None and alert.next_step_at < at - timedelta(seconds=GRACE_SECONDS)
