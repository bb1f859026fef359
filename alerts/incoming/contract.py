"""What every reader of a foreign format gives back, and how much of it an alert may have. Values in, values out.

A reader is a module with ``read(value, …) -> list[Incoming]``. ``value`` is JSON that went through `read_json`: it can be stored as it
is, and is as deep as an alert's raw report may be. A reader is lenient: what is too long is cut, what is odd is left out, and only what
cannot be understood at all is a FormatError. An alarm is not lost for the sake of its form.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from alerts import alertmanager
from alerts.enums import Severity
from alerts.folding import MAX_KEY, NewReport
from sentinel_site.lib import jsontext

MAX_ITEMS: Final = 1000
MAX_TITLE, MAX_TYPE, MAX_SUBJECT, MAX_DESCRIPTION = 300, 80, 200, 100_000
MAX_LABELS, MAX_LABEL_NAME, MAX_LABEL_TEXT = 64, 128, 1024
MAX_LINKS, MAX_URL, MAX_LINK_TEXT = 20, 2000, 200
NOT_KEPT: Final = "(not kept)"
_SECRET: Final = re.compile(
    r"^(routing|service|integration)_?key$|passw|secret|_pass$|token|api_?key|authorization|connection_?string|private_?key|^tls_?key$",
    re.I,
)
_API_KEY: Final = re.compile(r"snt_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", re.A)
_WEB_URL: Final = re.compile(r"https?://[^\s/\\]", re.I)


class Action(StrEnum):
    """What a message asks for."""

    TRIGGER = "trigger"
    """Something is wrong: raise an alert, or repeat the open one with this key."""
    ACKNOWLEDGE = "acknowledge"
    """Somebody has taken it, says the sender: the open alert with this key is acknowledged."""
    RESOLVE = "resolve"
    """It is over: the open alert with this key is resolved."""
    TEST = "test"
    """Somebody tries the connection: shown as an alert that is closed at once, and nobody is told."""
    IGNORE = "ignore"
    """Nothing to do; kept as a report, with ``why``."""


class Incoming(NamedTuple):
    """One thing that a message says. ``report`` names its source, and for acknowledge and resolve the dedup key of the alert.

    ``event``: the sender's name for this very message, unique for the source; the same one again does nothing. Empty: every message
    counts. ``note`` is kept with an acknowledgement or a resolution, ``why`` with what is ignored.
    """

    action: Action
    report: NewReport
    event: str = ""
    note: str = ""
    why: str = ""


class FormatError(ValueError):
    """The message is not in the format of this address; the text says what to send."""


def read_json(body: bytes) -> Any:
    """The JSON in ``body``, with what cannot be stored replaced. Raises FormatError."""
    try:
        return cleaned(jsontext.read(body))
    except jsontext.JsonError as error:
        raise FormatError(str(error)) from None


def cleaned(value: Any) -> Any:
    """``value`` (JSON) with what cannot be stored replaced."""
    return jsontext.cleaned(value)


def raw(value: Any) -> str:
    """``value``, of `read_json`, as the JSON text of a report: without the keys and passwords that some programs send along."""
    return jsontext.dump(cleaned(_without_secrets(value if isinstance(value, dict) else {"value": value})))


def kept(body: bytes) -> str:
    """A message that nobody could use, as text: as it came, but for API keys, and in JSON for keys and passwords by their names."""
    said = body.decode("utf-8", "replace")
    try:
        value = read_json(body)
        shown = _without_secrets(value)
        said = jsontext.dump(shown) if shown != value else said
    except (FormatError, jsontext.JsonError):
        pass  # no JSON: there are no names to go by
    return str(cleaned(_API_KEY.sub(NOT_KEPT, said)))


def json_text(text: str) -> str:
    """``text`` as a JSON string."""
    return json.dumps(text)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: NOT_KEPT if each and _SECRET.search(name) else _without_secrets(each) for name, each in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def bounded(report: NewReport, *, at: datetime) -> NewReport:
    """``report`` within what an alert may have: cut where it is too long, without what is no link, no later than ``at``."""
    return report._replace(
        title=cut(report.title.strip(), MAX_TITLE) or cut(report.type, MAX_TITLE) or "Something is wrong",
        type=cut(report.type.strip(), MAX_TYPE) or "generic",
        subject=cut(report.subject.strip(), MAX_SUBJECT),
        description=cut(report.description, MAX_DESCRIPTION),
        dedup_key=key(report.dedup_key) if report.dedup_key else None,
        labels=labels(report.labels),
        links=links((each.get("text", ""), each.get("href")) for each in report.links),
        runbook_url=url(report.runbook_url),
        occurred_at=report.occurred_at and min(report.occurred_at, at),
    )  # fmt: skip


def severity(word: object) -> Severity | None:
    """Sentinel's word for another system's; None, so that the source's own counts, for a word it does not know."""
    return alertmanager.SEVERITIES.get(word.strip().lower()) if isinstance(word, str) else None


def instant(value: object) -> datetime | None:
    """RFC 3339, or seconds or milliseconds since 1970; None for anything else, and for the year 1 that Go writes for “not set”."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 10_000_000_000 else value, UTC)
        return alertmanager.instant(value, "")
    except (ValueError, OverflowError, OSError):
        return None


def key(text: str) -> str:
    """``text`` as a dedup key: as it is where it fits, else cut, with its hash so that two of them stay two."""
    return text if len(text) <= MAX_KEY else f"{text[: MAX_KEY - 65]}~{hashlib.sha256(text.encode()).hexdigest()}"[:MAX_KEY]


def labels(given: Mapping[str, Any]) -> dict[str, str]:
    """The first 64 labels that are texts, numbers or truths; everything else stays in the raw report."""
    found: dict[str, str] = {}
    for name, value in given.items():
        said = text(value)
        if name and said and len(found) < MAX_LABELS:
            found[name[:MAX_LABEL_NAME]] = said[:MAX_LABEL_TEXT]
    return found


def links(given: Iterable[tuple[str, object]]) -> list[dict[str, str]]:
    """(text, address) pairs as an alert's links; what is no web address is left out."""
    return [{"href": href, "text": cut(said, MAX_LINK_TEXT)} for said, address in given if (href := url(address))][:MAX_LINKS]


def url(value: object) -> str:
    """``value`` when it is a web address, else the empty text."""
    return value if isinstance(value, str) and len(value) <= MAX_URL and _WEB_URL.match(value) else ""


def text(value: object) -> str:
    """A text, a number or a truth as text; the empty text for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def cut(said: str, most: int) -> str:
    """``said``, at most ``most`` characters of it."""
    return said if len(said) <= most else f"{said[: most - 1]}…"


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list; none where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
