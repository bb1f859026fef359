"""Instants and lengths of time as people type them. Pure."""

import re
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

FORMS: Final = "2h (so long ago), +2h (from now), 18:30, 2026-03-02, 2026-03-02T18:30 or 2026-03-02T18:30:00Z"
LONGEST: Final = timedelta(days=36_525)
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"(\d{1,6}) ?(min|[smhdw])", re.A)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)", re.A)


class NotUnderstood(ValueError):
    """What was typed is no instant, or no length; the text says how to write one."""


def length(text: str) -> timedelta:
    """``90s``, ``30m``, ``2h``, ``1h30m``, ``7d``, ``1w``. Raises NotUnderstood, also for no length at all."""
    word = text.strip().lower()
    parts = _SPAN.findall(word)
    if not parts or "".join(f"{count}{unit}" for count, unit in parts) != word.replace(" ", ""):
        raise NotUnderstood(f"{text!r} is no length of time. Write 30m, 2h, 1h30m or 7d.")
    total = sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in parts), timedelta())
    if total > LONGEST:
        raise NotUnderstood(f"{text!r} is longer than a hundred years. Write 30m, 2h, 1h30m or 7d.")
    if not total:
        raise NotUnderstood(f"{text!r} is no time at all. Write 30m, 2h, 1h30m or 7d.")
    return total


def instant(text: str, *, at: datetime, zone: ZoneInfo) -> datetime:
    """The instant that ``text`` means at ``at``: see FORMS. What names no zone is meant by the clocks of ``zone``. Raises NotUnderstood."""
    word = text.strip()
    if word.lower() == "now":
        return at
    try:
        return _counted(word, at=at) or _by_the_clock(word, at=at, zone=zone)
    except (ValueError, OverflowError):
        raise NotUnderstood(f"{text!r} is no instant. Write {FORMS}.") from None


def _counted(word: str, *, at: datetime) -> datetime | None:
    """So long ago, or from now."""
    if not _SPAN.match(word.lstrip("+-").lower()):
        return None
    ahead = word.startswith("+")
    return at + length(word[1:]) if ahead else at - length(word.removeprefix("-"))


def _by_the_clock(word: str, *, at: datetime, zone: ZoneInfo) -> datetime:
    today = at.astimezone(zone).date()
    if found := _CLOCK.fullmatch(word):
        return datetime.combine(today, time(int(found[1]), int(found[2])), zone)
    meant = datetime.fromisoformat(word)
    return meant if meant.tzinfo else meant.replace(tzinfo=zone)
