"""What the story of an alert is made of: values alone, for whoever tells it and for the apps above that add to it. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from alerts.models import Alert

Value = str | int | float | bool | datetime | None
Series = Sequence[float | None]
LONG_TEXT: Final = 4000
"""What others printed (output, errors, raw reports) is told up to so many characters."""


class Fact(NamedTuple):
    """One particular: its name in the file, its name in the reader's language, and what it is. Without a label it is in the file alone."""

    name: str
    label: str
    value: Value


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. ``text`` is a sentence in the reader's language, ``quoted`` is given word by word as it was printed.

    ``rank`` orders what has the same instant (the lowest first), and ``place`` what has the same rank.
    """

    at: datetime
    kind: str
    text: str
    who: str = ""
    facts: Sequence[Fact] = ()
    quoted: str = ""
    rank: int = 0
    place: int = 0


class Span(NamedTuple):
    """From one instant to another."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Chart:
    """Samples around the alert. ``at`` is in seconds since 1970; ``mean``, ``low`` and ``high`` are of the points, each so wide.

    ``limit`` is the rule's threshold, ``onset_at`` and ``clear_at`` when it held and when it was over; None: not known, or not yet.
    """

    title: str
    unit: str
    span: Span
    at: Sequence[float]
    mean: Series
    low: Series
    high: Series
    step_seconds: float
    limit: float | None = None
    limit_text: str = ""
    onset_at: datetime | None = None
    clear_at: datetime | None = None
    gaps: Sequence[Span] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What one app knows of an alert. ``left_out`` says in sentences what it did not tell, and why."""

    entries: Sequence[Entry] = ()
    charts: Sequence[Chart] = ()
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app is asked to tell of: the alert, up to ``at``, for a reader who has the permissions that ``may`` says."""

    alert: Alert
    at: datetime
    may: Callable[[str], bool] = field(compare=False)

    @property
    def until(self) -> datetime:
        """When the alert was over, or now."""
        return self.alert.closed_at or self.at
