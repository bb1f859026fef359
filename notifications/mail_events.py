"""What a mail service tells afterwards: delivered, bounced, marked as spam, opened.

Events may come twice, late and in any order. They name the delivery by what we sent along, by its Message-ID, or by the
service's own id together with the recipient.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from notifications import outbox
from notifications.enums import DeliveryStatus, Transport
from notifications.models import ContactMethod, Delivery

REFUSED: Final = frozenset({"bounced", "rejected", "failed"})
UNWANTED: Final = {
    "complained": "a message to this address was marked as spam; the mail service sends it nothing more",
    "unsubscribed": "this address was unsubscribed at the mail service, which sends it nothing more",
}
LOOKED: Final = frozenset({"opened", "clicked"})
GONE: Final = frozenset({"bounced", "invalid"})
_OURS: Final = re.compile(r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", re.I | re.A)
_ENHANCED: Final = re.compile(r"\b5\.(\d{1,3})\.(\d{1,3})\b", re.A)
logger = logging.getLogger(__name__)


def take(event: Any, *, service: str, at: datetime) -> None:
    """Do what ``event`` (anymail's tracking event) means for its delivery. Not to be called inside a transaction.

    Somebody who opens a mail has not seen it: scanners open everything. What was not ours, or is forgotten, is passed over.
    """
    kind = str(event.event_type)
    delivery = _delivery_of(event) if kind in {"delivered", *REFUSED, *UNWANTED, *LOOKED} else None
    if delivery is None:
        logger.debug("an event %s from %s is about no message of ours", kind[:20], service)
        return
    if kind == "delivered":
        outbox.receive(delivery.pk, status=DeliveryStatus.DELIVERED, at=at, detail=f"accepted by the recipient's mail server ({service})")
    elif kind in REFUSED:
        outbox.refuse(delivery.pk, error=_why(event, kind, service), at=at, dead_address=_is_gone(event, kind, service))
    elif kind in UNWANTED:
        here = ContactMethod.objects.filter(Q(pk=delivery.method_id), disabled_at=None)
        here.update(disabled_at=at, disabled_reason=UNWANTED[kind])
    else:
        Delivery.objects.filter(pk=delivery.pk).update(opened_at=Coalesce("opened_at", at))


def _delivery_of(event: Any) -> Delivery | None:
    mails = Delivery.objects.filter(transport=Transport.EMAIL)
    message_id = str(event.message_id or "")[:200]
    ours = _OURS.match(message_id)
    for said in (_metadata(event).get("delivery_id"), ours and ours[1]):
        if found := _one(mails, said):
            return found
    recipient = str(event.recipient or "").casefold()
    bare = message_id.strip("<>")
    if not bare or not recipient or "\0" in bare:
        return None
    known = mails.filter(provider_id__in=[bare, f"<{bare}>"]).select_related("method").order_by("-id")[:20]
    return next((each for each in known if each.method and each.method.address.casefold() == recipient), None)


def _metadata(event: Any) -> Mapping[str, Any]:
    return event.metadata if isinstance(event.metadata, Mapping) else {}


def _one(mails: QuerySet[Delivery], said: object) -> Delivery | None:
    try:
        return mails.filter(pk=UUID(said)).first() if isinstance(said, str) else None
    except ValueError:
        return None


def _why(event: Any, kind: str, service: str) -> str:
    """For staff: what became of it, with the receiving server's code, without any address."""
    code = _ENHANCED.search(str(event.mta_response or ""))
    said = {"bounced": "the recipient's mail server returned it", "rejected": f"{service} refused to send it"}
    reason = str(event.reject_reason or "").strip()[:40]
    details = [each for each in (reason if reason != kind else "", code[0] if code else "") if each]
    return said.get(kind, f"{service} could not send it") + (f" ({', '.join(details)})" if details else "")


def _is_gone(event: Any, kind: str, service: str) -> bool:
    """Whether the address itself is dead: not so for a full mailbox, a policy, or what may pass."""
    code = _ENHANCED.search(str(event.mta_response or ""))
    if code and code[1] != "1" and code[0] != "5.2.1":
        return False
    if kind == "rejected":
        return str(event.reject_reason) in GONE
    return kind == "bounced" and _is_hard(
        event.esp_event if isinstance(event.esp_event, Mapping) else {}, service, str(event.reject_reason)
    )


def _is_hard(raw: Mapping[str, Any], service: str, reason: str) -> bool:
    """What the library does not tell apart: a bounce for good and one of the day."""
    if service == "postmark":
        return raw.get("Type") in {"HardBounce", "BadEmailAddress"}
    if service == "brevo":
        return raw.get("event") in {"hard_bounce", "invalid_email"}
    if service == "sendgrid":
        return raw.get("type") == "bounce"
    if service == "amazon_ses":
        bounce = raw.get("bounce")
        return isinstance(bounce, Mapping) and bounce.get("bounceType") == "Permanent"
    return reason in GONE
