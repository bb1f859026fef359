"""What a silence held back, told once when it is over: to its author, or else to whoever is on call."""

import logging
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from alerts import describe
from alerts.enums import Priority
from alerts.messages import KEEP_TRYING, QUIET_KINDS
from alerts.models import Alert, Silence, SilenceHold
from notifications import dispatch, duty
from notifications.enums import Reason, Urgency
from notifications.message import Message, Order
from notifications.models import Recipient

ON_CALL: Final = "oncall"
"""The group that is told when the author cannot be."""
LISTED: Final = 20
"""So many alerts of a kind are named; all of them are counted."""
logger = logging.getLogger(__name__)
DAY: Final = (time(8), time(21))
"""When what concerns nothing more urgent than a P3 is told, by the reader's clock: nobody is woken for it."""


def tell_due(*, at: datetime) -> int:
    """Tell of every silence that is over what it held back, where it held anything. Returns how many messages were ordered.

    Each in a transaction of its own, claimed by its row: may run twice at once. What has to wait for the morning stays for a later call,
    and so does one that fails: neither keeps the others waiting.
    """
    due = Silence.objects.filter(digested_at=None, ends_at__lte=at).order_by("ends_at", "pk").values_list("pk", "reason")
    told = 0
    for pk, reason in list(due):
        try:
            told += _tell(pk, at=at)
        except Exception:  # the others must not wait for it
            logger.exception("what the silence %r held back could not be told; tried again in a minute", reason)
    return told


@transaction.atomic
def _tell(pk: UUID, *, at: datetime) -> bool:
    rows = Silence.objects.select_for_update(no_key=True, of=["self"], skip_locked=True)
    silence = rows.filter(pk=pk, digested_at=None, ends_at__lte=at).first()
    if silence is None:
        return False
    held = _held(silence)
    reader = Recipient.objects.filter(user_id=silence.author_id, active=True).first() if silence.author_id else None
    if held and _waits(held, reader, at=at):
        return False
    Silence.objects.filter(pk=silence.pk).update(digested_at=at)
    if not held:
        return False
    order = _order(silence, held, reader, at=at)
    if reader is not None and not any(call.ways for call in dispatch.plan([order], at=at)[0]):
        order = _order(silence, held, None, at=at)
    dispatch.tell([order], at=at)
    return True


def _held(silence: Silence) -> list[Alert]:
    holds = SilenceHold.objects.filter(silence=silence).values("alert_id")
    return list(describe.readable().filter(pk__in=holds).order_by("priority", "pk"))


def _waits(held: Sequence[Alert], reader: Recipient | None, *, at: datetime) -> bool:
    """Whether it is night where the reader is, and nothing of it is more urgent than a P3."""
    begins, ends = DAY
    return min(alert.priority for alert in held) >= Priority.P3 and not begins <= at.astimezone(_zone(reader)).time() < ends


def _order(silence: Silence, held: Sequence[Alert], reader: Recipient | None, *, at: datetime) -> Order:
    message = Message(
        reason=Reason.DIGEST, urgency=Urgency.NORMAL, priority=min(alert.priority for alert in held), label=silence.reason[:100],
        context=_context(silence, held, _zone(reader)), expires_at=at + KEEP_TRYING,
    )  # fmt: skip
    people = frozenset({str(reader.pk)}) if reader else frozenset()
    groups: frozenset[str] = frozenset() if reader else frozenset({ON_CALL})
    return Order(
        f"silence:{silence.pk}",
        f"silence:{silence.pk}:{silence.ends_at.isoformat()}",
        message,
        groups=groups,
        recipients=people,
        kinds=QUIET_KINDS,
    )


def _context(silence: Silence, held: Sequence[Alert], zone: ZoneInfo) -> dict[str, Any]:
    """What became of what was held back: still open and not taken, over without anybody having been told, and the rest."""
    waiting = [alert for alert in held if alert.is_open and alert.acknowledged_at is None]
    unseen = [alert for alert in held if not alert.is_open and not alert.told and alert.acknowledged_at is None]
    names = ("number", "title", "priority", "url", "translations")
    over = [{name: shown[name] for name in names} for shown in map(describe.alert, unseen[:LISTED])]
    digest = {
        "reason": silence.reason, "since": f"{silence.starts_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "until": f"{silence.ends_at.astimezone(zone):%Y-%m-%d %H:%M}", "held": len(held), "open": len(waiting), "unseen": len(unseen),
        "answered": len(held) - len(waiting) - len(unseen), "over": over,
    }  # fmt: skip
    return {"digest": digest, "alerts": [describe.alert(alert) for alert in waiting[:LISTED]]}


def _zone(reader: Recipient | None) -> ZoneInfo:
    return duty.zone(reader.time_zone if reader else settings.TIME_ZONE)
