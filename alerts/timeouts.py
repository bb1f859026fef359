"""What becomes of an alert whose status lasted too long: the sweep over Alert.deadline_at."""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from alerts import escalation, lifecycle, policies, record, tongues
from alerts.enums import AckTimeoutAction, AlertStatus, EventKind, Resolution
from alerts.models import Alert
from alerts.plan import LAST_RESORT_GRACE_SECONDS
from sentinel_site.lib import prepared, wake

RETRY = timedelta(minutes=1)
logger = logging.getLogger(__name__)

_NEXT = """
SELECT (
    SELECT min(soonest.at) FROM (VALUES (1), (2), (3), (4), (5)) AS level (priority), LATERAL (
        SELECT next_step_at AS at FROM alerts_alert
        WHERE priority = level.priority AND next_step_at IS NOT NULL ORDER BY next_step_at LIMIT 1
    ) AS soonest
), (SELECT deadline_at FROM alerts_alert WHERE deadline_at IS NOT NULL ORDER BY deadline_at LIMIT 1)
"""
_CLAIM = """
SELECT id FROM alerts_alert WHERE deadline_at IS NOT NULL AND deadline_at <= %s AND (next_step_at IS NULL OR next_step_at > %s)
ORDER BY deadline_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""


def next_at() -> tuple[datetime | None, datetime | None]:
    """When the next step of any alert is due, and when the next deadline of any; None: there is none."""
    ((step_at, deadline_at),) = prepared.run(_NEXT)
    return step_at, deadline_at


def expire_due(*, at: datetime, limit: int = 100) -> int:
    """Deal with every alert whose status has timed out at ``at``, one transaction each; concurrent sweeps share the work.

    Not acknowledged: it expires, and that is told. Seen and not acknowledged: the last resort is told first and gets
    time to answer. Acknowledged and not resolved: the policy decides between closing it and calling again; called
    again in vain, it expires. One whose step is due as well waits for the step: after an outage people are called first. One
    that fails is put back a minute later. Returns the number dealt with.
    """
    done = 0
    while done < limit:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_CLAIM, [at, at])
                row = cursor.fetchone()
            if row is None:
                break
            alert = Alert.objects.select_related("source", "policy", "group").get(pk=row[0])
            try:
                with transaction.atomic():
                    _time_out(alert, at=at)
            except Exception:  # the other alerts must not wait for it
                logger.exception("the time-out of %s failed; tried again in a minute", alert)
                Alert.objects.filter(pk=alert.pk).update(deadline_at=at + RETRY)
        done += 1
    return done


def _time_out(alert: Alert, *, at: datetime) -> None:
    plan = policies.plan_of(alert.policy)
    if alert.status == AlertStatus.SEEN and not alert.unanswered:
        escalation.tell_last_resort(alert, at=at, deadline_at=at + timedelta(seconds=LAST_RESORT_GRACE_SECONDS))
        record.announce([(EventKind.ESCALATED, alert.pk, record.UNANSWERED)], at=at, wake_also=(wake.DUE,))
    elif alert.status == AlertStatus.ACKNOWLEDGED and not _called_again(alert):
        if plan.ack_timeout_action == AckTimeoutAction.RESOLVE:
            note = tongues.note(lambda: _("acknowledged, and never resolved"))
            lifecycle.resolve(alert, by=None, at=at, resolution=Resolution.AUTO, note=note)
        else:
            escalation.start_round(alert, at=at, why="acknowledged, and not resolved in time")
            record.announce([(EventKind.ESCALATED, alert.pk)], at=at, wake_also=(wake.DUE,))
    else:
        lifecycle.expire(alert, at=at)


def _called_again(alert: Alert) -> bool:
    """Whether a later round runs, or ran out, on an acknowledged alert without a new acknowledgement."""
    return alert.next_step_at is not None or alert.unanswered
