"""What the noise report counts, read set by set: each statement is bounded by the ids of its period."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from alerts.enums import Usefulness
from alerts.models import Feedback
from alerts.past import BY_PEOPLE
from notifications.enums import OF_ONE_METHOD, Transport
from notifications.models import Recipient
from sentinel_site.lib import ids

SKEW: Final = timedelta(hours=1)
"""Ids are born with their rows, give or take; the primary key narrows the search to them."""
LOUD: Final = (Transport.PUSH, Transport.SLACK, Transport.SMS, Transport.VOICE, Transport.APPRISE)
"""What rings, buzzes or lights a telephone up; a mail and a webhook wait until somebody looks."""
MOST_TALKERS: Final = 5000
MOST_QUARTERS: Final = 200_000
"""Stretches of a quarter of an hour in which somebody got a message."""
PATIENCE: Final = "SET LOCAL statement_timeout = '5min'"
"""A month of a million alerts takes longer to count than anything that a person waits for."""
_LOCAL: Final = "(alert.created_at AT TIME ZONE %(zone)s::text)"
_PERIOD: Final = "alert.id >= %(first)s AND alert.created_at >= %(since)s AND alert.created_at < %(until)s"
_ACTED: Final = "(alert.acknowledged_at IS NOT NULL OR alert.resolution = ANY(%(people)s))"
_TALKERS: Final = f"""
SELECT source.slug, alert.type, alert.subject, source.life_safety OR bool_or(alert.life_safety), min(alert.priority),
    substr(max((alert.id::text || alert.title) COLLATE "C"), 37), count(*), sum(alert.occurrences)::bigint, sum(alert.told)::bigint,
    count(*) FILTER (WHERE alert.told > 0), count(*) FILTER (WHERE {_ACTED}),
    count(*) FILTER (WHERE said.useful), count(*) FILTER (WHERE said.noise),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM alert.closed_at - alert.created_at)::float8),
    array_agg(DISTINCT ({_LOCAL} - interval '7 hours')::date)
        FILTER (WHERE alert.told > 0 AND extract(hour FROM {_LOCAL} - interval '7 hours') >= 15),
    max(alert.created_at)
FROM alerts_alert AS alert JOIN alerts_source AS source ON source.id = alert.source_id
LEFT JOIN (SELECT alert_id, bool_or(word = 'useful') AS useful, bool_or(word IN ('noise', 'duplicate')) AS noise
    FROM alerts_feedback WHERE alert_id >= %(first)s GROUP BY 1) AS said ON said.alert_id = alert.id
WHERE {_PERIOD} GROUP BY source.id, 1, 2, 3 ORDER BY 7 DESC, 1, 2, 3 LIMIT {MOST_TALKERS}
"""  # noqa: S608 (fixed pieces)
_DAYS: Final = f"""
SELECT {_LOCAL}::date, count(*), count(*) FILTER (WHERE alert.told > 0), sum(alert.told)::bigint, count(*) FILTER (WHERE {_ACTED}),
    count(*) FILTER (WHERE alert.suppressed_by <> '[]' OR alert.told = 0), count(*) FILTER (WHERE alert.priority = 1)
FROM alerts_alert AS alert WHERE {_PERIOD} GROUP BY 1 ORDER BY 1
"""  # noqa: S608 (fixed pieces)
_REPORTS: Final = """
SELECT count(*), count(*) FILTER (WHERE verdict = 'folded'), count(*) FILTER (WHERE verdict = 'rejected')
FROM alerts_report WHERE id >= %(first)s AND received_at >= %(since)s AND received_at < %(until)s
"""
_QUARTERS: Final = f"""
SELECT notification.recipient_id, date_bin('15 minutes', delivery.sent_at, TIMESTAMPTZ '2000-01-01 00:00:00+00'), count(*)
FROM notifications_delivery AS delivery JOIN notifications_notification AS notification ON notification.id = delivery.notification_id
WHERE delivery.id >= %(first)s AND delivery.sent_at >= %(since)s AND delivery.sent_at < %(until)s
    AND delivery.transport = ANY(%(loud)s) AND notification.recipient_id IS NOT NULL AND notification.reason <> ALL(%(own)s)
GROUP BY 1, 2 ORDER BY 2, 1 LIMIT {MOST_QUARTERS}
"""  # noqa: S608 (fixed pieces)


class Talker(NamedTuple):
    """Alerts that agree in source, type and subject. ``noise`` counts those called noise or a duplicate, ``nights`` those they rang in."""

    source: str
    type: str
    subject: str
    life_safety: bool
    most_urgent: int
    title: str
    alerts: int
    reports: int
    messages: int
    told: int
    acted: int
    useful: int
    noise: int
    median_seconds: float | None
    nights: frozenset[date]
    last_at: datetime


class Day(NamedTuple):
    """The alerts raised on a day of the site. ``held``: held back, or told to nobody for another reason."""

    day: date
    alerts: int
    told: int
    messages: int
    acted: int
    held: int
    p1: int


class Quarter(NamedTuple):
    """What rang at somebody's in the quarter of an hour that begins ``at``."""

    person: UUID
    at: datetime
    messages: int


def talkers(*, since: datetime, until: datetime) -> list[Talker]:
    """Every talker of the period, the one with the most alerts first."""
    return [Talker._make((*row[:14], frozenset(row[14] or ()), row[15])) for row in _rows(_TALKERS, since=since, until=until)]


def days(*, since: datetime, until: datetime) -> list[Day]:
    """The days of the period on which anything was raised, in their order."""
    return [Day(*row) for row in _rows(_DAYS, since=since, until=until)]


def reports(*, since: datetime, until: datetime) -> tuple[int, int, int]:
    """How many reports came, how many of them repeated an open alert, and how many were refused. Reports are kept for a shorter time."""
    ((came, folded, refused),) = _rows(_REPORTS, since=since, until=until)
    return came, folded, refused


def quarters(*, since: datetime, until: datetime) -> list[Quarter]:
    """When whose telephone rang, in the order of time."""
    return [Quarter(*row) for row in _rows(_QUARTERS, since=since, until=until)]


def people(found: list[Quarter]) -> Mapping[UUID, Recipient]:
    """Those whose telephones these were."""
    return Recipient.objects.in_bulk({quarter.person for quarter in found})


def useful(*, since: datetime) -> frozenset[UUID]:
    """The alerts raised since then that somebody called useful."""
    said = Feedback.objects.filter(alert_id__gte=ids.floor(since - SKEW), word=Usefulness.USEFUL)
    return frozenset(said.values_list("alert_id", flat=True))


def _rows(statement: str, *, since: datetime, until: datetime) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "since": since, "until": until, "first": ids.floor(since - SKEW), "zone": settings.TIME_ZONE, "people": list(BY_PEOPLE),
        "loud": list(LOUD), "own": list(OF_ONE_METHOD),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
