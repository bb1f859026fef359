"""How each transport does: what was accepted and how fast, what waits, what is down, what is not set up.

Looks at the newest messages of each transport only, so it costs the same with a thousand deliveries as with millions.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection

from notifications import transports
from notifications.breakers import troubled
from notifications.enums import PushKind, Transport
from notifications.models import ContactMethod, Destination
from sentinel_site.lib import english
from sentinel_site.lib.ids import floor

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEWEST: Final = 2000
"""So many of a transport's newest messages are looked at, at most."""
MOST_WAITING: Final = 1000
_RECENT: Final = """
SELECT kind.transport, count(*), count(*) FILTER (WHERE recent.status IN ('sent', 'delivered', 'seen')),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY recent.took_ms)
FROM unnest(%s::text[]) AS kind (transport), LATERAL (
    SELECT status, took_ms FROM notifications_delivery WHERE transport = kind.transport AND id >= %s ORDER BY id DESC LIMIT %s
) AS recent
WHERE recent.status IN ('sent', 'delivered', 'seen', 'failed', 'dead') GROUP BY kind.transport
"""
_DUE: Final = """
SELECT kind.transport, count(*), min(due.next_attempt_at)
FROM unnest(%s::text[]) AS kind (transport), (VALUES (1), (2), (3), (4), (5)) AS level (priority), LATERAL (
    SELECT next_attempt_at FROM notifications_delivery
    WHERE transport = kind.transport AND priority = level.priority AND status IN ('queued', 'failed') AND next_attempt_at <= %s
    ORDER BY next_attempt_at LIMIT %s
) AS due GROUP BY kind.transport
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Messages tried in a time, how many the provider accepted, and the median of its time in milliseconds."""

    tried: int = 0
    accepted: int = 0
    median_ms: int | None = None

    @property
    def success_rate(self) -> float | None:
        """Of 1; None when nothing was tried."""
        return self.accepted / self.tried if self.tried else None


@dataclass(frozen=True, slots=True)
class Health:
    """One transport. ``waiting``: due and not sent yet, counted up to MOST_WAITING for each priority."""

    kind: Transport
    missing: str
    hour: Figures
    day: Figures
    waiting: int
    oldest_waiting_at: datetime | None
    troubled: tuple[Destination, ...]
    per_second: float | None

    @property
    def state(self) -> str:
        """``missing``, ``down``, ``slow`` or ``working``."""
        if self.missing:
            return "missing"
        if any(place.opened_at for place in self.troubled):
            return "down"
        return "slow" if self.troubled else "working"


def examine(*, at: datetime) -> list[Health]:
    """Every kind of transport at ``at``, in five statements at the most."""
    hour, day = _figures(since=at - HOUR), _figures(since=at - DAY)
    due = {kind: (count, oldest) for kind, count, oldest in _rows(_DUE, [Transport.values, at, MOST_WAITING])}
    places: dict[str, list[Destination]] = defaultdict(list)
    for place in Destination.objects.filter(troubled(at=at)).order_by("transport", "name")[:100]:
        places[place.transport].append(place)
    return [
        Health(
            kind, _missing(kind), hour.get(kind, Figures()), day.get(kind, Figures()), *due.get(kind, (0, None)),
            tuple(places[kind]), settings.SENTINEL_RATES.get(kind),
        )
        for kind in Transport
    ]  # fmt: skip


def _missing(kind: str) -> str:
    """What has to be set up; nothing for push where a browser is reached by it."""
    browsers = ContactMethod.objects.filter(kind=Transport.PUSH, push_kind=PushKind.WEB, active=True, verified=True, disabled_at=None)
    why = transports.missing(kind)
    return "" if why and kind == Transport.PUSH and browsers.exists() else why


def describe(health: Health, *, at: datetime) -> dict[str, Any]:
    """As REST answers it."""
    return {
        "kind": health.kind.value, "label": english.text(health.kind.label), "state": health.state, "missing": health.missing,
        "waiting": health.waiting, "oldest_waiting_seconds": _since(health.oldest_waiting_at, at=at), "rate_per_second": health.per_second,
        "last_hour": _described(health.hour), "last_day": _described(health.day),
        "troubled": [
            {"destination": place.name, "open_since": _stamp(place.opened_at), "next_try_at": _stamp(place.probe_at),
             "slow_until": _stamp(place.slow_until), "error": place.error}
            for place in health.troubled
        ],
    }  # fmt: skip


def _described(figures: Figures) -> dict[str, Any]:
    rate = figures.success_rate
    return {
        "tried": figures.tried, "accepted": figures.accepted, "success_rate": None if rate is None else round(rate, 4),
        "median_ms": figures.median_ms,
    }  # fmt: skip


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _since(moment: datetime | None, *, at: datetime) -> int:
    return max(0, int((at - moment).total_seconds())) if moment else 0


def _figures(*, since: datetime) -> dict[str, Figures]:
    found = _rows(_RECENT, [Transport.values, floor(since), NEWEST])
    return {kind: Figures(tried, accepted, None if ms is None else round(ms)) for kind, tried, accepted, ms in found}


def _rows(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
