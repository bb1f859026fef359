"""Calendar files as overrides: each event puts the person whom its title names on call for its time.

The file is read by a program of its own (calendar_file.py) that can do nothing but that, and is killed when it takes too long.
All of it is taken or nothing. Reading a file again replaces what its events made before, as long as that is not over.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.models import OnCallOverride, OnCallSchedule, Recipient
from sentinel_site.lib import configuration, confined

MAX_BYTES: Final = 256 * 1024
SECONDS: Final = 10
AHEAD: Final = timedelta(days=366)
SHOWN: Final = 5


class CalendarRefused(Exception):
    """Nothing was imported; the text says why and what to do."""


class Event(NamedTuple):
    """One event of a file, repeats written out."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    title: str


def read(data: bytes, schedule: OnCallSchedule, *, at: datetime) -> list[Event]:
    """The events of a file from ``at`` on, for a year. Raises CalendarRefused."""
    if len(data) > MAX_BYTES:
        raise CalendarRefused(_("The file is larger than %(n)s KB. Export a shorter time.") % {"n": MAX_BYTES // 1024})
    span = (at.isoformat(), (at + AHEAD).isoformat())
    try:
        answer = confined.run("notifications.calendar_file", schedule.time_zone, *span, given=data, seconds=SECONDS)
    except confined.Unanswered as error:
        too_much = _("Reading the file took too long or too much memory. Export a shorter time, with simpler repeats.")
        raise CalendarRefused(str(error) or too_much) from None
    events = json.loads(answer)["events"]
    return [Event(uid, datetime.fromisoformat(start), datetime.fromisoformat(end), title) for uid, start, end, title in events]


@transaction.atomic
def take(data: bytes, schedule: OnCallSchedule, *, recipient: Recipient | None = None, at: datetime) -> int:
    """Import a file into ``schedule``: every event is ``recipient``'s, or its title's. Returns how many overrides were made.

    Raises CalendarRefused; nothing is imported then.
    """
    events = read(data, schedule, at=at)
    people = _by_name()
    strangers = [] if recipient else sorted({event.title for event in events if len(people.get(event.title.casefold(), [])) != 1})
    if strangers:
        names = ", ".join(_("“%(name)s”") % {"name": name or _("(no title)")} for name in strangers[:SHOWN])
        names = _("%(names)s and others") % {"names": names} if len(strangers) > SHOWN else names
        raise CalendarRefused(
            _(
                "No recipient, or more than one, is called %(names)s."
                " Name the events after recipients, or choose one person for the whole file."
            )
            % {"names": names}
        )
    uids = {event.uid for event in events if event.uid}
    OnCallOverride.objects.filter(schedule=schedule, uid__in=uids, ends_at__gt=at).delete()
    made = [
        OnCallOverride(
            schedule=schedule, starts_at=event.starts_at, ends_at=event.ends_at, uid=event.uid,
            recipient=recipient or people[event.title.casefold()][0],
        )
        for event in events
    ]  # fmt: skip
    OnCallOverride.objects.bulk_create(made)
    configuration.made(made)
    return len(made)


def _by_name() -> Mapping[str, list[Recipient]]:
    found: dict[str, list[Recipient]] = {}
    for person in Recipient.objects.filter(active=True):
        found.setdefault(person.name.casefold(), []).append(person)
    return found
