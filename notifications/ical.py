"""Shifts as an iCalendar file (RFC 5545). Instants are written in UTC: nothing is left for a calendar program to guess."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MEDIA_TYPE = "text/calendar; charset=utf-8"
REFRESH = timedelta(hours=1)


class Entry(NamedTuple):
    """A shift as a calendar shows it. ``schedule_id`` and ``recipient`` make its UID; ``summary`` is its headline."""

    schedule_id: str
    schedule: str
    starts_at: datetime
    ends_at: datetime
    recipient: str
    summary: str
    layer: str | None


def calendar(name: str, entries: Iterable[Entry], *, at: datetime) -> bytes:
    """The file of a calendar called ``name``, as it is at ``at``."""
    import icalendar  # noqa: PLC0415 (heavy: only who reads a calendar pays for it)

    file = icalendar.Calendar()
    file.add("prodid", "-//Sentinel//On call//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", name)
    file.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for entry in entries:
        event = icalendar.Event()
        event.add("uid", f"{entry.starts_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{entry.recipient}-{entry.schedule_id}@sentinel")
        event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
        event.add("dtstart", entry.starts_at.astimezone(UTC))
        event.add("dtend", entry.ends_at.astimezone(UTC))
        event.add("summary", entry.summary)
        event.add("description", f"{entry.schedule}: {entry.layer or 'override'}")
        event.add("transp", "TRANSPARENT")
        file.add_component(event)
    return bytes(file.to_ical())
