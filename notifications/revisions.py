"""Changing messages after they were sent, so that they say who has taken it and offer no button that is of no use any more.

What is wanted is a row (Revision), written in the transaction of the answer, and sent by whoever finds it due: the
watchdog at once, the worker within a minute. A runner that dies lets its lease run out. Nothing here shares threads or
rows with deliveries: a first message never waits for the change of an older one.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Min

from notifications import transports
from notifications.enums import ACCEPTED, ANSWERABLE, DeliveryStatus
from notifications.errors import PermanentError, TemporaryError
from notifications.models import Revision
from notifications.rendering import Wording
from sentinel_site.lib import wake

LEASE_SECONDS: Final = 45
"""Longer than a transport waits for its provider."""
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 5.0, 300.0
GIVE_UP: Final = timedelta(hours=24)
"""So long after the message was queued nobody reads it any more."""
GONE: Final = (DeliveryStatus.DEAD, DeliveryStatus.CANCELLED)
logger = logging.getLogger(__name__)

_WANT = """
INSERT INTO notifications_revision AS revision (delivery_id, state, version, due_at, attempts, error)
SELECT delivery.id, %(state)s::jsonb, 1, %(at)s, 0, ''
FROM notifications_delivery AS delivery JOIN notifications_notification AS told ON told.id = delivery.notification_id
WHERE told.thread = ANY(%(threads)s) AND delivery.transport = ANY(%(transports)s) AND told.reason = ANY(%(reasons)s)
    AND delivery.status <> ALL(%(gone)s) AND (delivery.provider_id <> '' OR delivery.status <> ALL(%(sent)s))
    AND (told.context -> 'alerts' IS NULL OR told.context -> 'alerts' @> %(named)s::jsonb)
ORDER BY delivery.id
ON CONFLICT (delivery_id) DO UPDATE SET
    state = revision.state || excluded.state, version = revision.version + 1, due_at = excluded.due_at, attempts = 0
"""
_CLAIM = """
UPDATE notifications_revision SET lease = %(lease)s, leased_until = %(until)s, attempts = attempts + 1
WHERE delivery_id = (
    SELECT delivery_id FROM notifications_revision WHERE due_at <= %(at)s AND (leased_until IS NULL OR leased_until <= %(at)s)
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING delivery_id
"""
_SETTLE = """
UPDATE notifications_revision SET
    lease = NULL, leased_until = NULL, error = %(error)s, said_at = coalesce(%(said_at)s, said_at),
    due_at = CASE WHEN version = %(version)s THEN %(due_at)s ELSE due_at END
WHERE delivery_id = %(delivery)s AND lease = %(lease)s
"""


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one attempt: said, or due again at ``due_at``, or (neither) given up."""

    said_at: datetime | None = None
    due_at: datetime | None = None
    error: str = ""
    trouble: bool = False
    """The provider cannot take more now: what else is due waits, too."""


def possible() -> bool:
    """Whether any transport can change messages, as things are set up."""
    return bool(transports.revisers())


def want(threads: Iterable[str], *, subject: str, state: Mapping[str, Any], at: datetime) -> None:
    """Have every message of ``threads`` that asked about ``subject`` (an alert's id) say that its state is ``state`` now.

    Belongs to the caller's transaction. Only transports that can change messages are concerned; where there is none, this
    costs nothing. A message that is still on its way is changed when it has arrived.
    """
    kinds = [str(kind) for kind in transports.revisers()]
    if not kinds:
        return
    values: dict[str, Any] = {
        "state": json.dumps({subject: dict(state)}), "at": at, "threads": list(threads), "transports": kinds,
        "reasons": [str(reason) for reason in sorted(ANSWERABLE)], "gone": [str(status) for status in GONE],
        "sent": [str(status) for status in ACCEPTED], "named": json.dumps([{"id": subject}]),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_WANT, values)
        if cursor.rowcount:
            wake.up(wake.REVISIONS)


def run_due(*, at: datetime, limit: int = 50) -> int:
    """Send what is due, one after the other, until the provider has trouble: then everything pauses. Returns how many were tried."""
    tried = 0
    while tried < limit and (revision := _claim(at=at)) is not None:
        tried += 1
        result = _attempt(revision, at=at)
        _settle(revision, result)
        if result.trouble and result.due_at is not None:
            Revision.objects.filter(due_at__lt=result.due_at, lease=None).update(due_at=result.due_at)
            break
    return tried


def next_due_at() -> datetime | None:
    """When the next one is due, not counting those in hand; None when nothing waits."""
    found: datetime | None = Revision.objects.filter(due_at__isnull=False, lease=None).aggregate(soonest=Min("due_at"))["soonest"]
    return found


def _claim(*, at: datetime) -> Revision | None:
    values: dict[str, Any] = {"lease": uuid4(), "until": at + timedelta(seconds=LEASE_SECONDS), "at": at}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        row: tuple[UUID] | None = cursor.fetchone()
    parts = ("delivery__notification__recipient", "delivery__notification__group")
    return Revision.objects.select_related(*parts).get(pk=row[0]) if row else None


def _attempt(revision: Revision, *, at: datetime) -> _Result:
    delivery = revision.delivery
    reviser = transports.revisers().get(delivery.transport)
    if reviser is None or delivery.status in GONE or at - delivery.queued_at > GIVE_UP:
        return _Result(error="the message cannot be changed any more")
    if delivery.status not in ACCEPTED:
        return _Result(due_at=_later(revision, None, at=at))  # it is still on its way itself
    try:
        reviser.revise(delivery, Wording(delivery), revision.state)
    except PermanentError as error:
        return _Result(error=str(error))
    except TemporaryError as error:
        return _Result(due_at=_later(revision, error.retry_seconds, at=at), error=str(error), trouble=True)
    except Exception as error:  # a fault of the transport's code: it must not stop the others
        logger.exception("the message of delivery %s could not be changed", delivery.pk)
        return _Result(due_at=_later(revision, None, at=at), error=f"unexpected error ({type(error).__name__})")
    return _Result(said_at=at)


def _later(revision: Revision, wish: float | None, *, at: datetime) -> datetime:
    usual = FIRST_RETRY_SECONDS * 2.0 ** min(max(revision.attempts - 1, 0), 10)
    return at + timedelta(seconds=min(max(usual if wish is None else wish, 1.0), LAST_RETRY_SECONDS))


def _settle(revision: Revision, result: _Result) -> None:
    values: dict[str, Any] = {
        "delivery": revision.pk, "lease": revision.lease, "version": revision.version, "due_at": result.due_at,
        "said_at": result.said_at, "error": result.error[:500],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, values)
