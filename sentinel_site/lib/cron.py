"""Cron expressions in a time zone: pure. What each field means, and what happens when the clocks change, is Debian cron's (cronsim):

a slot at a fixed time of day comes exactly once whatever the clocks do; one that the clocks skip comes at the jump.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FIELDS = 5


class CronError(ValueError):
    """This is no cron expression; the text says what to write."""


def check(expression: str) -> None:
    """Raises CronError unless ``expression`` has five fields that some instant fits."""
    if len(expression.split()) != FIELDS:
        raise CronError(_("Write five fields: minute, hour, day of month, month and weekday, for example “30 2 * * 1-5”."))
    try:
        next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise CronError(f"{error}. " + _("Write minute, hour, day of month, month and weekday, for example “30 2 * * 1-5”.")) from None
    except StopIteration:
        raise CronError(_("No date ever fits this; for example there is no 30 February.")) from None


def validate(expression: str) -> None:
    """Validator of a model's field. Raises ValidationError where `check` raises CronError."""
    try:
        check(expression)
    except CronError as error:
        raise ValidationError(str(error)) from None


def after(expression: str, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The first slot after the instant ``at``, in UTC; None when there is none any more. Raises CronError."""
    return _first(expression, at, zone, reverse=False)


def before(expression: str, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The last slot before the instant ``at``, in UTC; None when there was none. Raises CronError."""
    return _first(expression, at, zone, reverse=True)


def between(expression: str, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Every slot from ``since`` to ``until``, both included, in UTC and in order. Raises CronError."""
    last = since - timedelta(microseconds=1)
    try:
        for slot in CronSim(expression, last.astimezone(zone)):
            found = slot.astimezone(UTC)
            if found > until:
                return
            if found > last:
                last = found
                yield found
    except CronSimError as error:
        raise CronError(str(error)) from None


def _first(expression: str, at: datetime, zone: ZoneInfo, *, reverse: bool) -> datetime | None:
    try:
        for slot in CronSim(expression, at.astimezone(zone), reverse=reverse):
            found = slot.astimezone(UTC)
            if found < at if reverse else found > at:
                return found
    except CronSimError as error:
        raise CronError(str(error)) from None
    return None
