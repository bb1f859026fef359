"""What the worker does for `notifications`. Each task reads the clock and makes one idempotent call."""

from django.utils import timezone

from notifications import handoffs


def hand_offs() -> None:
    """Tell those who have just come on call, and those who went off."""
    handoffs.tell_due(at=timezone.now())
