"""Stretches of time that come again and again, in a time zone: pure. They begin as cron says (cron.py) and last their seconds.

A stretch lasts as long on a day on which the clocks change as on any other, so it may end an hour earlier or later by the clock.
"""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sentinel_site.lib import cron

_TRIED: Final = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
"""Two years with every change of the clocks: what is allowed does not depend on today."""
_SLOTS: Final = 1000


class RecurringError(ValueError):
    """This cannot recur; the text says what to write."""


class Stretch(NamedTuple):
    """From ``since`` until just before ``until``, both UTC."""

    since: datetime
    until: datetime


def expression(weekdays: Collection[int], begins: time) -> str:
    """The cron expression for ``begins`` on ``weekdays`` (0 = Monday; none means every day)."""
    days = ",".join(str((day + 1) % 7) for day in sorted(set(weekdays))) or "*"
    return f"{begins.minute} {begins.hour} * * {days}"


def check(expression: str, lasts: timedelta, zone: ZoneInfo) -> None:
    """Raises RecurringError unless there is time between any two stretches: what never ends hides for ever."""
    try:
        cron.check(expression)
    except cron.CronError as error:
        raise RecurringError(str(error)) from None
    slots = islice(cron.between(expression, *_TRIED, zone), _SLOTS)
    for before, after in pairwise(slots):
        if before + lasts >= after:
            raise RecurringError(
                _("It would begin again before it has ended (%(later)s later): make it shorter, or let it come less often.")
                % {"later": after - before}
            )


def around(expression: str, lasts: timedelta, zone: ZoneInfo, *, at: datetime) -> list[Stretch]:
    """The stretch that runs at ``at``, where one does, and the next one. Raises CronError."""
    last = cron.before(expression, at + timedelta(microseconds=1), zone)
    following = cron.after(expression, at, zone)
    stretches = [Stretch(since, since + lasts) for since in (last, following) if since is not None]
    return [stretch for stretch in stretches if stretch.until > at]
