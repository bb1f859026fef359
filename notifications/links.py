"""Answer links: /a/<token> lets one recipient answer one message, without signing in, for a day.

A token says which delivery, to whom and about what thread, until when; it is signed with a key of its own.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.enums import Reason
from notifications.models import Delivery, Notification
from sentinel_site.lib import crypto

LIFETIME = timedelta(hours=24)
PURPOSE = "answer-link"
RECEIPT = "push-receipt"
_VERSION = 1
_SIGNATURE_BYTES = 16
_HEAD = struct.Struct(">BI16s")
_RECIPIENT, _GROUP = b"r", b"g"


class LinkError(Exception):
    """The link cannot be used; the text tells the person why and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who may answer what by a link. Exactly one of ``recipient_id`` and ``group_id`` is set."""

    delivery_id: UUID
    recipient_id: UUID | None
    group_id: int | None
    thread: str


def answer_url(delivery: Delivery) -> str:
    """Where the person to whom ``delivery`` goes answers, or confirms a test message. The same at every attempt."""
    if delivery.notification.reason in {Reason.STORM, Reason.DIGEST}:  # it tells of many: they are answered on the board
        return f"{settings.SENTINEL_BASE_URL}/live/"
    page = "proof" if delivery.notification.reason == Reason.TEST else "a"
    return f"{settings.SENTINEL_BASE_URL}/{page}/{token(delivery)}"


def good_until(note: Notification) -> datetime:
    """Until when a notification may be answered from outside."""
    return max(note.created_at + LIFETIME, note.expires_at or note.created_at)


def token(delivery: Delivery, *, purpose: str = PURPOSE) -> str:
    """The signed token for ``delivery`` (which has its notification), good for 24 hours from the notification, or from the end of
    the quiet hours that hold it back; for ``purpose`` alone."""
    note = delivery.notification
    until = int(good_until(note).timestamp())
    whom = _RECIPIENT + note.recipient_id.bytes if note.recipient_id else _GROUP + int(note.group_id or 0).to_bytes(16, "big")
    body = _HEAD.pack(_VERSION, until, delivery.pk.bytes) + whom + note.thread.encode()
    return base64.urlsafe_b64encode(body + _sign(body, purpose)).rstrip(b"=").decode()


def read(token: str, *, at: datetime, purpose: str = PURPOSE) -> Answer:
    """What ``token``, made for ``purpose``, allows at ``at``. Raises LinkError when it is damaged, forged, or too old."""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise _damaged() from None
    body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if len(body) <= _HEAD.size + 17 or not hmac.compare_digest(signature, _sign(body, purpose)):
        raise _damaged()
    version, until, delivery = _HEAD.unpack_from(body)
    if version != _VERSION:
        raise _damaged()
    if at.timestamp() >= until:
        raise LinkError(_("This link is older than 24 hours and no longer works. Sign in to answer."))
    kind, whom = body[_HEAD.size : _HEAD.size + 1], body[_HEAD.size + 1 : _HEAD.size + 17]
    thread = body[_HEAD.size + 17 :].decode()
    if kind == _RECIPIENT:
        return Answer(UUID(bytes=delivery), UUID(bytes=whom), None, thread)
    return Answer(UUID(bytes=delivery), None, int.from_bytes(whom, "big"), thread)


def _sign(body: bytes, purpose: str) -> bytes:
    return hmac.new(crypto.derive(purpose), body, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _damaged() -> LinkError:
    return LinkError(_("This link is not complete or was altered. Open it again from the message, or sign in to answer."))
