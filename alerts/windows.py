"""Maintenance windows: their running and their next occurrence are kept as silences, made ahead.

So an occurrence begins and ends to the second, whatever the worker does then, and can be ended alone: it stays, as ended, and is not
made again. When nobody makes them (the worker is dead), nothing is silent, and people are told.
"""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils.formats import date_format

from alerts import silences
from alerts.enums import SilenceOrigin
from alerts.models import MaintenanceWindow, Silence
from sentinel_site.lib import recurring
from sentinel_site.lib.cron import CronError
from sentinel_site.lib.recurring import Stretch

logger = logging.getLogger(__name__)


def save(window: MaintenanceWindow, *, by: AbstractBaseUser | AnonymousUser | None, at: datetime) -> None:
    """Store it, and have its occurrences say what it says now. A new window gets ``by`` as its author.

    The running occurrence goes on, changed, where the window still has it; else it ends now, and what it held is told.
    """
    if window._state.adding:
        window.author_id = by.pk if by else None
    with transaction.atomic():
        window.save()
        _revise(window, stretches(window, at=at), at=at)
        _make(window, at=at)


def remove(window: MaintenanceWindow, *, at: datetime) -> None:
    """Delete it. Its running occurrence ends now, and what that held is told; those that are over stay on record."""
    with transaction.atomic():
        MaintenanceWindow.objects.select_for_update().get(pk=window.pk)
        _revise(window, [], at=at)
        window.delete()


def keep(*, at: datetime) -> int:
    """Make the running and the next occurrence of every window that has none yet. Returns how many were made. May run twice at once."""
    with transaction.atomic():
        windows = MaintenanceWindow.objects.select_for_update(no_key=True, of=["self"]).filter(enabled=True).order_by("pk")
        return sum(_make(window, at=at) for window in windows)


def stretches(window: MaintenanceWindow, *, at: datetime) -> list[Stretch]:
    """From when to when it runs at ``at``, where it does, and the next time. Empty when it is off or cannot be read."""
    if not window.enabled:
        return []
    try:
        return recurring.around(window.expression, window.lasts, ZoneInfo(window.time_zone), at=at)
    except (CronError, ZoneInfoNotFoundError, ValueError, OSError) as error:  # written past every form
        logger.error("the maintenance window %s silences nothing: %s", window, error)
        return []


def shown(instant: datetime, zone: str) -> str:
    """An instant by the clock of ``zone``."""
    return date_format(instant.astimezone(ZoneInfo(zone)), "D j N Y, H:i")


def _make(window: MaintenanceWindow, *, at: datetime) -> int:
    wanted = {stretch.since: stretch for stretch in stretches(window, at=at)}
    known = Silence.objects.filter(window=window, occurrence_at__in=wanted).values_list("occurrence_at", flat=True)
    missing = [wanted[since] for since in sorted(wanted.keys() - set(known))]
    for stretch in missing:
        Silence.objects.create(
            matchers=window.matchers, reason=window.reason, starts_at=stretch.since, ends_at=stretch.until, author_id=window.author_id,
            origin=SilenceOrigin.WINDOW, window=window, occurrence_at=stretch.since,
        )  # fmt: skip
    return len(missing)


def _revise(window: MaintenanceWindow, wanted: list[Stretch], *, at: datetime) -> None:
    """Change the occurrences that are not over to what the window says; end those that it does not have any more."""
    ends = {stretch.since: stretch.until for stretch in wanted}
    for occurrence in window.occurrences.filter(ends_at__gt=at).order_by("pk"):
        until = ends.get(occurrence.occurrence_at) if occurrence.occurrence_at else None
        if until is not None:
            occurrence.matchers, occurrence.reason, occurrence.ends_at = window.matchers, window.reason, until
            silences.save(occurrence, by=None, at=at)
        elif occurrence.starts_at < at:
            silences.expire(occurrence, at=at)
        else:
            occurrence.delete()
