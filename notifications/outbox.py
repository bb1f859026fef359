"""The only writer of Delivery.status: claims, settles, receipts and cancels, each one conditional update.

A runner claims rows and has them in hand under a lease; what it settles counts only while the lease is its own. While a
row is in hand, an empty ``next_attempt_at`` means that nobody wants the message any more: it is not tried again.
Rows are locked in the order of their ids: the alert, then notifications, then deliveries, then the counter of live events.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from notifications import answer_codes, dispatch, proofs, reading, storms
from notifications.enums import REFUSABLE, RETRIED, WAITING, DeliveryStatus, Transport
from notifications.models import ContactMethod, Delivery, Notification
from notifications.signals import deliveries_settled, delivery_received
from sentinel_site.lib import prepared, wake
from sentinel_site.lib.crypto import UndecryptableError

RECEIPTS = "receipts"
FALL_OVER_AFTER = 3
"""From so many attempts on, a failure tries the recipient's next unused method as well, while this one is tried again."""

_CLAIM = """
WITH waiting AS MATERIALIZED (
    SELECT due.id FROM (VALUES (1), (2), (3), (4), (5)) AS level (priority), LATERAL (
        SELECT id FROM notifications_delivery
        WHERE transport = %(transport)s AND priority = level.priority AND status IN ('queued', 'failed') AND next_attempt_at <= %(at)s
        ORDER BY next_attempt_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) AS due LIMIT %(limit)s
), abandoned AS MATERIALIZED (
    SELECT id FROM notifications_delivery WHERE status = 'sending' AND leased_until <= %(at)s AND transport = %(transport)s
    ORDER BY leased_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), chosen AS MATERIALIZED (
    SELECT id FROM abandoned UNION ALL SELECT id FROM waiting LIMIT %(limit)s
), claimed AS (
    UPDATE notifications_delivery AS delivery SET
    status = CASE WHEN delivery.status = 'sending' AND delivery.next_attempt_at IS NULL THEN 'cancelled'
                  WHEN notification.expires_at <= %(at)s THEN 'dead' ELSE 'sending' END,
    error = CASE WHEN delivery.status = 'sending' AND delivery.next_attempt_at IS NULL THEN 'answered while it was being sent'
                 WHEN notification.expires_at <= %(at)s AND delivery.error = '' THEN 'could not be sent in time' ELSE delivery.error END,
    attempts = delivery.attempts + 1, lease = %(lease)s, leased_until = %(until)s
    FROM notifications_notification AS notification, chosen
    WHERE delivery.id = chosen.id AND notification.id = delivery.notification_id
    RETURNING delivery.*
)
SELECT {columns} FROM claimed AS delivery {joins}
"""
_WAITING = """
SELECT kind.transport, least(
    (SELECT min(soonest.at) FROM (VALUES (1), (2), (3), (4), (5)) AS level (priority), LATERAL (
        SELECT next_attempt_at AS at FROM notifications_delivery
        WHERE transport = kind.transport AND priority = level.priority AND status IN ('queued', 'failed') ORDER BY next_attempt_at LIMIT 1
    ) AS soonest),
    (SELECT min(leased_until) FROM notifications_delivery WHERE status = 'sending' AND transport = kind.transport)
) FROM unnest(%s::text[]) AS kind (transport)
UNION ALL SELECT 'receipts', (SELECT receipt_due_at FROM notifications_delivery WHERE receipt_due_at IS NOT NULL ORDER BY 1 LIMIT 1)
"""
_SETTLE = """
WITH outcome AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(leases)s::uuid[], %(statuses)s::text[], %(retries)s::timestamptz[],
        %(receipts)s::timestamptz[], %(providers)s::text[], %(errors)s::text[], %(counted)s::bool[], %(took)s::int[])
        AS outcome (id, lease, status, retry_at, receipt_due_at, provider_id, error, counted, took_ms)
), held AS MATERIALIZED (
    SELECT id, lease FROM notifications_delivery WHERE id = ANY(%(ids)s) AND status = 'sending' ORDER BY id FOR UPDATE
)
UPDATE notifications_delivery AS delivery SET
    status = CASE WHEN outcome.status <> 'sent' AND delivery.next_attempt_at IS NULL THEN 'cancelled' ELSE outcome.status END,
    next_attempt_at = CASE WHEN delivery.next_attempt_at IS NOT NULL THEN outcome.retry_at END,
    sent_at = CASE WHEN outcome.status = 'sent' THEN %(at)s::timestamptz ELSE delivery.sent_at END,
    receipt_due_at = CASE WHEN delivery.next_attempt_at IS NOT NULL THEN outcome.receipt_due_at END,
    settled_at = CASE WHEN outcome.counted THEN %(at)s::timestamptz ELSE delivery.settled_at END,
    attempts = CASE WHEN outcome.counted THEN delivery.attempts ELSE delivery.attempts - 1 END,
    took_ms = CASE WHEN outcome.counted THEN outcome.took_ms ELSE delivery.took_ms END,
    history = CASE WHEN outcome.counted AND jsonb_array_length(delivery.history) < 50 THEN delivery.history || jsonb_build_object(
        'at', %(said)s::text, 'took_ms', outcome.took_ms, 'status', outcome.status, 'error', outcome.error) ELSE delivery.history END,
    leased_until = NULL, provider_id = CASE WHEN outcome.counted THEN outcome.provider_id ELSE delivery.provider_id END,
    error = outcome.error
FROM outcome JOIN held ON held.id = outcome.id AND held.lease = outcome.lease
WHERE delivery.id = outcome.id
RETURNING delivery.id, delivery.status
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. ``status``: SENT, FAILED (with ``retry_at``) or DEAD.

    Or of none: not ``counted``, it was only put back until ``retry_at``, QUEUED or FAILED as it was before.
    """

    delivery: Delivery
    status: DeliveryStatus
    provider_id: str = ""
    error: str = ""
    retry_at: datetime | None = None
    dead_address: bool = False
    """The contact method is disabled as well."""
    receipt_due_at: datetime | None = None
    """SENT: without a receipt by then, the next method takes its place (receipts.py)."""
    counted: bool = True
    falls_over: bool = False
    """The recipient's next method is used at once, while this one is tried again."""
    took_ms: int | None = None
    cause: Exception | None = None
    """The error behind it."""


def claim(transport: str, *, limit: int, at: datetime, lease_seconds: int) -> list[Delivery]:
    """Take up to ``limit`` due deliveries of ``transport`` in hand, the most urgent first.

    Concurrent runners share the work and never take the same row. A row whose runner let the lease run out is taken
    again, with one attempt more. What has expired is closed instead, DEAD, or CANCELLED when it was answered meanwhile.
    An SMS gets the code that answers it.
    """
    values: dict[str, Any] = {
        "transport": transport, "at": at, "limit": limit, "lease": uuid4(), "until": at + timedelta(seconds=lease_seconds),
    }  # fmt: skip
    with transaction.atomic():
        rows = reading.rows(_CLAIM, values)
        closed = [row.bare() for row in rows if row.status != DeliveryStatus.SENDING]
        if closed:
            Delivery.objects.filter(pk__in=[delivery.pk for delivery in closed]).update(
                leased_until=None, next_attempt_at=None, settled_at=at, attempts=F("attempts") - 1
            )
            deliveries_settled.send(sender=Delivery, deliveries=closed, fallen_over={}, at=at)
    claimed = _readable([row for row in rows if row.status == DeliveryStatus.SENDING], at=at)
    telling = _telling(claimed, at=at)
    if transport == Transport.SMS:
        answer_codes.allot(telling, at=at)
    return telling


def waiting() -> dict[str, datetime]:
    """For each transport that has something to do: when the next attempt is due, or the next lease runs out.

    Under RECEIPTS: when the next receipt is overdue.
    """
    return {kind: due_at for kind, due_at in prepared.run(_WAITING, [Transport.values]) if due_at is not None}


def next_due_at() -> datetime | None:
    """When the next attempt of any transport is due, or the next lease runs out; None when nothing waits."""
    return min((due_at for kind, due_at in waiting().items() if kind != RECEIPTS), default=None)


def settle(outcomes: Sequence[Outcome], *, at: datetime) -> list[Delivery]:
    """Record what became of deliveries in hand, many at once. Returns those that were still held by the same claim.

    A failure of a message that nobody wants any more becomes CANCELLED. A dead address disables its method; a delivery
    that died, or failed a third time, falls over to the recipient's next method, all in the same transaction.
    """
    by_id = {outcome.delivery.pk: outcome for outcome in outcomes}
    with transaction.atomic():
        _hold([outcome.delivery.notification_id for outcome in by_id.values() if _may_fall_over(outcome)])
        settled = _write(list(by_id.values()), at=at)
        if not settled:
            return []
        mine = [by_id[delivery.pk] for delivery in settled]
        _disable([outcome for outcome in mine if outcome.dead_address], at=at)
        fallen_over = fall_over([outcome.delivery for outcome in mine if _falls_over(outcome)], at=at)
        if any(outcome.counted and outcome.delivery.status == DeliveryStatus.FAILED for outcome in mine):
            wake.up(wake.OUTBOX)
        news = [outcome.delivery for outcome in mine if outcome.counted or outcome.delivery.pk in fallen_over]
        if news:
            deliveries_settled.send(sender=Delivery, deliveries=news, fallen_over=fallen_over, at=at)
    return settled


def receive(delivery_id: UUID, *, status: DeliveryStatus, at: datetime, detail: str = "") -> bool:
    """A receipt proves that the message arrived (DELIVERED) or was opened (SEEN). False: no such delivery, or it was refused.

    Receipts may come twice, late and in any order: the status only moves forward, and a waiting retry is dropped. What
    its provider refused was not delivered, whatever else it says. The apps above are told each time. Not to be called
    inside a transaction: it is two, the row first and then the alert, because settling locks a row and then the event
    counter, and moving an alert locks it before both.
    """
    with transaction.atomic(durable=True):
        earlier = {DeliveryStatus.DELIVERED, DeliveryStatus.SEEN} if status == DeliveryStatus.DELIVERED else {DeliveryStatus.SEEN}
        fields = {"seen_at": Coalesce("seen_at", at)} if status == DeliveryStatus.SEEN else {}
        refused = {} if status == DeliveryStatus.SEEN else {"refused_at": None}
        moved = Delivery.objects.filter(pk=delivery_id, **refused).exclude(status__in=earlier).update(
            status=status, next_attempt_at=None, leased_until=None, receipt_due_at=None, settled_at=at, error="",
            sent_at=Coalesce("sent_at", at), delivered_at=Coalesce("delivered_at", at), **fields,
        )  # fmt: skip
        if moved:
            proofs.received(delivery_id, at=at)
    delivery = Delivery.objects.select_related("notification__recipient", "notification__group").filter(pk=delivery_id).first()
    if delivery is None or (delivery.refused_at and status != DeliveryStatus.SEEN):
        return False
    delivery_received.send(sender=Delivery, delivery=delivery, status=status, detail=detail, at=at)
    return True


def refuse(delivery_id: UUID, *, error: str, at: datetime, dead_address: bool = False) -> bool:
    """The provider, which had accepted the message, says that it did not arrive and will not: DEAD, with ``error``.

    The recipient's next method is used at once, unless the message was answered or has expired meanwhile. ``dead_address``
    disables the method as well. Safe to repeat and in any order with receipts: a refusal is final, and only an answer or
    another sign of the person (SEEN) stands above it. False: it changed nothing. Not to be called inside a transaction.
    """
    with transaction.atomic(durable=True):
        notes = Notification.objects.filter(deliveries=delivery_id).select_for_update(of=["self"], no_key=True)
        note = notes.first()  # `cancel` waits for this row, or has changed it before
        refused = Delivery.objects.filter(pk=delivery_id, status__in=REFUSABLE).update(
            status=DeliveryStatus.DEAD, next_attempt_at=None, leased_until=None, receipt_due_at=None, settled_at=at, refused_at=at,
            error=_storable(error, 500),
        )  # fmt: skip
        delivery = Delivery.objects.select_related("notification__recipient", "notification__group").filter(pk=delivery_id).first()
        if note is None or delivery is None:
            return False
        if dead_address and delivery.status != DeliveryStatus.SEEN:
            _disable([Outcome(delivery, DeliveryStatus.DEAD, error=error)], at=at)
        if refused:
            fallen_over = fall_over([delivery] if note.open_at(at) else [], at=at)
            deliveries_settled.send(sender=Delivery, deliveries=[delivery], fallen_over=fallen_over, at=at)
    return bool(refused)


def fall_over(deliveries: Sequence[Delivery], *, at: datetime) -> dict[UUID, Delivery]:
    """See dispatch.fall_over. A delivery does it once; one that finds no other method may find one later."""
    fallen_over = dispatch.fall_over([delivery for delivery in deliveries if delivery.fell_over_at is None], at=at)
    if fallen_over:
        Delivery.objects.filter(pk__in=fallen_over).update(fell_over_at=at)
    return fallen_over


def retry(delivery_id: UUID, *, by: str, at: datetime) -> str:
    """Send a message again that was given up or waits, at once, because ``by`` wishes it. Answers with why not, or with nothing.

    The provider gets the same idempotency key as before. What was answered or has expired meanwhile is not sent again.
    """
    with transaction.atomic():
        note = Notification.objects.filter(deliveries=delivery_id).select_for_update(of=["self"], no_key=True).first()
        if note is None or not note.open_at(at):
            return "it was answered or has expired meanwhile, so nobody waits for it"
        again = Delivery.objects.filter(pk=delivery_id, status__in=RETRIED).select_for_update().first()
        if again is None:
            return "it is being sent, was sent, or was cancelled"
        said = {"at": _stamp(at), "status": "again", "error": f"by {by}"}
        Delivery.objects.filter(pk=delivery_id).update(
            status=DeliveryStatus.QUEUED, next_attempt_at=at, leased_until=None, refused_at=None, error="", history=[*again.history, said]
        )
        wake.up(wake.OUTBOX)
        bare = Delivery.objects.select_related("notification__recipient", "notification__group").defer("method")
        deliveries_settled.send(sender=Delivery, deliveries=[bare.get(pk=delivery_id)], fallen_over={}, at=at)
    return ""


def cancel(threads: Iterable[str], *, at: datetime, why: str) -> tuple[int, int]:
    """Cancel what still waits in ``threads``. Returns how many were cancelled and how many are already on their way.

    A delivery that a runner has in hand is in flight: it cannot be called back, it is counted instead and not tried
    again. The transaction that cancels and the runner's claim exclude each other on the row. What was sent already is
    not sent by another method any more when its provider refuses it later.
    """
    named = list(threads)
    told = Notification.objects.filter(thread__in=named, cancelled_at=None).order_by("id").select_for_update(no_key=True)
    Notification.objects.filter(pk__in=told.values("pk")).update(cancelled_at=at)  # from here on nothing falls over
    here = Delivery.objects.filter(notification__thread__in=named, status__in=[*WAITING, DeliveryStatus.SENDING]).order_by("id")
    rows = list(here.select_for_update(of=["self"]).values_list("id", "status"))
    waiting = [pk for pk, status in rows if status != DeliveryStatus.SENDING]
    in_flight = [pk for pk, status in rows if status == DeliveryStatus.SENDING]
    if waiting:
        Delivery.objects.filter(pk__in=waiting).update(
            status=DeliveryStatus.CANCELLED, settled_at=at, next_attempt_at=None, error=why[:500]
        )
    if in_flight:
        Delivery.objects.filter(pk__in=in_flight).update(next_attempt_at=None)
    return len(waiting), len(in_flight)


def _readable(rows: Sequence[reading.Row], *, at: datetime) -> list[Delivery]:
    """The deliveries with their methods, the most urgent first. One whose address cannot be decrypted is closed instead."""
    found = []
    for row in rows:
        try:
            found.append(row.whole())
        except UndecryptableError as error:
            settle([Outcome(row.bare(), DeliveryStatus.DEAD, error=str(error))], at=at)
    return sorted(found, key=lambda delivery: (delivery.priority, delivery.next_attempt_at or delivery.queued_at, delivery.pk))


def _telling(claimed: Sequence[Delivery], *, at: datetime) -> list[Delivery]:
    """Those that have something to tell; a message of a storm in which everything was answered meanwhile is cancelled."""
    silent = storms.fill(claimed)
    if silent:
        Delivery.objects.filter(pk__in=[delivery.pk for delivery in silent]).update(next_attempt_at=None)
        why = "everything in it was answered meanwhile"
        settle([Outcome(delivery, DeliveryStatus.FAILED, error=why) for delivery in silent], at=at)
    return [delivery for delivery in claimed if delivery not in silent]


def _write(outcomes: Sequence[Outcome], *, at: datetime) -> list[Delivery]:
    """One UPDATE for all that the same claims still hold; those deliveries, following what the database decided."""
    values: dict[str, Any] = {
        "at": at,
        "ids": [outcome.delivery.pk for outcome in outcomes],
        "leases": [outcome.delivery.lease for outcome in outcomes],
        "statuses": [outcome.status.value for outcome in outcomes],
        "retries": [outcome.retry_at for outcome in outcomes],
        "receipts": [outcome.receipt_due_at for outcome in outcomes],
        "providers": [_storable(outcome.provider_id, 200) for outcome in outcomes],
        "errors": [_storable(outcome.error, 500) for outcome in outcomes],
        "counted": [outcome.counted for outcome in outcomes],
        "took": [outcome.took_ms for outcome in outcomes],
        "said": _stamp(at),
    }
    decided = dict(prepared.run(_SETTLE, values))
    settled = [outcome for outcome in outcomes if outcome.delivery.pk in decided]
    for outcome in settled:
        delivery = outcome.delivery
        delivery.status, delivery.settled_at, delivery.error = decided[delivery.pk], at, _storable(outcome.error, 500)
        delivery.provider_id = _storable(outcome.provider_id, 200)
    return [outcome.delivery for outcome in settled]


def _storable(text: str, longest: int) -> str:
    """What a provider said, without what PostgreSQL cannot hold: a message that cannot be settled is sent again for ever."""
    return text.replace("\0", "").encode(errors="replace").decode()[:longest]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _disable(outcomes: Sequence[Outcome], *, at: datetime) -> None:
    for outcome in outcomes:
        methods = ContactMethod.objects.filter(Q(pk=outcome.delivery.method_id), disabled_at=None)
        methods.update(disabled_at=at, disabled_reason=_storable(outcome.error, 300))


def _hold(notes: Sequence[UUID]) -> None:
    """Keep `cancel` from overlooking what these notifications fall over to: it waits for the rows, or has changed them before."""
    if notes:
        list(Notification.objects.filter(pk__in=notes).order_by("id").select_for_update(no_key=True).values_list("id"))


def _may_fall_over(outcome: Outcome) -> bool:
    again = outcome.counted and outcome.status == DeliveryStatus.FAILED and outcome.delivery.attempts >= FALL_OVER_AFTER
    return outcome.status == DeliveryStatus.DEAD or outcome.falls_over or again


def _falls_over(outcome: Outcome) -> bool:
    return outcome.delivery.status in (DeliveryStatus.DEAD, *WAITING) and _may_fall_over(outcome)
