"""A signed webhook, by the Standard Webhooks convention; the body is described in docs/api (webhook)."""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from notifications import http
from notifications.errors import DeadAddress, PermanentError, TemporaryError
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports.base import Sent

LATER: Final = frozenset({408, 425, 429})


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. ``{"delivered": true}`` in the answer is a receipt."""
    now = timezone.now()
    body = json.dumps(content(delivery, wording, at=now), ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Sentinel",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": stamp,
        "webhook-signature": signature(method.secret, str(delivery.pk), stamp, body),
    }
    reply = http.post(method.address, body, headers, total_seconds=settings.WEBHOOK_TIMEOUT)
    judge(reply, now=now)
    return Sent(reply.headers.get("x-request-id", "")[:200], receipt=_confirms(reply))


def missing() -> str:
    """Never: nothing has to be set up."""
    return ""


def close() -> None:
    """Close the thread's connections."""
    http.close()


def destination(method: ContactMethod) -> str:
    """The host and port."""
    try:
        to = http.target(method.address)
    except PermanentError:
        return ""
    return f"{to.host}:{to.port}"


def signature(secret: str, delivery_id: str, stamp: str, body: bytes) -> str:
    """``v1,<base64 of HMAC-SHA-256 over "id.timestamp.body">``."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = secret.encode()
    signed = hmac.new(key, f"{delivery_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


def content(delivery: Delivery, wording: Wording, *, at: datetime) -> dict[str, Any]:
    """The body. ``alert`` is as in GET /alerts/{id} when the message was queued; ``alerts`` is there for a bundle."""
    note = delivery.notification
    data = {
        "delivery": str(delivery.pk), "reason": note.reason, "step": note.step, "label": note.label, "urgency": note.urgency,
        "recipient": str(note.recipient or note.group or ""), "text": wording.short, "answer_url": wording.answer_url,
        "alert": note.context.get("alert"),
    }  # fmt: skip
    if "alerts" in note.context:
        data["alerts"] = note.context["alerts"]
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": "alert.notification", "timestamp": stamp, "data": data}


def judge(reply: http.Reply, *, now: datetime) -> None:
    """Nothing for a 2xx. Raises DeadAddress for 410, TemporaryError for what may be tried again, PermanentError for the rest."""
    status = reply.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise PermanentError(f"the address answered with a redirect ({status}), which is not followed; enter the final address")
    if status == 410:
        raise DeadAddress("the address is gone (410)")
    if status in LATER or status >= 500:
        raise TemporaryError(f"the address answered {status}", retry_seconds=_wish(reply.headers.get("retry-after", ""), now=now))
    raise PermanentError(f"the address refused the message ({status})")


def _wish(header: str, *, now: datetime) -> float | None:
    """Retry-After in seconds, from a number or a date; None when there is none."""
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()


def _confirms(reply: http.Reply) -> bool:
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and answer.get("delivered") is True
