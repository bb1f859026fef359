"""A period in numbers: how much, how fast people answered, what arrived, what they were spared. Set-based, five statements."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _
from pydantic import AwareDatetime, BaseModel

from alerts import describe
from alerts.enums import AlertStatus, Priority
from sentinel_site.lib import ids, problems

DEFAULT_PERIOD: Final = timedelta(days=7)
MAX_PERIOD: Final = timedelta(days=731)
CLOCK_SKEW: Final = timedelta(hours=1)
"""Ids are born with their rows, give or take; the primary key narrows the search to them."""

_COUNTS = """
SELECT alert.status, alert.priority, source.slug, count(*)
FROM alerts_alert alert JOIN alerts_source source ON source.id = alert.source_id
WHERE alert.id >= %(first)s AND alert.created_at >= %(since)s AND alert.created_at < %(until)s GROUP BY 1, 2, 3
"""
_TIMES = """
SELECT count(acknowledged_at),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM acknowledged_at - created_at)::float8)
        FILTER (WHERE acknowledged_at IS NOT NULL),
    count(*) FILTER (WHERE status = 'RESOLVED'),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - created_at)::float8)
        FILTER (WHERE status = 'RESOLVED')
FROM alerts_alert WHERE id >= %(first)s AND created_at >= %(since)s AND created_at < %(until)s
"""
_DELIVERIES = """
SELECT transport, count(*), count(*) FILTER (WHERE status IN ('sent', 'delivered', 'seen')),
    count(*) FILTER (WHERE status IN ('delivered', 'seen')), count(*) FILTER (WHERE status IN ('failed', 'dead'))
FROM notifications_delivery WHERE id >= %(first)s AND queued_at >= %(since)s AND queued_at < %(until)s GROUP BY 1 ORDER BY 1
"""
_REPORTS = """
SELECT count(*), count(*) FILTER (WHERE verdict = 'folded'), count(*) FILTER (WHERE verdict = 'suppressed'),
    count(*) FILTER (WHERE verdict = 'rejected')
FROM alerts_report WHERE id >= %(first)s AND received_at >= %(since)s AND received_at < %(until)s
"""


class Period(BaseModel):
    """From ``since`` (inclusive) to ``until`` (exclusive)."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


def read(period: Period, *, at: datetime) -> dict[str, Any]:
    """The numbers of ``period``, the last week up to ``at`` when it is open. Raises a 422 Problem for an impossible one."""
    until = period.until or at
    since = period.since or until - DEFAULT_PERIOD
    if not timedelta(0) < until - since <= MAX_PERIOD or since.year < 1971 or until.year > 9000:
        raise problems.invalid([(("query", "since"), _("must lie before until, by %(n)s days at the most") % {"n": MAX_PERIOD.days})])
    values = {"since": since, "until": until, "first": ids.floor(since - CLOCK_SKEW)}
    counts, ((acknowledged, to_acknowledge, resolved, to_resolve),) = _rows(_COUNTS, values), _rows(_TIMES, values)
    return {
        "since": describe.instant(since),
        "until": describe.instant(until),
        "total": sum(row[3] for row in counts),
        "by_status": {status: sum(row[3] for row in counts if row[0] == status) for status in AlertStatus.values},
        "by_priority": {f"P{priority}": sum(row[3] for row in counts if row[1] == priority) for priority in Priority.values},
        "by_source": {slug: sum(row[3] for row in counts if row[2] == slug) for slug in sorted({row[2] for row in counts})},
        "acknowledge_seconds": _times(acknowledged, to_acknowledge),
        "resolve_seconds": _times(resolved, to_resolve),
        "deliveries": {row[0]: _transport(*row[1:]) for row in _rows(_DELIVERIES, values)},
        "noise": _noise(*_rows(_REPORTS, values)[0]),
    }


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _times(count: int, percentiles: list[float] | None) -> dict[str, Any]:
    median, p95 = percentiles or (None, None)
    return {"count": count, "median": median, "p95": p95}


def _transport(count: int, accepted: int, delivered: int, failed: int) -> dict[str, Any]:
    return {
        "deliveries": count,
        "accepted": accepted,
        "delivered": delivered,
        "failed": failed,
        "success_rate": _rate(accepted, accepted + failed),
    }


def _noise(count: int, folded: int, suppressed: int, rejected: int) -> dict[str, Any]:
    return {"reports": count, "folded": folded, "suppressed": suppressed, "rejected": rejected, "folded_rate": _rate(folded, count)}


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
