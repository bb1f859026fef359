"""Receipts that arrive by REST: a phone, or a person, says that a message came or was opened."""

from datetime import datetime

from alerts import lifecycle, queries
from alerts.enums import AlertStatus
from alerts.models import Alert
from alerts.record import By
from alerts.schemas import AnswerIn
from notifications import outbox
from notifications.enums import DeliveryStatus
from sentinel_site.lib import problems


def take(alert: Alert, to: AlertStatus, answer: AnswerIn, *, by: By, at: datetime) -> None:
    """Record that ``alert`` is DELIVERED or SEEN. The delivery named, if any, is settled whatever the alert's status is by now.

    Raises a 422 Problem when that delivery did not bring this alert, and IllegalTransition when the alert is further already.
    """
    told = {"note": answer.note, "pressed_at": answer.pressed(at=at)}
    detail = {name: value for name, value in told.items() if value}
    if answer.delivery is not None:
        if not queries.deliveries(alert).filter(pk=answer.delivery).exists():
            text = "is not a delivery of this alert; leave it out, or see /api/v1/alerts/{id}/deliveries"
            raise problems.invalid([(("body", "delivery"), text)])
        outbox.receive(answer.delivery, status=DeliveryStatus(to.value.lower()), at=at, detail=answer.note)
        detail["delivery"] = str(answer.delivery)
    move = lifecycle.mark_seen if to == AlertStatus.SEEN else lifecycle.mark_delivered
    move(alert, by=by, at=at, detail=detail)
