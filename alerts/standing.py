"""Silences as they are asked about: by their matchers, and how long they hold what. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alerts.enums import SILENCE_LONGEST_P1, Priority
from alerts.models import Silence
from sentinel_site.lib import matchers
from sentinel_site.lib.matchers import Index


@dataclass(frozen=True, slots=True)
class Standing:
    """A silence, as it is asked about."""

    id: str
    reason: str
    starts_at: datetime
    ends_at: datetime

    def until(self, priority: int, *, at: datetime) -> datetime | None:
        """Until when it holds an alert of ``priority`` back; None when it does not hold it at ``at``.

        A P1 is held for at most eight hours after the silence began, however long that lasts.
        """
        end = min(self.ends_at, self.starts_at + SILENCE_LONGEST_P1) if priority == Priority.P1 else self.ends_at
        return end if self.starts_at <= at < end else None


def index_of(silences: Iterable[Silence]) -> Index[Standing]:
    """``silences`` by their matchers; without those that cannot be read, and those without any: they silence nothing."""
    return Index(
        (conditions, Standing(str(silence.pk), silence.reason, silence.starts_at, silence.ends_at))
        for silence in silences
        if (conditions := _conditions(silence))
    )


def _conditions(silence: Silence) -> tuple[matchers.Matcher, ...]:
    try:
        return matchers.parse_all(silence.matchers)
    except matchers.MatcherError:  # written past every form
        return ()
