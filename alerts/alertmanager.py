"""What Prometheus posts to an Alertmanager, read and told apart: pure. ``facts/interop.md`` of the format is Alertmanager's API v2.

Identity is Alertmanager's: FNV-1a over the sorted labels. Every good item of a batch counts, whatever the others are.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from alerts.enums import Severity
from alerts.folding import NewReport
from sentinel_site.lib import jsontext

RESOLVE_TIMEOUT: Final = timedelta(minutes=5)
"""An activity whose end is not said is over so long after its last report."""
KEY_PREFIX: Final = "am:"
MAX_LABELS, MAX_NAME, MAX_VALUE = 64, 128, 1024
MAX_FOREIGN_LABELS: Final = 200
MAX_LABEL_CHARACTERS: Final = 32_768
"""Of all labels of an alert together: they are hashed, compared and kept with it."""
_REMEMBERED_CHARACTERS: Final = 2000
"""Hashes of longer label sets are worked out anew, so that what is remembered stays small."""
FIRST_YEAR: Final = 1970
SEVERITIES: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(("critical", "crit", "page", "emergency", "disaster", "fatal", "alert"), Severity.CRITICAL),
    **dict.fromkeys(("high", "error", "err", "major"), Severity.HIGH),
    **dict.fromkeys(("medium", "moderate", "warning", "warn", "average"), Severity.MEDIUM),
    **dict.fromkeys(("low", "minor", "notice"), Severity.LOW),
    **dict.fromkeys(("info", "informational", "information", "none", "debug", "ok"), Severity.INFO),
}
"""What the label ``severity`` may say; anything else is the source's own severity."""
_FNV_OFFSET, _FNV_PRIME, _64_BITS = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_WEB_URL: Final = re.compile(r"https?://[^\s/\\]", re.I)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Posted(NamedTuple):
    """One good item. ``timed_out``: ``ends_at`` is ours, as the item named none. ``raw`` is its JSON text.

    ``title`` and ``links``, (text, address) pairs, are what other senders of this shape say besides.
    """

    label_hash: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    timed_out: bool
    generator_url: str
    raw: str
    title: str = ""
    links: Sequence[tuple[str, str]] = ()

    @property
    def dedup_key(self) -> str:
        """The key of the alert that people handle."""
        return f"{KEY_PREFIX}{self.label_hash}"


def read(body: bytes, *, at: datetime) -> tuple[list[Posted], list[str]]:
    """The good items of a POST of alerts, the last one of each label set, and what is wrong with the others. Raises JsonError."""
    items = jsontext.read(body)
    if not isinstance(items, list):
        raise jsontext.JsonError("Send a JSON array of alerts.")
    good: dict[str, Posted] = {}
    wrong: list[str] = []
    for place, item in enumerate(items):
        try:
            posted = _item(item, at=at)
        except (ValueError, TypeError) as error:
            wrong.append(f"alert {place}: {error}")
        else:
            good[posted.label_hash] = _joined(good.get(posted.label_hash), posted)
    return list(good.values()), wrong


def label_hash(labels: Mapping[str, str]) -> str:
    """Alertmanager's name for a label set: 16 hex digits."""
    pairs = tuple(sorted(labels.items()))
    return _label_hash(pairs) if _size(labels) <= _REMEMBERED_CHARACTERS else _label_hash.__wrapped__(pairs)


def report(posted: Posted, source: str, *, at: datetime) -> NewReport:
    """The report that intake gets for a firing item: bounded as intake's edges bound it."""
    labels, notes = posted.labels, posted.annotations
    name = labels.get("alertname") or "generic"
    subject = next((labels[key] for key in ("instance", "pod", "node", "host", "job") if labels.get(key)), "")
    said = next((notes[key] for key in ("summary", "title") if notes.get(key, "").strip()), "")
    title = posted.title or said or (f"{name}: {subject}" if subject else name)
    description = next((notes[key] for key in ("description", "message") if notes.get(key)), "")
    return NewReport(
        source=source,
        title=_cut(title.strip(), 300),
        type=_cut(name, 80),
        severity=SEVERITIES.get(labels.get("severity", "").lower()),
        subject=_cut(subject, 200),
        description=description[:100_000],
        dedup_key=posted.dedup_key,
        labels=_ours(labels),
        links=_links(posted),
        runbook_url=_web(notes.get("runbook_url", "")),
        occurred_at=min(posted.starts_at, at),
        raw=posted.raw,
    )


def _item(item: Any, *, at: datetime) -> Posted:
    if not isinstance(item, dict):
        raise TypeError("is not an object")
    raw = jsontext.dump(item)
    labels = {name: value for name, value in _texts(item.get("labels"), "labels").items() if value}
    if not labels:
        raise ValueError("needs at least one label that is not empty")
    if len(labels) > MAX_FOREIGN_LABELS:
        raise ValueError(f"has {len(labels)} labels; send at most {MAX_FOREIGN_LABELS}")
    if _size(labels) > MAX_LABEL_CHARACTERS:
        raise ValueError(f"has labels of more than {MAX_LABEL_CHARACTERS} characters together; put long texts into annotations")
    starts_at, ends_at = instant(item.get("startsAt"), "startsAt"), instant(item.get("endsAt"), "endsAt")
    begins = starts_at or (min(ends_at, at) if ends_at else at)
    if ends_at and ends_at < begins:
        raise ValueError("ends before it starts")
    url = item.get("generatorURL") or ""
    return Posted(
        label_hash(labels), labels, _texts(item.get("annotations"), "annotations"), begins, ends_at or at + RESOLVE_TIMEOUT,
        ends_at is None, url[:2000] if isinstance(url, str) else "", raw,
    )  # fmt: skip


def _joined(before: Posted | None, posted: Posted) -> Posted:
    """The same label set twice in one batch: the earlier start, and the later item's end unless that one is only ours."""
    if before is None:
        return posted
    ends = before if posted.timed_out and not before.timed_out else posted
    return posted._replace(starts_at=min(before.starts_at, posted.starts_at), ends_at=ends.ends_at, timed_out=ends.timed_out)


def _texts(value: Any, what: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(name and isinstance(text, str) for name, text in value.items()):
        raise ValueError(f"{what} must be an object of texts")
    return value


def instant(value: Any, what: str) -> datetime | None:
    """An instant, or None for what is not set; Go says so with the year 1."""
    if value in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError(f"{what} is not a time; write it as 2026-03-02T12:00:00Z") from None
    if found.tzinfo is None:
        raise ValueError(f"{what} has no zone; add Z or an offset such as +01:00")
    if found.year <= 1:
        return None
    if not FIRST_YEAR <= found.year < 9000:
        raise ValueError(f"{what} lies too far away; set the sender's clock")
    return found.astimezone(UTC)


@lru_cache(maxsize=20_000)
def _label_hash(labels: tuple[tuple[str, str], ...]) -> str:
    found = _FNV_OFFSET
    for name, value in labels:
        for byte in name.encode() + b"\xff" + value.encode() + b"\xff":
            found = (found ^ byte) * _FNV_PRIME & _64_BITS
    return f"{found:016x}"


def _size(labels: Mapping[str, str]) -> int:
    return sum(map(len, labels)) + sum(map(len, labels.values()))


def _ours(labels: Mapping[str, str]) -> dict[str, str]:
    """As many labels as an alert may have; all of them are kept beside it."""
    return {name[:MAX_NAME]: value[:MAX_VALUE] for name, value in list(labels.items())[:MAX_LABELS]}


def _links(posted: Posted) -> Sequence[Mapping[str, str]]:
    named = (
        ("Where it comes from", posted.generator_url), ("Dashboard", posted.annotations.get("dashboard_url", "")), *posted.links,
    )  # fmt: skip
    return [{"href": href, "text": text} for text, url in named if (href := _web(url))]


def _web(url: str) -> str:
    return url if len(url) <= 2000 and _WEB_URL.match(url) else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
