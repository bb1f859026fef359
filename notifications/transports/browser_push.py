"""Push to browsers, part of the transport `push`: what a service worker gets, and what its push service's answers mean.

The service worker shows the message and posts the receipt by a signed address of its own, without a session.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from notifications import http, links, web_push
from notifications.enums import Reason
from notifications.errors import DeadAddress, PermanentError, TemporaryError
from notifications.models import ContactMethod, Delivery, Notification
from notifications.rendering import Wording
from notifications.transports.base import Sent

KEEP_FOR: Final = timedelta(minutes=10)
"""How long the push service keeps it for a browser without a line; later the next reminder is of more use."""
ACTIONS: Final = {"calling": gettext_noop("I am calling"), "on_my_way": gettext_noop("On my way")}
"""The answers on the notification itself; most telephones show two."""
GONE: Final = frozenset({404, 410})
LATER: Final = frozenset({408, 425, 429})
PAGE: Final = "/live/me/"


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. A newer message about the same thing takes the place of one that was not fetched yet."""
    try:
        to = web_push.read(method.address)
    except ValueError as error:
        raise PermanentError(f"the browser's subscription {error}") from None
    now, thread = timezone.now(), delivery.notification.thread
    plain = json.dumps(content(delivery, wording), ensure_ascii=False, separators=(",", ":")).encode()
    if len(plain) > web_push.LONGEST:
        raise PermanentError(f"the message is {len(plain)} bytes long, and a push service takes {web_push.LONGEST}")
    headers = {
        "Authorization": web_push.authorization(to.endpoint, at=now), "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream", "TTL": str(int(KEEP_FOR.total_seconds())), "Urgency": "high",
        "Topic": hashlib.sha256(thread.encode()).hexdigest()[:32],
    }  # fmt: skip
    reply = http.post(to.endpoint, web_push.encrypt(to, plain), headers, total_seconds=settings.WEBHOOK_TIMEOUT)
    judge(reply, now=now)
    return Sent()


def content(delivery: Delivery, wording: Wording) -> dict[str, Any]:
    """What the service worker is told. Every path is on Sentinel's own host."""
    note = delivery.notification
    alert = None if note.context.get("alerts") else note.context.get("alert")
    open_one = bool(alert) and wording.facts.is_open
    answer = urlsplit(wording.answer_url).path
    with translation.override(wording.language):
        actions = [{"action": word, "title": _(text)} for word, text in ACTIONS.items()] if open_one else []
    return {
        "tag": note.thread, "title": wording.subject, "body": wording.short, "lang": wording.language, "priority": note.priority,
        "loud": wording.facts.is_open and note.priority == 1, "at": int(note.created_at.timestamp() * 1000),
        "url": _page(note, alert, answer), "answer": answer if open_one else "", "actions": actions,
        "alert": {"id": alert["id"], "number": alert.get("number")} if open_one and alert else None,
        "receipt": f"/push/{links.token(delivery, purpose=links.RECEIPT)}",
    }  # fmt: skip


def judge(reply: http.Reply, *, now: datetime) -> None:
    """Nothing when the push service took it. Raises DeadAddress, TemporaryError or PermanentError."""
    if 200 <= reply.status < 300:
        return
    if reply.status in GONE:
        raise DeadAddress("the browser ended its subscription")
    if reply.status in LATER or reply.status >= 500:
        raise TemporaryError(
            f"the push service answered {reply.status}", retry_seconds=_wish(reply.headers.get("retry-after", ""), now=now)
        )
    if reply.status in {401, 403}:
        raise PermanentError(
            f"the push service refuses Sentinel's signature ({reply.status}):"
            " the browser subscribed with another key, or this machine's clock is wrong"
        )
    raise PermanentError(f"the push service refused the message ({reply.status})")


def _page(note: Notification, alert: dict[str, Any] | None, answer: str) -> str:
    if note.reason == Reason.TEST:
        return answer
    return f"/live/alerts/{alert['id']}" if alert else PAGE


def _wish(header: str, *, now: datetime) -> float | None:
    """Retry-After in seconds, from a number or a date; None when there is none."""
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
