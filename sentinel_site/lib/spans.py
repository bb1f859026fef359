"""Lengths of time in words."""

from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


def span(length: timedelta) -> str:
    """A length of time in its largest fitting unit, rounded down: ``12 s``, ``3 min``, ``5 h``, ``9 d``."""
    seconds = max(0, int(length.total_seconds()))
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def exact(seconds: int) -> str:
    """A number of seconds without loss: ``0 s``, ``2 min``, ``1 h 30 min``."""
    parts = []
    for size, unit in (*_UNITS, (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def beside(instant: datetime, *, at: datetime) -> str:
    """``in 3 min``, or ``3 min ago``."""
    return f"in {span(instant - at)}" if instant > at else f"{span(at - instant)} ago"


def until(instant: datetime, *, at: datetime) -> str:
    """``in 3 min``, or ``3 min overdue``."""
    return f"in {span(instant - at)}" if instant >= at else f"{span(at - instant)} overdue"
