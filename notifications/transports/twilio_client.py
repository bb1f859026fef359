"""Twilio's REST API, by its own library, over Sentinel's HTTP client: bounded in time and never redirected.

Twilio takes no idempotency key. Nothing is ever sent twice from here; the outbox tries again, and what it tries again
after OutcomeUnknown may ring or arrive twice.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from notifications import http
from notifications.errors import DeadAddress, NotificationError, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import Delivery
from notifications.transports.base import Sent
from sentinel_site.lib import crypto

API: Final = "https://api.twilio.com"
CALLBACK: Final = "twilio-callback"
DEAD: Final[Mapping[int, str]] = {
    21211: "Twilio says that this is not a telephone number", 21217: "Twilio says that this is not a telephone number",
    13224: "Twilio says that this is not a telephone number", 21214: "Twilio cannot reach this number",
    21610: "the person replied STOP: Twilio sends nothing more to this number until START is sent from it",
    21614: "this number cannot receive SMS", 21635: "this number is a landline, which cannot receive SMS",
    30005: "the number is not known or not in service any more", 30006: "this number is a landline, or its network cannot be reached",
}  # fmt: skip
"""Twilio's codes that say: this number is of no use."""
REFUSED: Final[Mapping[int, str]] = {
    21212: "TWILIO_FROM is not a number that Twilio can send from", 21606: "TWILIO_FROM is not a number of this account that sends SMS",
    21659: "TWILIO_FROM is not a number of this account", 21660: "TWILIO_FROM is not a number of this account",
    21210: "TWILIO_VOICE_FROM is not a verified number of this account", 21703: "the messaging service has no number to send from",
    21408: "the Twilio account may not send SMS to this country: allow it in the console (Messaging, Geo permissions)",
    21215: "the Twilio account may not call this country: allow it in the console (Voice, Geo permissions)",
    13227: "the Twilio account may not call this country: allow it in the console (Voice, Geo permissions)",
    21608: "a trial account sends to verified numbers only: upgrade it, or verify this number in the console",
    21219: "a trial account calls verified numbers only: upgrade it, or verify this number in the console",
    21609: "Twilio cannot call back at SENTINEL_BASE_URL, which must be an address that the internet reaches",
    21205: "Twilio cannot call back at SENTINEL_BASE_URL, which must be an address that the internet reaches",
}  # fmt: skip
"""Twilio's codes that say: not like this. The recipient's next method is used."""
LATER: Final = frozenset({14107, 20429, 21611, 30001, 63038})
"""Twilio's codes that say: too much at the moment."""


def create(make: Callable[[Any], Any]) -> Sent:
    """What ``make(client)`` created at Twilio (a message, a call), by its SID. Raises a NotificationError."""
    from twilio.base.exceptions import TwilioException  # noqa: PLC0415 (20 MB: only for the process that sends)
    from twilio.rest import Client  # noqa: PLC0415 (as above)

    user, password = _credentials()
    client = Client(user, password, settings.TWILIO_ACCOUNT_SID, http_client=_Http(), environment={"TWILIO_EDGE": ""})
    try:
        sid = getattr(make(client), "sid", None)
    except TwilioException as error:
        raise meaning(int(getattr(error, "status", 0) or 0), int(getattr(error, "code", 0) or 0)) from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise OutcomeUnknown(f"Twilio's answer cannot be understood ({type(error).__name__}); it may have taken the message") from error
    if not isinstance(sid, str) or not sid:
        raise OutcomeUnknown("Twilio's answer names no message; it may have taken it")
    return Sent(sid)


def missing() -> str:
    """What has to be set before Twilio can be asked for anything; empty when nothing is."""
    lacks = [] if settings.TWILIO_ACCOUNT_SID else ["TWILIO_ACCOUNT_SID"]
    if not settings.TWILIO_AUTH_TOKEN and not (settings.TWILIO_API_KEY_SID and settings.TWILIO_API_KEY_SECRET):
        lacks.append("TWILIO_AUTH_TOKEN, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET")
    return ", ".join(lacks)


def hears_back() -> str:
    """Empty when Twilio's receipts and answers can come back; else why they cannot, in words for staff."""
    if not settings.TWILIO_AUTH_TOKEN and not settings.TWILIO_WEBHOOK_SECRET:
        return "TWILIO_AUTH_TOKEN is not set, so Twilio's receipts and answers cannot be verified and are refused"
    if urlsplit(settings.SENTINEL_BASE_URL).hostname in {"localhost", "127.0.0.1", "::1"} and not settings.TWILIO_BASE_URL:
        return f"Twilio cannot reach {settings.SENTINEL_BASE_URL}, so neither receipts nor answers come back: set SENTINEL_BASE_URL"
    return ""


def callback(what: str, delivery: Delivery) -> str:
    """The address at which Twilio tells ``what`` (status, voice) about ``delivery``."""
    return f"{settings.SENTINEL_BASE_URL}/integrations/twilio/{what}?d={delivery.pk}&s={seal(what, str(delivery.pk))}"


def seal(what: str, delivery_id: str) -> str:
    """What shows that we made the address ourselves, besides Twilio's signature over all of it."""
    return crypto.digest(f"{what}:{delivery_id}", purpose=CALLBACK)[:32]


def meaning(status: int, code: int) -> NotificationError:
    """What Twilio's HTTP ``status`` and its own ``code`` say about the number, this message, or the account."""
    if code in DEAD:
        return DeadAddress(f"{DEAD[code]} ({code})")
    if status in {401, 403, 404} or code in {20003, 20005}:
        return TemporaryError(f"Twilio refused the credentials ({status}): check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    if code in REFUSED:
        return PermanentError(f"{REFUSED[code]} ({code})")
    if code in LATER or status < 400 or status >= 500:
        return TemporaryError(f"Twilio does not accept the message now ({status})")
    return PermanentError(
        f"Twilio refused the message ({code or status}); https://www.twilio.com/docs/api/errors/{code or status} says why"
    )


def _credentials() -> tuple[str, str]:
    if settings.TWILIO_API_KEY_SID and settings.TWILIO_API_KEY_SECRET:
        return settings.TWILIO_API_KEY_SID, settings.TWILIO_API_KEY_SECRET
    return settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN[0] if settings.TWILIO_AUTH_TOKEN else ""


class _Http:
    """What the library asks of an HTTP client, with a new connection for each request."""

    def request(
        self, method: str, url: str, params: Any = None, data: Any = None, headers: Any = None, auth: Any = None,
        timeout: Any = None, allow_redirects: bool = False,
    ) -> Any:  # fmt: skip
        """POST ``data``. Raises a NotificationError when there is no answer, or one that says later."""
        from twilio.http.response import Response  # noqa: PLC0415 (as above)

        if settings.TWILIO_BASE_URL:
            url = url.replace(API, settings.TWILIO_BASE_URL, 1)
        user, password = auth or ("", "")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        body = urlencode({name: value for name, value in (data or {}).items() if value is not None}, doseq=True)
        headers = {**(headers or {}), "Authorization": f"Basic {basic}"}
        reply = http.post(url, body.encode(), headers, total_seconds=settings.TWILIO_TIMEOUT, trusted=True, once=True)
        if reply.status == 429 or reply.status >= 500:
            wish = reply.headers.get("retry-after", "")
            seconds = float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 10 else None
            raise TemporaryError(f"Twilio does not accept the message now ({reply.status})", retry_seconds=seconds)
        return Response(reply.status, reply.body.decode("utf-8", "replace"), dict(reply.headers))
