"""Reading a calendar file that somebody uploaded: a program of its own, because no library is safe with every such file.

    python -m notifications.calendar_file ZONE SINCE UNTIL < file > events

It reads at most MAX_BYTES, expands at most MAX_EVENTS events that repeat by day, week, month or year, and is killed by its limits on
time and memory when the file is worse than that. It prints one JSON object: {"events": [[uid, start, end, name], …]} with
instants in UTC, or {"error": "what is wrong and what to do, in %(n)s words", "values": {"n": "few"}}. It knows no setting and no database.
`ical_import.py` runs it.
"""

import json
import sys
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

from sentinel_site.lib.confining import Refused, confine, gettext_noop

MAX_BYTES: Final = 256 * 1024
MAX_EVENTS: Final = 500
CPU_SECONDS: Final = 5
MEMORY_BYTES: Final = 512 * 1024 * 1024
FREQUENCIES: Final = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}


def main() -> int:
    """See the module."""
    confine(cpu_seconds=CPU_SECONDS, memory_bytes=MEMORY_BYTES)
    zone, since, until = ZoneInfo(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
    try:
        answer = json.dumps({"events": events(sys.stdin.buffer.read(MAX_BYTES + 1), zone, since, until)}).encode()
    except Refused as error:
        answer = error.document()
    except Exception as error:  # whatever a hostile file brings the libraries to
        text = gettext_noop("This is not a calendar file that can be read (%(error)s). Export it again as .ics.")
        answer = Refused(text, error=type(error).__name__).document()
    sys.stdout.buffer.write(answer)
    return 0


def events(data: bytes, zone: ZoneInfo, since: datetime, until: datetime) -> list[list[str]]:
    """The events between two instants. Raises Refused. Times without a zone, and whole days, are those of ``zone``."""
    if len(data) > MAX_BYTES:
        raise Refused(gettext_noop("The file is larger than %(n)s KB. Export a shorter time."), n=MAX_BYTES // 1024)
    if b"BEGIN:VCALENDAR" not in data.upper() or b"\0" in data:
        raise Refused(gettext_noop("This is not a calendar file. Export the calendar as .ics."))
    if data.upper().count(b"BEGIN:VEVENT") > MAX_EVENTS:
        raise Refused(gettext_noop("The file has more than %(n)s events. Export a shorter time."), n=MAX_EVENTS)
    calendar = icalendar.Calendar.from_ical(data)
    for event in calendar.walk("VEVENT"):
        _check(event, zone)
    found = []
    for event in recurring_ical_events.of(calendar).between(since, until):
        found.append(_event(event, zone))
        if len(found) > MAX_EVENTS:
            raise Refused(gettext_noop("The file has more than %(n)s events, counting repeats. Export a shorter time."), n=MAX_EVENTS)
    return sorted(found, key=lambda each: each[1])


def _check(event: Any, zone: ZoneInfo) -> None:
    """Refuse what ends before it starts, rules that repeat more often than daily, and more rules than anybody needs."""
    if "DTSTART" in event and "DTEND" in event and _instant(event.decoded("DTEND"), zone) <= _instant(event.decoded("DTSTART"), zone):
        raise Refused(gettext_noop("The event “%(event)s” ends when it starts, or before. Correct its end."), event=_text(event))
    rules = event.get("RRULE", [])
    rules = rules if isinstance(rules, list) else [rules]
    if len(rules) > 1 or "EXRULE" in event:
        raise Refused(gettext_noop("The event “%(event)s” repeats by several rules. Split it into several events."), event=_text(event))
    for rule in rules:
        named = {str(each).upper() for each in rule.get("FREQ", [])}
        if not named or not named <= FREQUENCIES:
            raise Refused(
                gettext_noop("The event “%(event)s” repeats otherwise than by days, weeks, months or years. Write it as such."),
                event=_text(event),
            )
        if any(name in rule for name in ("BYHOUR", "BYMINUTE", "BYSECOND")):
            raise Refused(gettext_noop("The event “%(event)s” repeats within a day. Write one event for each."), event=_text(event))


def _event(event: Any, zone: ZoneInfo) -> list[str]:
    start, end = _instant(event.start, zone), _instant(event.end, zone)
    if end <= start:
        said = gettext_noop("The event “%(event)s” on %(day)s ends when it starts. Give it an end.")
        raise Refused(said, event=_text(event), day=f"{start:%Y-%m-%d}")
    return [str(event.get("UID", ""))[:200], start.isoformat(), end.isoformat(), _text(event)]


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _text(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())[:120]


if __name__ == "__main__":
    sys.exit(main())
