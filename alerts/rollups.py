"""What of alerts is rolled up, and kept so: alerts by when they were raised, steps by when they were due.

Whatever happens to an alert is an event of the live feed, whose ids have no gaps: following them, nothing that changes later is missed,
however much later. Steps are found by their own ids.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from alerts.models import Alert, AlertEvent, AlertRollup, EventCounter, RollupProgress, StepClaim, StepRollup
from sentinel_site.lib.rolling.keeping import Changes, Kept
from sentinel_site.lib.rolling.rollup import Rollup

LATE_SECONDS: Final = 1
"""A step is promised within so long after it was due."""
VERY_LATE_SECONDS: Final = 60
AT_ONCE: Final = 5000
OUT_OF_ORDER: Final = 2000
LATELY: Final = timedelta(minutes=10)
"""Ids of steps are given out before their transactions end; so many, of so long, are looked at again."""
ALERTS: Final = Rollup(
    AlertRollup, {"priority": "0", "source": "''"},
    ("raised", "repeats", "messages", "untold", "flapped", "noise", "acknowledged", "resolved", "expired"),
    ("to_acknowledge", "to_resolve"),
    """
    SELECT alert.created_at AS at, alert.priority, source.slug AS source, 1 AS raised, alert.occurrences - 1 AS repeats,
        alert.told AS messages, (alert.told = 0)::int AS untold,
        (EXISTS (SELECT 1 FROM alerts_flapping AS flap WHERE flap.alert_id = alert.id))::int AS flapped,
        (EXISTS (SELECT 1 FROM alerts_feedback AS said WHERE said.alert_id = alert.id AND said.word IN ('noise', 'duplicate')))::int
            AS noise,
        (alert.acknowledged_at IS NOT NULL)::int AS acknowledged, (alert.status = 'RESOLVED')::int AS resolved,
        (alert.status = 'EXPIRED')::int AS expired,
        extract(epoch FROM alert.acknowledged_at - alert.created_at)::float8 AS to_acknowledge,
        CASE WHEN alert.status = 'RESOLVED' THEN extract(epoch FROM alert.closed_at - alert.created_at)::float8 END AS to_resolve
    FROM stretch JOIN alerts_alert AS alert ON alert.id >= stretch.first AND alert.id < stretch.last
        AND alert.created_at >= stretch.since AND alert.created_at < stretch.until
    JOIN alerts_source AS source ON source.id = alert.source_id
    """,
)  # fmt: skip
STEPS: Final = Rollup(
    StepRollup, {"priority": "0", "source": "''"}, ("due", "late", "very_late"), ("lateness",),
    f"""
    SELECT claim.due_at AS at, alert.priority, source.slug AS source, 1 AS due,
        (claim.at > claim.due_at + interval '{LATE_SECONDS} s')::int AS late,
        (claim.at > claim.due_at + interval '{VERY_LATE_SECONDS} s')::int AS very_late,
        greatest(0, extract(epoch FROM claim.at - claim.due_at))::float8 AS lateness
    FROM stretch JOIN alerts_stepclaim AS claim ON claim.due_at >= stretch.since AND claim.due_at < stretch.until
    JOIN alerts_alert AS alert ON alert.id = claim.alert_id JOIN alerts_source AS source ON source.id = alert.source_id
    """,  # noqa: S608 (fixed numbers)
)  # fmt: skip
_EVENTS: Final = """
SELECT max(event.id), count(*), array_remove(array_agg(DISTINCT date_bin('15 minutes', alert.created_at, 'epoch'::timestamptz)), NULL)
FROM (SELECT id, alert_id FROM alerts_alertevent WHERE id > %(position)s ORDER BY id LIMIT %(limit)s) AS event
LEFT JOIN alerts_alert AS alert ON alert.id = event.alert_id
"""
_CLAIMS: Final = """
SELECT max(id), count(*), array_agg(DISTINCT date_bin('15 minutes', due_at, 'epoch'::timestamptz))
FROM (SELECT id, due_at FROM alerts_stepclaim WHERE id > %(since)s AND (id > %(position)s OR at > %(lately)s) ORDER BY id LIMIT %(limit)s)
    AS claim
"""


def alerts_changed(progress: RollupProgress, at: datetime) -> Changes:
    """When the alerts were raised to which anything happened since. Events that were forgotten unread begin the history anew."""
    if progress.position < 0:
        return Changes((), _newest_event())
    oldest = AlertEvent.objects.order_by("pk").values_list("pk", flat=True).first()
    found = _asked(_EVENTS, {"position": progress.position, "limit": AT_ONCE})
    lost = _newest_event() > progress.position and (oldest is None or oldest > progress.position + 1)
    return Changes(found[2] or (), max(progress.position, found[0] or 0), more=found[1] == AT_ONCE, lost=lost)


def steps_changed(progress: RollupProgress, at: datetime) -> Changes:
    """When the steps were due that were taken since."""
    newest = StepClaim.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    if progress.position < 0:
        return Changes((), newest)
    values = {"since": progress.position - OUT_OF_ORDER, "position": progress.position, "lately": at - LATELY, "limit": AT_ONCE}
    last, count, instants = _asked(_CLAIMS, values)
    return Changes(instants or (), max(progress.position, last or 0), more=count == AT_ONCE)


def _newest_event() -> int:
    return EventCounter.objects.filter(pk=1).values_list("value", flat=True).first() or 0


def _asked(text: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def _first_alert() -> datetime | None:
    return Alert.objects.order_by("pk").values_list("created_at", flat=True).first()


def _first_step() -> datetime | None:
    oldest = StepClaim.objects.order_by("pk").values_list("due_at", flat=True).first()
    return oldest and oldest - timedelta(days=1)


KEPT: Final = (
    Kept("alerts", ALERTS, RollupProgress, alerts_changed, _first_alert),
    Kept("steps", STEPS, RollupProgress, steps_changed, _first_step),
)
"""For the worker, who keeps them, and for whoever counts a stretch anew."""
