"""A rule's rows as the pure step function wants them."""

import logging
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection

from devices import aggregates, rules
from devices.enums import Comparison
from devices.models import AlertRule, RuleState
from devices.rules import Rule, State
from notifications.hours import Hours

PUSHED_GAP_SECONDS: Final = 900.0
LOST_SECONDS: Final = 7.0
"""What one answer that is lost costs: its time-out, the pause, and a new connection. On a line that loses one now and then a rule that is
sustained for a minute would hardly ever hold if that were a gap, and three in a row, of which people are told, would be as rare."""
LOOKBACK: Final = timedelta(hours=1)
MAX_SAMPLES: Final = 10_000
_SAMPLES: Final = """
SELECT at, ("values" ->> %s)::float8 FROM devices_reading WHERE device_id = %s AND at > %s AND "values" ? %s ORDER BY at LIMIT %s
"""
DOCUMENTED: Final = (
    "name", "metric", "aggregate", "comparison", "threshold", "sustained_seconds", "hysteresis", "cooldown_seconds", "window_from",
    "window_until", "weekdays", "severity", "version",
)  # fmt: skip
logger = logging.getLogger(__name__)


def rule_of(row: AlertRule) -> Rule:
    """The pure rule of a saved row or a draft; its device must be loaded. An aggregate that cannot be read is none."""
    device, aggregate = row.device, _aggregate(row)
    pushed = float(device.silent_after_seconds or PUSHED_GAP_SECONDS)
    return Rule(
        metric=aggregates.fed_by(row.metric, aggregate), comparison=Comparison(row.comparison), threshold=row.threshold,
        hours=Hours(zone(device.time_zone), row.window_from, row.window_until, frozenset(row.weekdays)),
        sustained_seconds=float(row.sustained_seconds), hysteresis=row.hysteresis, cooldown_seconds=float(row.cooldown_seconds),
        aggregate=aggregate, gap_seconds=3 * device.poll_seconds + LOST_SECONDS if device.is_polled else pushed, polled=device.is_polled,
        cumulative=aggregate is None and aggregates.is_cumulative(row.metric),
    )  # fmt: skip


def lookback(rule: Rule) -> timedelta:
    """So far back the readings matter that a rule did not see, at most an hour."""
    window = rule.aggregate.seconds if rule.aggregate is not None else 0
    return min(LOOKBACK, timedelta(seconds=window + 2 * rule.sustained_seconds + 10 * rule.gap_seconds))


def samples(device_id: int, metric: str, *, since: datetime) -> list[tuple[datetime, float]]:
    """The stored values of ``metric`` after ``since``, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLES, [metric, device_id, since, metric, MAX_SAMPLES])
        found: list[tuple[datetime, float]] = cursor.fetchall()
        return found


def document(rule: AlertRule) -> dict[str, Any]:
    """The rule as it is now, as JSON values: kept with its events."""
    told = {name: getattr(rule, name) for name in DOCUMENTED}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in told.items()}


def stored_state(row: AlertRule) -> State:
    """The state as it was stored for this version of the rule; a fresh one otherwise."""
    stored = RuleState.objects.filter(rule=row, version=row.version).first()
    return readable(stored)


def readable(stored: RuleState | None) -> State:
    """What was stored; a fresh state for None, and for what cannot be read."""
    try:
        return rules.state_of(stored.document) if stored is not None else State()
    except (ValueError, KeyError, TypeError):
        logger.exception("the state of rule %s cannot be read; it begins anew", stored and stored.pk)
        return State()


def zone(name: str) -> ZoneInfo:
    """The zone, or UTC for one that this system does not know any more: one bad name must not stop all rules."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        logger.error("there is no time zone %r; its rules are read in UTC", name)
        return ZoneInfo("UTC")


def _aggregate(row: AlertRule) -> aggregates.Aggregate | None:
    try:
        return aggregates.parse(row.aggregate)
    except ValueError:
        logger.error("rule %s: its aggregate %r %s", row.pk, row.aggregate, aggregates.HELP)
        return None
