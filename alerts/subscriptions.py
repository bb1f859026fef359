"""Subscriptions: making and changing them, whose turn it is, and how far each has got.

Whoever sends holds the row by a lease; every step forward is one conditional UPDATE. A runner that dies leaves the cursor where
its last answered request left it, and its lease runs out: what it had sent without an answer is sent again, with the same ids.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import F, Min, QuerySet

from alerts import live
from alerts.models import AlertEvent, Subscription
from sentinel_site.lib import wake

LEASE: Final = timedelta(seconds=60)
"""Longer than a request may take, with its name, its connection and its answer."""
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 1.0, 300.0
STALE: Final = timedelta(minutes=15)
"""Failing for longer than this is worth a word to the operator."""
CONFIGURED: Final = ("name", "url", "secret", "kinds", "matchers", "format", "enabled")
FRESH: Final = (
    "failures", "failing_since", "next_attempt_at", "last_error", "gone_at", "lease", "leased_until"
)  # fmt: skip

_DUE = """
enabled AND gone_at IS NULL
AND (next_attempt_at IS NULL OR next_attempt_at <= %(before)s) AND (leased_until IS NULL OR leased_until <= %(at)s)
AND cursor <> (SELECT coalesce(max(value), 0) FROM alerts_eventcounter WHERE id = 1)
AND (%(before)s = %(at)s
    OR (SELECT event.at FROM alerts_alertevent AS event WHERE event.id > cursor ORDER BY event.id LIMIT 1) <= %(before)s)
"""
_CLAIM = f"""
UPDATE alerts_subscription SET lease = %(lease)s, leased_until = %(until)s, attempted_at = %(at)s
WHERE id IN (
    SELECT id FROM alerts_subscription WHERE {_DUE} ORDER BY attempted_at NULLS FIRST, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id
"""  # noqa: S608


def save(subscription: Subscription) -> None:
    """Store what the operator wrote. A new one begins with the next event; a changed one is tried at once, from where it was."""
    if subscription._state.adding:
        subscription.cursor = live.last_event_id()
        subscription.save()
    else:
        subscription.failures, subscription.last_error = 0, ""
        subscription.failing_since = subscription.next_attempt_at = subscription.gone_at = None
        subscription.lease = subscription.leased_until = None  # whoever sends by the old words stops after this request
        subscription.save(update_fields=[*CONFIGURED, *FRESH])
    wake.up(wake.EVENTS)


def go_on_after(subscription: Subscription, event_id: int | None) -> None:
    """Have it hear what came after ``event_id`` (None: the newest), again or for the first time; what is no longer kept is not counted."""
    newest = live.last_event_id()
    cursor = newest if event_id is None else min(max(event_id, 0), newest)
    oldest = AlertEvent.objects.order_by("id").values_list("id", flat=True).first()
    cursor = max(cursor, (oldest or newest + 1) - 1)
    Subscription.objects.filter(pk=subscription.pk).update(
        cursor=cursor, failures=0, failing_since=None, next_attempt_at=None, last_error="", lease=None, leased_until=None
    )
    wake.up(wake.EVENTS)


def claim(*, at: datetime, limit: int, patience: timedelta = timedelta(0)) -> list[tuple[UUID, UUID]]:
    """Take hold of subscriptions that events wait for, who waited longest first: (id, lease) of each, at most ``limit``.

    ``patience``: only what somebody else should have sent that long ago. Concurrent runners share the work (SKIP LOCKED).
    """
    lease = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": lease, "until": at + LEASE, "at": at, "before": at - patience, "limit": limit})
        return [(row[0], lease) for row in cursor.fetchall()]


def held(pk: UUID, lease: UUID) -> Subscription | None:
    """The subscription as it is now, if this lease still holds it. Raises UndecryptableError."""
    return Subscription.objects.filter(pk=pk, lease=lease).first()


def next_attempt_at() -> datetime | None:
    """When one that failed is tried again; None when none waits for that."""
    found: datetime | None = _waiting().aggregate(soonest=Min("next_attempt_at"))["soonest"]
    return found


def passed(pk: UUID, lease: UUID, *, upto: int, sent: int, lost: int, at: datetime) -> bool:
    """Write down that everything up to the event ``upto`` is dealt with, and hold on. False: another runner has it by now."""
    news = {"sent_at": at, "failures": 0, "failing_since": None, "next_attempt_at": None, "last_error": ""} if sent else {}
    held_row = Subscription.objects.filter(pk=pk, lease=lease)
    counted = {"cursor": upto, "sent": F("sent") + sent, "lost": F("lost") + lost, "leased_until": at + LEASE}
    return bool(held_row.update(**counted, **news))


def failed(pk: UUID, lease: UUID, *, why: str, at: datetime, wish: float | None = None) -> None:
    """Write down a try in vain and let go: tried again after a second, two, four … five minutes, or when the receiver wishes."""
    row = Subscription.objects.filter(pk=pk, lease=lease)
    failures = row.values_list("failures", flat=True).first()
    if failures is None:
        return
    Subscription.objects.filter(pk=pk, failing_since=None).update(failing_since=at)
    row.update(
        failures=failures + 1, last_error=why[:300], next_attempt_at=at + timedelta(seconds=retry_seconds(failures, wish=wish)),
        lease=None, leased_until=None,
    )  # fmt: skip


def gone(pk: UUID, lease: UUID, *, why: str, at: datetime) -> bool:
    """Send nothing more: the address said that it is gone. Somebody has to write another one, or the same again."""
    found = Subscription.objects.filter(pk=pk, lease=lease)
    return bool(found.update(gone_at=at, last_error=why[:300], lease=None, leased_until=None))


def release(pk: UUID, lease: UUID) -> None:
    """Let go."""
    Subscription.objects.filter(pk=pk, lease=lease).update(lease=None, leased_until=None)


def retry_seconds(failures: int, *, wish: float | None) -> float:
    """How long to wait when ``failures`` tries before were in vain, too; a fifth more or less, so that many do not come together."""
    if wish is not None:
        return min(max(wish, FIRST_RETRY_SECONDS), LAST_RETRY_SECONDS)
    return min(FIRST_RETRY_SECONDS * 2.0 ** min(failures, 10) * random.uniform(0.8, 1.2), LAST_RETRY_SECONDS)  # noqa: S311 (no secret)


def waiting(subscription: Subscription) -> int:
    """How many events it has not dealt with yet, wanted or not."""
    return max(0, live.last_event_id() - subscription.cursor)


def complaints(*, at: datetime) -> Iterator[str]:
    """What an operator should know, in sentences."""
    oldest = AlertEvent.objects.order_by("id").values_list("id", flat=True).first() or 0
    for each in Subscription.objects.defer("url", "secret"):
        late = max(0, oldest - each.cursor - 1)
        if each.gone_at:
            yield f"The subscription {each} is sent nothing: {each.last_error}. Write its address again in the admin, or delete it."
        elif each.enabled and each.failing_since and at - each.failing_since >= STALE:
            since = f"{each.failing_since:%Y-%m-%d %H:%M} UTC"
            yield f"The subscription {each} has not taken an event since {since}, and {waiting(each)} wait: {each.last_error}."
        if each.enabled and each.lost + late:
            yield f"The subscription {each} will never get {each.lost + late} events, which were no longer kept when their turn came."


def _waiting() -> QuerySet[Subscription]:
    return Subscription.objects.filter(enabled=True, gone_at=None, next_attempt_at__isnull=False)
