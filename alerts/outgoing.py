"""An event of the live feed as other systems get it: a CloudEvent whose type says what it means.

An event's id is its number and its instant: the same at every try, and another one if a database that was restored from a
backup hands out the number again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from alerts.enums import AlertStatus, EventKind, Happening
from alerts.record import UNANSWERED
from sentinel_site.lib.instants import instant

PREFIX: Final = "org.sentinel.alert."
TEST_TYPE: Final = "org.sentinel.test"
_PLAIN: Final[Mapping[str, Happening]] = {
    EventKind.RAISED: Happening.FIRED, EventKind.REPEATED: Happening.REPEATED, EventKind.ESCALATED: Happening.ESCALATED,
    EventKind.DELIVERY: Happening.DELIVERY, EventKind.TRIAGE: Happening.TRIAGE, EventKind.COMMENT: Happening.COMMENTED,
    EventKind.FEEDBACK: Happening.FEEDBACK,
}  # fmt: skip
_BECAME: Final[Mapping[str, Happening]] = {
    AlertStatus.DELIVERED: Happening.DELIVERED, AlertStatus.SEEN: Happening.SEEN, AlertStatus.ACKNOWLEDGED: Happening.ACKED,
    AlertStatus.RESOLVED: Happening.RESOLVED, AlertStatus.EXPIRED: Happening.EXPIRED, UNANSWERED: Happening.UNANSWERED,
}  # fmt: skip


def happening(kind: str, became: str) -> Happening:
    """What an event of this ``kind``, by which its alert ``became`` that, is called outside."""
    return _BECAME.get(became) or _PLAIN.get(kind, Happening.UPDATED)


def event(
    number: int, kind: str, became: str, *, happened_at: datetime, alert: Mapping[str, Any], source: str
) -> dict[str, Any]:  # fmt: skip
    """The CloudEvent. ``alert`` is as in GET /alerts/{id}, as it is now; ``source`` is Sentinel's own address."""
    data = {"event": number, "kind": kind, "became": became, "alert": dict(alert)}
    envelope = _envelope(f"{number}-{int(happened_at.timestamp() * 1000)}", PREFIX + happening(kind, became), at=happened_at, source=source)
    return {**envelope, "subject": str(alert["id"]), "data": data}


def trial(name: str, *, at: datetime, source: str) -> dict[str, Any]:
    """A CloudEvent that only says that this way works; it is about no alert."""
    envelope = _envelope(f"test-{int(at.timestamp() * 1000)}", TEST_TYPE, at=at, source=source)
    return {**envelope, "data": {"subscription": name, "text": "This is a test. Nothing has happened."}}


def _envelope(name: str, kind: str, *, at: datetime, source: str) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": name, "source": source, "type": kind, "time": instant(at), "datacontenttype": "application/json"
    }  # fmt: skip
