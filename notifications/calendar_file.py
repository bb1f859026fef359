"""Reading a calendar file that somebody uploaded: a program of its own, because no library is safe with every such file.

    python -m notifications.calendar_file ZONE SINCE UNTIL < file > events

It reads at most MAX_BYTES, expands at most MAX_EVENTS events that repeat by day, week, month or year, and is killed by its limits on
time and memory when the file is worse than that. It prints one JSON object: {"events": [[uid, start, end, name], …]} with
instants in UTC, or {"error": "what is wrong and what to do"}. It knows no setting and no database. `ical_import.py` runs it.
"""

import json
import resource
import sys
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

MAX_BYTES: Final = 256 * 1024
MAX_EVENTS: Final = 500
CPU_SECONDS: Final = 5
MEMORY_BYTES: Final = 512 * 1024 * 1024
FREQUENCIES: Final = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}


class Refused(Exception):
    """The file is not read; the text says why and what to do."""


def main() -> int:
    """See the module."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    zone, since, until = ZoneInfo(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
    try:
        answer: dict[str, Any] = {"events": events(sys.stdin.buffer.read(MAX_BYTES + 1), zone, since, until)}
    except Refused as error:
        answer = {"error": str(error)}
    except Exception as error:  # whatever a hostile file brings the libraries to
        answer = {"error": f"This is not a calendar file that can be read ({type(error).__name__}). Export it again as .ics."}
    sys.stdout.write(json.dumps(answer))
    return 0


def events(data: bytes, zone: ZoneInfo, since: datetime, until: datetime) -> list[list[str]]:
    """The events between two instants. Raises Refused. Times without a zone, and whole days, are those of ``zone``."""
    if len(data) > MAX_BYTES:
        raise Refused(f"The file is larger than {MAX_BYTES // 1024} KB. Export a shorter time.")
    if b"BEGIN:VCALENDAR" not in data.upper() or b"\0" in data:
        raise Refused("This is not a calendar file. Export the calendar as .ics.")
    if data.upper().count(b"BEGIN:VEVENT") > MAX_EVENTS:
        raise Refused(f"The file has more than {MAX_EVENTS} events. Export a shorter time.")
    calendar = icalendar.Calendar.from_ical(data)
    for event in calendar.walk("VEVENT"):
        _check(event, zone)
    found = []
    for event in recurring_ical_events.of(calendar).between(since, until):
        found.append(_event(event, zone))
        if len(found) > MAX_EVENTS:
            raise Refused(f"The file has more than {MAX_EVENTS} events, counting repeats. Export a shorter time.")
    return sorted(found, key=lambda each: each[1])


def _check(event: Any, zone: ZoneInfo) -> None:
    """Refuse what ends before it starts, rules that repeat more often than daily, and more rules than anybody needs."""
    if "DTSTART" in event and "DTEND" in event and _instant(event.decoded("DTEND"), zone) <= _instant(event.decoded("DTSTART"), zone):
        raise Refused(f"The event “{_text(event)}” ends when it starts, or before. Correct its end.")
    rules = event.get("RRULE", [])
    rules = rules if isinstance(rules, list) else [rules]
    if len(rules) > 1 or "EXRULE" in event:
        raise Refused(f"The event “{_text(event)}” repeats by several rules. Split it into several events.")
    for rule in rules:
        named = {str(each).upper() for each in rule.get("FREQ", [])}
        if not named or not named <= FREQUENCIES:
            raise Refused(f"The event “{_text(event)}” repeats otherwise than by days, weeks, months or years. Write it as such.")
        if any(name in rule for name in ("BYHOUR", "BYMINUTE", "BYSECOND")):
            raise Refused(f"The event “{_text(event)}” repeats within a day. Write one event for each.")


def _event(event: Any, zone: ZoneInfo) -> list[str]:
    start, end = _instant(event.start, zone), _instant(event.end, zone)
    if end <= start:
        raise Refused(f"The event “{_text(event)}” on {start:%Y-%m-%d} ends when it starts. Give it an end.")
    return [str(event.get("UID", ""))[:200], start.isoformat(), end.isoformat(), _text(event)]


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _text(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())[:120]


if __name__ == "__main__":
    sys.exit(main())
