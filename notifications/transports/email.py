"""E-mail, by SMTP or by a mail service; as files under the data directory when neither is set up.

Every thread keeps one connection open for a while. Acceptance by the mail server proves nothing about the person.
"""

import contextlib
import re
import smtplib
import threading
import time
from typing import Any, Final

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notifications import mail_secrets
from notifications.errors import DeadAddress, NotificationError, NotNow, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports import esp
from notifications.transports.base import Sent

IDLE_SECONDS: Final = 20
MESSAGES_PER_CONNECTION: Final = 50
_ENHANCED = re.compile(r"\b([45])\.(\d{1,3})\.(\d{1,3})\b")
_URGENT = {"X-Priority": "1", "Importance": "high", "Priority": "urgent"}
_local = threading.local()


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. The Message-ID is made from the delivery's id."""
    message = _message(delivery, method.address, wording)
    try:
        _transmit(message)
    except (OSError, smtplib.SMTPException, AnymailError, ValueError) as error:
        raise _meaning(error) from error
    status = getattr(message, "anymail_status", None)
    return Sent(str(getattr(status, "message_id", None) or message.extra_headers["Message-ID"]))


def missing() -> str:
    """What the chosen mail service lacks. Without any, mail is written to files."""
    return esp.missing()


def gives_receipts(method: ContactMethod) -> bool:
    """Whether a mail service is set up that may tell us what became of a message."""
    return bool(settings.EMAIL_SERVICE) and not mail_secrets.lacking("tracking")


def close() -> None:
    """Say good-bye to the mail server."""
    _drop()


def destination(method: ContactMethod) -> str:
    """All mail goes to one server."""
    return ""


def _message(delivery: Delivery, address: str, wording: Wording) -> EmailMultiAlternatives:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    headers = {"Message-ID": f"<{delivery.pk}@{domain}>", "Auto-Submitted": "auto-generated", "X-Sentinel-Delivery": str(delivery.pk)}
    if delivery.priority == 1:
        headers |= _URGENT
    message = EmailMultiAlternatives(wording.subject, wording.text, to=[address], headers=headers)
    if answer_to := wording.facts.reply_address:
        message.reply_to = [answer_to]
    message.attach_alternative(wording.html, "text/html")
    message.metadata = {"delivery_id": str(delivery.pk)}  # type: ignore[attr-defined]
    message.track_opens = message.track_clicks = False  # type: ignore[attr-defined]
    return message


def _transmit(message: EmailMultiAlternatives) -> None:
    """Send on the thread's connection; one that the server closed meanwhile is opened again, once."""
    connection, fresh = _connection()
    try:
        connection.send_messages([message])
    except (OSError, smtplib.SMTPException) as error:
        _drop()
        if fresh or not _was_closed(error):
            raise
        connection, _ = _connection()
        connection.send_messages([message])
    except BaseException:
        _drop()
        raise
    _local.count += 1
    _local.used = time.monotonic()


def _connection() -> tuple[BaseEmailBackend, bool]:
    """The thread's open connection, and whether it was opened just now."""
    service = repr(getattr(settings, "ANYMAIL", ""))
    settled = (settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_USER, service)
    kept: Any = getattr(_local, "connection", None)
    stale = kept is not None and (time.monotonic() - _local.used > IDLE_SECONDS or _local.count >= MESSAGES_PER_CONNECTION)
    if kept is not None and not stale and _local.settled == settled:
        return kept, False
    _drop()
    connection = get_connection(timeout=settings.EMAIL_TIMEOUT) if "smtp" in settings.EMAIL_BACKEND else get_connection()
    connection.open()
    esp.harden(connection)
    _local.connection, _local.settled, _local.count, _local.used = connection, settled, 0, time.monotonic()
    return connection, True


def _drop() -> None:
    kept: Any = getattr(_local, "connection", None)
    _local.connection = None
    if kept is not None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            kept.close()


def _was_closed(error: Exception) -> bool:
    return isinstance(error, smtplib.SMTPServerDisconnected) or getattr(error, "smtp_code", 0) == 421


def _meaning(error: Exception) -> NotificationError:
    """What a failure says about the address, this message, or the server."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _refusal(*next(iter(error.recipients.values()), (450, b"")))
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return TemporaryError(f"the mail server refused Sentinel's user name or password ({error.smtp_code})")
    if isinstance(error, smtplib.SMTPResponseException):
        kind = PermanentError if 500 <= error.smtp_code < 600 else TemporaryError
        return kind(f"the mail server refused the message ({error.smtp_code})")
    if isinstance(error, AnymailError):
        return esp.meaning(error)
    if isinstance(error, ValueError):
        return PermanentError(f"the message cannot be put together ({type(error).__name__})")
    if isinstance(error, TimeoutError | smtplib.SMTPServerDisconnected):
        return OutcomeUnknown("the mail server did not answer in time")
    return TemporaryError(f"the mail server cannot be reached ({type(error).__name__})")


def _refusal(code: int, text: bytes | str) -> NotificationError:
    """A refused recipient: the address is dead, unless the server speaks of policy, a full mailbox, or later."""
    answer = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    found = _ENHANCED.search(answer)
    if not 500 <= code < 600:
        refused = TemporaryError if code == 421 else NotNow  # 421: the server is closing, for everybody
        return refused(f"the mail server does not accept the recipient now ({code})")
    if (not found or found[2] == "1") and code in {550, 551, 553} and "relay" not in answer.lower():
        return DeadAddress(f"the mail server says that there is no such mailbox ({code})")
    return PermanentError(f"the mail server refuses mail to the recipient ({code}{' ' + found[0] if found else ''})")
