"""The story of an alert as a file: JSON values, in a canonical form whose digest shows that the file is unchanged."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import translation

from alerts import describe, story_record
from alerts.story import Story
from alerts.story_parts import Chart, Entry, Fact, Span
from sentinel_site.lib import crypto
from sentinel_site.lib.instants import instant

FORMAT: Final = "sentinel-alert-story"
VERSION: Final = 1
PURPOSE: Final = "alert-story"
"""Names the key of the seal; nothing else is sealed with it."""
PERSONAL: Final = ("image_url", "triage", "next_step_at", "deadline_at")
"""What of an alert is the reader's own, is told elsewhere in the file, or only says what is to come."""
NAMES: Final = frozenset({"format", "version", "generated", "story", "sha256", "seal"})
EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Made:
    """When a file was made, and for whom."""

    at: datetime
    by: str


def document(story: Story, made: Made) -> dict[str, Any]:
    """The file. ``sha256`` is of the canonical form of ``story``, so two files of the same story have the same.

    ``seal`` is of that digest and of ``generated``, with a key that only this installation has.
    """
    told = plain(_story(story))
    digest = hashlib.sha256(canonical(told)).hexdigest()
    generated = {"at": instant(made.at), "by": made.by}
    return {
        "format": FORMAT, "version": VERSION, "generated": generated, "story": told, "sha256": digest,
        "seal": _seal(digest, generated),
    }  # fmt: skip


def canonical(value: Any) -> bytes:
    """JSON in the form of RFC 8785: UTF-8, names sorted, no blanks. For values that `plain` made."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def plain(value: Any) -> Any:
    """``value`` as JSON values that every reader writes the same way: numbers with at most four places, none beyond 2^53."""
    match value:
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case bool() | None | str():
            return value
        case int():
            return value if abs(value) < EXACT else str(value)
        case float():
            return _number(value)
        case datetime():
            return instant(value)
        case Sequence():
            return [plain(each) for each in value]
    return str(value)


def is_genuine(file: Any) -> bool:
    """Whether ``file`` (as it was read) was made by this installation and is unchanged since."""
    try:
        digest = hashlib.sha256(canonical(file["story"])).hexdigest()
        seal, generated, form = str(file["seal"]), dict(file["generated"]), (frozenset(file), file["format"], file["version"])
        return form == (NAMES, FORMAT, VERSION) and hmac.compare_digest(digest, str(file["sha256"])) and hmac.compare_digest(
            _seal(digest, generated), seal)  # fmt: skip
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def _seal(digest: str, generated: Mapping[str, Any]) -> str:
    return hmac.new(crypto.derive(PURPOSE), digest.encode() + canonical(dict(generated)), hashlib.sha256).hexdigest()


def _story(story: Story) -> dict[str, Any]:
    alert = describe.alert(story.alert)
    return {
        "installation": settings.SENTINEL_BASE_URL,
        "language": translation.get_language() or settings.LANGUAGE_CODE,
        "alert": {name: value for name, value in alert.items() if name not in PERSONAL},
        "chosen": story.chosen,
        "picture": story_record.picture(story.alert),
        "entries": [_entry(number, entry) for number, entry in enumerate(story.entries, 1)],
        "charts": [_chart(chart) for chart in story.charts],
        "left_out": story.left_out,
    }


def _entry(number: int, entry: Entry) -> dict[str, Any]:
    told = {"number": number, "at": instant(entry.at), "kind": str(entry.kind), "who": entry.who or None, "text": entry.text}
    quoted = {"quoted": entry.quoted} if entry.quoted else {}
    return {**told, "facts": {fact.name: _value(fact) for fact in entry.facts}, **quoted}


def _value(fact: Fact) -> Any:
    return instant(fact.value) if isinstance(fact.value, datetime) else fact.value


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "title": chart.title, "unit": chart.unit, **_span(chart.span), "step_seconds": chart.step_seconds, "limit": chart.limit,
        "limit_text": chart.limit_text, "onset_at": chart.onset_at, "clear_at": chart.clear_at, "at": chart.at, "mean": chart.mean,
        "low": chart.low, "high": chart.high, "gaps": [_span(gap) for gap in chart.gaps], "remarks": chart.remarks,
    }  # fmt: skip


def _span(span: Span) -> dict[str, Any]:
    return {"since": instant(span.since), "until": instant(span.until)}


def _number(value: float) -> int | float | str | None:
    """A number that Python and JavaScript write alike: not of a size for which one of them takes an exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return None
    if abs(value) >= EXACT:
        return str(value)
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded
