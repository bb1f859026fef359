"""Calendars that others read by a secret address: one schedule's shifts, or one person's in every schedule.

The address is shown once, when it is made. It shows no more than names and times, works until it is revoked, and is compared
in constant time.
"""

import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from notifications import duty, ical, oncall
from notifications.models import CalendarFeed, OnCallSchedule, Recipient
from sentinel_site.lib import configuration, crypto

PURPOSE: Final = "calendar"
BEFORE, AFTER = timedelta(days=35), timedelta(days=183)
"""What a calendar shows around now."""
MAX_TOKEN: Final = 200


def issue(*, schedule: OnCallSchedule | None = None, recipient: Recipient | None = None, label: str = "") -> tuple[CalendarFeed, str]:
    """A new calendar of exactly one of the two, and its address, which nobody can read again."""
    token = secrets.token_urlsafe(32)
    digest = crypto.digest(token, purpose=PURPOSE)
    feed = CalendarFeed.objects.create(schedule=schedule, recipient=recipient, label=label, token_digest=digest)
    name, subject = ("schedule_calendar", schedule) if schedule else ("recipient_calendar", recipient)
    path = reverse(f"api:{name}", kwargs={"key": subject.pk})  # type: ignore[union-attr]
    return feed, f"{settings.SENTINEL_BASE_URL}{path}?token={token}"


def revoke(feed: CalendarFeed, *, at: datetime) -> None:
    """Let nobody read it any more, for good. Again: nothing happens."""
    living = CalendarFeed.objects.filter(pk=feed.pk, revoked_at=None)
    with configuration.changing(living):
        living.update(revoked_at=at)


def of_schedule(key: UUID, token: str, *, at: datetime) -> bytes | None:
    """The calendar of a schedule, when ``token`` opens it; else None."""
    if not _opens(token, CalendarFeed.objects.filter(schedule=key, revoked_at=None).values_list("token_digest", flat=True)):
        return None
    schedule = duty.schedules().get(pk=key)
    return ical.calendar(schedule.name, _entries([schedule], at=at), at=at)


def of_recipient(key: UUID, token: str, *, at: datetime) -> bytes | None:
    """The calendar of a person, when ``token`` opens it; else None."""
    if not _opens(token, CalendarFeed.objects.filter(recipient=key, revoked_at=None).values_list("token_digest", flat=True)):
        return None
    person = Recipient.objects.get(pk=key)
    mine = [entry for entry in _entries(list(duty.schedules()), at=at) if entry.recipient == str(key)]
    return ical.calendar(person.name, [entry._replace(summary=entry.schedule) for entry in mine], at=at)


def _entries(rows: Sequence[OnCallSchedule], *, at: datetime) -> list[ical.Entry]:
    since, until = at - BEFORE, at + AFTER
    values = duty.read(rows, since=since, until=until)
    shifts = [(row, shift) for row in rows for shift in oncall.shifts_between(values[str(row.pk)], since, until)]
    names = {str(pk): name for pk, name in Recipient.objects.values_list("pk", "name")}
    return [
        ical.Entry(str(row.pk), row.name, shift.starts_at, shift.ends_at, shift.recipient, names.get(shift.recipient, ""), shift.layer)
        for row, shift in shifts
    ]


def _opens(token: str, digests: Iterable[str]) -> bool:
    """Whether ``token`` is one of those digested; all are looked at, whatever is found."""
    mine = crypto.digest(token[:MAX_TOKEN], purpose=PURPOSE)
    found = False
    for digest in [*digests, ""]:
        found |= hmac.compare_digest(mine, digest)
    return found
