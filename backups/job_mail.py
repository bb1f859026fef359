"""The job's own e-mail address is told of its alerts, once for each, and that it is over, besides whom the policy tells.

Through the outbox: it waits, is tried again and is seen like every other message. Nothing is sent while a silence covers the alert,
nor to somebody whom the first step of the policy tells by mail anyway.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from alerts import describe, messages, policies, routing
from alerts.models import Alert
from backups.models import ExpectedBackupJob
from notifications import dispatch, mailboxes
from notifications.enums import Reason, Transport, Urgency
from notifications.message import Message, Order

LABEL: Final = "Named at the expected backup"
logger = logging.getLogger(__name__)


def prepare(jobs: Collection[ExpectedBackupJob]) -> Mapping[str, str]:
    """The recipients (ids) of the jobs' addresses, made where there are none. Before the first lock of a transaction.

    What goes wrong with it is logged: nobody's alert is lost for a mail.
    """
    addresses = {job.email_for_notifications for job in jobs if job.email_for_notifications}
    if not addresses:
        return {}
    try:
        with transaction.atomic():
            return mailboxes.recipients(addresses)
    except Exception:  # whatever it is: the alert itself must be raised
        logger.exception("nobody is told by mail at the addresses of %d expected backups", len(addresses))
        return {}


def tell(raised: Mapping[UUID, ExpectedBackupJob], recipients: Mapping[str, str], *, at: datetime) -> int:
    """Queue a message about each alert (by id) that was raised just now to the address of its job. Returns how many.

    In the caller's transaction; what goes wrong with it is logged, and takes nothing back but these messages.
    """
    if not recipients:
        return 0
    try:
        with transaction.atomic():
            return _tell(raised, recipients, at=at)
    except Exception:  # as above; the savepoint takes back these messages alone
        logger.exception("the addresses of %d expected backups are not told", len(raised))
        return 0


def _tell(raised: Mapping[UUID, ExpectedBackupJob], recipients: Mapping[str, str], *, at: datetime) -> int:
    addressed = {pk: recipients[job.email_for_notifications] for pk, job in raised.items() if job.email_for_notifications in recipients}
    if not addressed:
        return 0
    alerts = [alert for alert in describe.readable().filter(pk__in=addressed) if not _silenced(alert, at=at)]
    reached = _by_policy(alerts, at=at)
    orders = [_order(alert, addressed[alert.pk], at=at) for alert in alerts if addressed[alert.pk] not in reached[alert.pk]]
    if orders:
        dispatch.tell(orders, at=at)
    return len(orders)


def _order(alert: Alert, recipient: str, *, at: datetime) -> Order:
    message = Message(
        reason=Reason.FIRST, urgency=Urgency.NORMAL, priority=alert.priority, context=messages.context([alert], at=at), label=LABEL,
        expires_at=at + messages.KEEP_TRYING,
    )  # fmt: skip
    kinds = frozenset({Transport.EMAIL.value})
    return Order(alert.thread, f"backup-mail:{alert.pk}", message, recipients=frozenset({recipient}), kinds=kinds)


def _silenced(alert: Alert, *, at: datetime) -> bool:
    labels = routing.labels_of(
        source=alert.source.slug, type=alert.type, severity=alert.severity, subject=alert.subject, labels=alert.labels
    )
    return routing.table().is_silenced(alert.source, labels, priority=alert.priority, at=at)


def _by_policy(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, set[str]]:
    """Whom (recipient ids) the first step of each alert's policy tells by mail at once."""
    orders = [messages.step([alert], policies.plan_of(alert.policy), range(1), at=at) for alert in alerts]
    planned = dispatch.plan(orders, at=at) if orders else []
    return {
        alert.pk: {
            str(call.target.recipient.pk)
            for call in calls
            if call.target and call.target.recipient and any(way.method.kind == Transport.EMAIL for way in call.ways)
        }
        for alert, calls in zip(alerts, planned, strict=True)
    }
