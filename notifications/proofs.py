"""Proof that a contact method still reaches its owner: a receipt of any message, or an answer to a test message.

Every method gets a test message once in a while, at a time of day of its own while its owner is awake. One that has not
been proved for long is shown: it may be an address that nobody reads any more.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from notifications import dispatch, quiet_hours, transports
from notifications.book import in_words
from notifications.enums import Reason, Urgency
from notifications.message import Message, Told
from notifications.models import ContactMethod
from sentinel_site.lib.problems import Problem

STALE: Final = timedelta(days=45)
FIRST_HOUR, LAST_HOUR = 9, 19
LAST_SLOT_MINUTES: Final = 30
"""No slot is later than so long before the last hour: who looks for due ones every quarter of an hour finds each in its day."""
ANSWER_WITHIN: Final = timedelta(hours=24)
AGAIN_AFTER: Final = timedelta(seconds=60)
OFTEN_ENOUGH: Final = timedelta(hours=1)
"""A method that was just proved is not written again."""


def received(delivery_id: UUID, *, at: datetime) -> None:
    """A receipt or an answer proves the method that the delivery went by. Belongs to the caller's transaction."""
    methods = ContactMethod.objects.filter(deliveries=delivery_id)
    methods.filter(Q(proved_at=None) | Q(proved_at__lt=at - OFTEN_ENOUGH)).update(proved_at=at)


def send(method: ContactMethod, *, at: datetime) -> Told:
    """Queue a test message to exactly this method. What becomes of it is seen on its delivery, and on ``proved_at``."""
    message = Message(reason=Reason.TEST, urgency=Urgency.NORMAL, priority=4, context={}, label="Test", expires_at=at + ANSWER_WITHIN)
    with transaction.atomic():
        ContactMethod.objects.filter(pk=method.pk).update(tested_at=at)
        return dispatch.tell_method(method, message, thread=f"test:{method.pk}", key=f"test:{method.pk}:{at.isoformat()}", at=at)


def ask(method: ContactMethod, *, at: datetime) -> Told:
    """Somebody asks for a test message now.

    Raises a Problem: 409 when nothing may or can be sent to the method, 429 when it was tested within the minute.
    """
    if not method.usable:
        raise Problem(409, _("Nothing was sent: this method is not verified, not active, or switched off."))
    if why := transports.lacking(method):
        raise Problem(409, _("Nothing was sent: %(why)s.") % {"why": in_words(why)})
    if method.tested_at and at - method.tested_at < AGAIN_AFTER:
        text = _("A test message was sent less than a minute ago. See what became of it first.")
        raise Problem(429, text, headers={"Retry-After": str(int(AGAIN_AFTER.total_seconds()))})
    return send(method, at=at)


def send_due(*, at: datetime, limit: int = 50) -> int:
    """Send the test messages that are due and whose hour has come. Returns how many. Safe to run twice."""
    if settings.SENTINEL_PROOF_DAYS <= 0:
        return 0
    sent = 0
    for method in _due(at=at).iterator(chunk_size=200):
        if sent < limit and not transports.lacking(method) and _awake(method, at=at):
            with transaction.atomic():
                mine = _due(at=at).filter(pk=method.pk).select_for_update(of=["self"], skip_locked=True).first()
                sent += bool(mine and send(method, at=at))
    return sent


def unproved(*, at: datetime) -> QuerySet[ContactMethod]:
    """The usable methods that nothing has proved for 45 days, or since they were made so long ago."""
    return _usable().annotate(since=Coalesce("proved_at", "created_at")).filter(since__lt=at - STALE)


def is_stale(method: ContactMethod, *, at: datetime) -> bool:
    """Whether nothing has proved the method for 45 days."""
    return method.usable and (method.proved_at or method.created_at) < at - STALE


def slot(method: ContactMethod) -> timedelta:
    """The time of day (since midnight) at which the method is tested: its own, between 9:00 and 18:30."""
    drawn = int.from_bytes(hashlib.sha256(method.pk.bytes).digest()[:4], "big")
    return timedelta(hours=FIRST_HOUR, minutes=drawn % ((LAST_HOUR - FIRST_HOUR) * 60 - LAST_SLOT_MINUTES))


def _usable() -> QuerySet[ContactMethod]:
    owned = Q(recipient__active=True) | Q(group__isnull=False)
    return ContactMethod.objects.filter(owned, verified=True, active=True, disabled_at=None).select_related("recipient", "group")


def _due(*, at: datetime) -> QuerySet[ContactMethod]:
    since = at - timedelta(days=settings.SENTINEL_PROOF_DAYS)
    return _usable().annotate(since=Coalesce("tested_at", "created_at")).filter(since__lte=since).order_by("since", "id")


def _awake(method: ContactMethod, *, at: datetime) -> bool:
    """Whether the method's time has come, and its owner is awake: by the clock, and not in quiet hours."""
    person = method.recipient
    local = at.astimezone(_zone(person.time_zone if person else settings.TIME_ZONE))
    today = timedelta(hours=local.hour, minutes=local.minute)
    quiet = person and quiet_hours.ends_at(person.quiet_from, person.quiet_until, person.time_zone, at=at)
    return slot(method) <= today < timedelta(hours=LAST_HOUR) and not quiet


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
