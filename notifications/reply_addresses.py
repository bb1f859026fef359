"""Addresses to which a reply is an answer: ack+<token>@<SENTINEL_INBOUND_DOMAIN>, a signed token for one delivery.

Mail systems may change capitals into small letters and keep 64 characters before the @, so it is base32.
"""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from typing import Final
from uuid import UUID

from django.conf import settings

from notifications import mail_secrets
from notifications.enums import Reason, Transport
from notifications.models import Delivery
from sentinel_site.lib import crypto

PURPOSE: Final = "mail-reply"
SERVICES: Final = ("brevo", "mailgun", "postmark", "sendgrid")
_OVER: Final = frozenset({Reason.RESOLVED, Reason.EXPIRED, Reason.HANDOFF, Reason.CODE, Reason.DIGEST})
_SIGNATURE_BYTES: Final = 16
_SHAPE: Final = re.compile(r"ack\+([a-z2-7]{52})@[a-z0-9.-]+", re.I | re.A)


def lacking() -> str:
    """Why replies are not taken here; empty when they are, or nobody asked for it."""
    if not settings.SENTINEL_INBOUND_DOMAIN:
        return ""
    if settings.EMAIL_SERVICE not in SERVICES:
        return f"replies are taken through {', '.join(SERVICES)} only (ANYMAIL_BACKEND)"
    if settings.EMAIL_SERVICE == "brevo" and not settings.SENTINEL_INBOUND_AUTHSERV:
        return "SENTINEL_INBOUND_AUTHSERV is not set, and Brevo itself does not say whether a sender is genuine"
    return mail_secrets.lacking("inbound")


def address(delivery: Delivery) -> str:
    """Where a reply to ``delivery`` is an answer; empty when none is: it went to a whole group, or is over."""
    note = delivery.notification
    asks = note.recipient_id is not None and note.reason not in _OVER and delivery.transport == Transport.EMAIL
    if not settings.SENTINEL_INBOUND_DOMAIN or not asks or lacking():
        return ""
    token = b32encode(delivery.pk.bytes + _sign(delivery.pk.bytes)).decode().rstrip("=").lower()
    return f"ack+{token}@{settings.SENTINEL_INBOUND_DOMAIN}"


def read(address: str) -> UUID | None:
    """The delivery that ``address`` was made for; None when it was not made by us."""
    found = _SHAPE.fullmatch(address)
    if found is None:
        return None
    raw = b32decode(found[1].upper() + "====")
    body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    return UUID(bytes=body) if hmac.compare_digest(signature, _sign(body)) else None


def _sign(body: bytes) -> bytes:
    return hmac.new(crypto.derive(PURPOSE), body, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
