"""What a wall shows: the open alerts it may show, the most urgent and, among those, the oldest first, and no more of each than it needs.

A screen is read by whoever walks by. So an alert has neither picture nor description, links, labels or addresses here, and what a wall
may not show never leaves the server.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import translation

from alerts import live
from alerts.enums import OPEN, Priority
from alerts.models import Alert, Wall
from alerts.subjects import labels_of
from sentinel_site.lib import matchers
from sentinel_site.lib.instants import instant

SHOWN: Final = 200
"""So many alerts are sent; of the others the screen says how many there are."""
LOOKED_AT: Final = 5000
"""So many open alerts are tried against matchers; beyond that the screen says that there are more than it counts."""
COLUMNS: Final = (
    "number", "status", "priority", "type", "severity", "title", "translations", "subject", "labels", "occurrences", "life_safety",
    "created_at", "next_step_at", "unanswered", "suppressed_by", "acknowledged_by", "promise", "source__slug", "source__name",
)  # fmt: skip
_IN_SQL: Final = {"source": "source__slug", "type": "type", "severity": "severity", "subject": "subject"}
_ADDRESS: Final = re.compile(r"\s*<?([^\s<>@]+)@\S+")
"""People without a name are named by their sign-in, which may be an address."""


@dataclass
class _Found:
    """What a wall may show: the first alerts, and how many there are of each priority. ``whole``: nothing was left uncounted."""

    alerts: list[Alert] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    whole: bool = True


def snapshot(wall: Wall, *, at: datetime, most: int = SHOWN) -> dict[str, Any]:
    """The wall at ``at``, in its language, with ``most`` alerts at the most.

    The event id is read before the alerts: what happens in between is shown at the next look.
    """
    with transaction.atomic():
        last_event_id = live.last_event_id()
        found = _find(wall, most)
    language = wall.language or settings.LANGUAGE_CODE
    with translation.override(language):
        shown = [describe(alert, wall) for alert in found.alerts]
    return {
        "now": instant(at),
        "last_event_id": last_event_id,
        "version": version(),
        "wall": settings_of(wall),
        "open": shown,
        "counts": {f"P{priority}": count for priority, count in sorted(found.counts.items())},
        "whole": found.whole,
    }


def for_staff(language: str) -> Wall:
    """A wall that is not stored, with everything on it, for somebody who is signed in."""
    return Wall(name="Sentinel", language=language if language in dict(settings.LANGUAGES) else "")


def settings_of(wall: Wall) -> dict[str, Any]:
    """How the screen is to behave. A change of the language needs a new page."""
    language = wall.language or settings.LANGUAGE_CODE
    return {
        "name": wall.name, "rotate_seconds": wall.rotate_seconds, "sound": wall.sound, "language": language, "time_zone": settings.TIME_ZONE
    }  # fmt: skip


def describe(alert: Alert, wall: Wall) -> dict[str, Any]:
    """What a screen gets of an alert, in the language that is switched on. Nothing is added here without asking who may read it."""
    return {
        "id": str(alert.pk),
        "number": alert.number,
        "priority": f"P{alert.priority}",
        "status": alert.status,
        "title": alert.own_title,
        "subject": alert.subject,
        "source": alert.source.name,
        "site": site_of(alert, wall),
        "occurrences": alert.occurrences,
        "life_safety": alert.life_safety,
        "created_at": instant(alert.created_at),
        "next_step_at": instant(alert.next_step_at),
        "unanswered": alert.unanswered,
        "held": bool(alert.suppressed_by),
        "taken_by": without_address(alert.acknowledged_by) if wall.names else "",
        "promise": alert.promise,
    }


def site_of(alert: Alert, wall: Wall) -> str:
    """The site an alert belongs to: what its label says, or its source."""
    return str(alert.labels.get(wall.site_label) or "").strip()[:80] or alert.source.name


def without_address(name: str) -> str:
    """``name``, of a mail address only what stands before the @."""
    return _ADDRESS.sub(r" \1", name).strip()


@lru_cache(maxsize=1)
def version() -> str:
    """Changes with the version, and with every change of what a screen runs: a page that has another one loads itself anew."""
    found = hashlib.sha256(settings.VERSION.encode())
    static: Path = settings.BASE_DIR / "static" / "live"
    for path in sorted([*static.glob("*.js"), *static.glob("*.css"), settings.BASE_DIR / "templates" / "live" / "wall.html"]):
        found.update(path.read_bytes())
    return f"{settings.VERSION}-{found.hexdigest()[:12]}"


def _find(wall: Wall, most: int) -> _Found:
    """Equality of what has a column is asked of the database, everything else here, of a bounded number of alerts."""
    try:
        conditions = matchers.parse_all(wall.matchers)
    except matchers.MatcherError:
        return _Found(whole=False)  # written past every check: show nothing rather than everything
    simple = [each for each in conditions if each.operator == "=" and each.value and each.name in _IN_SQL]
    rows = Alert.objects.filter(status__in=OPEN)
    for each in simple:
        rows = rows.filter(**{_IN_SQL[each.name]: each.value})
    rest = [each for each in conditions if each not in simple]
    return _tried(rows, rest, most) if rest else _counted(rows, most)


def _counted(rows: QuerySet[Alert], most: int) -> _Found:
    counts = Counter(dict(rows.order_by().values_list("priority").annotate(Count("id"))))
    return _Found(_first(rows, most), counts)


def _tried(rows: QuerySet[Alert], conditions: Sequence[matchers.Matcher], most: int) -> _Found:
    read = _first(rows, LOOKED_AT + 1)
    fitting = [alert for alert in read[:LOOKED_AT] if matchers.all_hold(conditions, labels_of(alert))]
    return _Found(fitting[:most], Counter(alert.priority for alert in fitting), whole=len(read) <= LOOKED_AT)


def _first(rows: QuerySet[Alert], most: int) -> list[Alert]:
    """Priority by priority, so that each is read from its index. Ids begin with the instant: the oldest first."""
    found: list[Alert] = []
    for priority in Priority:
        if len(found) < most:
            chosen = rows.filter(priority=priority).select_related("source").only(*COLUMNS).order_by("id")
            found += chosen[: most - len(found)]
    return found
