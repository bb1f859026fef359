"""What the live pages show first: the open alerts, those just closed, and from which event on the feed continues them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from alerts import describe, feedback, live, policies, queries, sentences
from alerts.enums import FINAL, OPEN, Priority
from alerts.models import Alert
from notifications.enums import DeliveryStatus, Transport
from notifications.models import Delivery
from sentinel_site.lib import english, given

OPEN_LIMIT: Final = 500
CLOSED_LIMIT: Final = 20
LOG_LIMIT: Final = 500
DELIVERY_LIMIT: Final = 200


def snapshot(*, at: datetime) -> dict[str, Any]:
    """The board at ``at``: open alerts, the most urgent and oldest first, at most OPEN_LIMIT; ``more`` says that there are others.

    The event id is read before the alerts: an event in between is replayed, and changes nothing.
    """
    with transaction.atomic():
        last_event_id = live.last_event_id()
        alerts = _open_alerts()
        closed = sorted(_closed_alerts(), key=lambda alert: alert.closed_at or alert.created_at, reverse=True)
    return {
        "now": describe.instant(at),
        "last_event_id": last_event_id,
        "open": [describe.alert(alert) for alert in alerts[:OPEN_LIMIT]],
        "closed": [describe.alert(alert) for alert in closed[:CLOSED_LIMIT]],
        "more": len(alerts) > OPEN_LIMIT,
    }


def one(alert_id: UUID, *, at: datetime) -> tuple[Alert, dict[str, Any]]:
    """One alert with its record, its messages and its plan, all but the description of the alert itself. Raises Alert.DoesNotExist."""
    last_event_id = live.last_event_id()
    alert = queries.one(alert_id)
    entries = queries.log(alert.pk).order_by("-id")[:LOG_LIMIT]
    deliveries = queries.deliveries(alert).order_by("-id")[:DELIVERY_LIMIT]
    return alert, {
        "now": describe.instant(at),
        "last_event_id": last_event_id,
        "log": [{**queries.describe_entry(entry), "text": sentences.of(entry)} for entry in entries],
        "deliveries": [_delivery(delivery) for delivery in deliveries],
        "told": alert.told,
        "steps": _steps(alert),
        "feedback": feedback.of(alert),
    }


def _open_alerts() -> list[Alert]:
    """Priority by priority, so that each is read from its index and never sorted."""
    found: list[Alert] = []
    for priority in Priority:
        if len(found) <= OPEN_LIMIT:
            rows = describe.readable().filter(priority=priority, status__in=OPEN).order_by("id")
            found += rows.defer("policy__document")[: OPEN_LIMIT + 1 - len(found)]
    return found


def _closed_alerts() -> list[Alert]:
    found: list[Alert] = []
    for status in FINAL:
        found += describe.readable().filter(status=status).order_by("-id").defer("policy__document")[:CLOSED_LIMIT]
    return found


def _delivery(delivery: Delivery) -> dict[str, Any]:
    names = {"transport_name": english.label(Transport, delivery.transport), "status_name": english.label(DeliveryStatus, delivery.status)}
    return queries.describe_delivery(delivery) | names


def _when(alert: Alert, number: int, planned: datetime | None) -> datetime | None:
    """The next step comes when the alert says, later than planned where somebody who saw it holds it; no other comes before that one."""
    if alert.next_step_at is None or number < alert.step:
        return planned
    if number == alert.step:
        return alert.next_step_at
    return planned and max(planned, alert.next_step_at)


def _steps(alert: Alert) -> list[dict[str, Any]]:
    """The steps of the running round: when each is planned, and whether it was taken."""
    plan = policies.plan_of(alert.policy)
    numbers = range(len(plan.steps) + (1 if plan.last_resort else 0))
    return [
        {
            "step": number,
            "label": "" if number == plan.last_resort_step else given.shown(plan.step_at(number).label),
            "last_resort": number == plan.last_resort_step,
            "planned_at": describe.instant(_when(alert, number, plan.planned_at(number, start=alert.round_started_at))),
            "taken": number < alert.step,
            "next": number == alert.step and alert.next_step_at is not None,
        }
        for number in numbers
    ]
