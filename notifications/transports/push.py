"""Push to phones through Firebase Cloud Messaging, and to browsers, each through its own push service (browser_push.py).

Acceptance by Firebase proves nothing: the app itself posts the receipt to the path in ``data``. The library would retry,
and call twice, by itself; its adapter is replaced by one that does not: the outbox retries.
"""

import contextlib
import hashlib
import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests.adapters
from django.conf import settings
from django.utils.translation import gettext_noop

from notifications import http
from notifications.enums import PushKind, Reason, Urgency
from notifications.errors import DeadAddress, NotificationError, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports import browser_push
from notifications.transports.base import Sent

KEEP_FOR: Final = timedelta(minutes=10)
"""How long Firebase keeps it for a phone without network; later the next reminder is of more use."""
FCM: Final = "https://fcm.googleapis.com"
LOUD: Final = frozenset({Urgency.HIGH, Urgency.CRITICAL, Urgency.EMERGENCY})
OVER: Final = frozenset({Reason.RESOLVED, Reason.EXPIRED, Reason.TEST, Reason.HANDOFF, Reason.DIGEST})
_lock = threading.Lock()


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. The alert's id is the collapse key: a newer message about it replaces an older one."""
    if method.push_kind == PushKind.WEB:
        return browser_push.send(delivery, method, wording)
    from firebase_admin import exceptions, messaging  # noqa: PLC0415 (60 MB: only for the process that sends)
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 (comes with it)

    message = _address(_message(messaging, delivery, wording), method)
    try:
        return Sent(str(messaging.send(message, app=_app())))
    except exceptions.InvalidArgumentError:
        raise _invalid(messaging, exceptions, method) from None
    except exceptions.FirebaseError as error:
        raise _meaning(messaging, exceptions, error) from error
    except GoogleAuthError as error:
        raise TemporaryError(f"Google gave no access token for FIREBASE_CREDENTIALS ({type(error).__name__})") from error


def missing() -> str:
    """Whether Firebase's credentials are set; they are read when the first message is sent."""
    return "" if settings.FIREBASE_CREDENTIALS else gettext_noop("push is not set up") + " (FIREBASE_CREDENTIALS)"


def lacking(method: ContactMethod) -> str:
    """A browser is reached without Firebase."""
    return "" if method.push_kind == PushKind.WEB else missing()


def close() -> None:
    """Close the thread's connections to push services; those to Firebase are shared by all threads."""
    http.close()


def gives_receipts(method: ContactMethod) -> bool:
    """The app, or the service worker, posts one when the message has come."""
    return True


def destination(method: ContactMethod) -> str:
    """All messages to phones go to one place; a browser's go to its push service."""
    if method.push_kind != PushKind.WEB:
        return ""
    try:
        return urlsplit(str(json.loads(method.address)["endpoint"])).netloc
    except (ValueError, TypeError, LookupError):  # `send` says what is wrong with it
        return ""


def _message(messaging: Any, delivery: Delivery, wording: Wording) -> Any:
    note = delivery.notification
    alert = note.context.get("alert") or {}
    thread, alert_id = note.thread[:64], str(alert.get("id", ""))
    loud = note.urgency in LOUD and note.reason not in OVER
    data = {
        "delivery_id": str(delivery.pk), "alert_id": alert_id, "reason": note.reason, "urgency": note.urgency,
        "priority": f"P{note.priority}", "title": wording.subject, "body": wording.short, "answer_url": wording.answer_url,
        "full_screen": "1" if loud else "0", "receipt": f"/api/v1/alerts/{alert_id}/delivered" if alert_id else "",
    }  # fmt: skip
    sound = messaging.CriticalSound("alarm.caf", critical=True, volume=1.0) if loud else "default"
    until = str(int((note.created_at + KEEP_FOR).timestamp()))
    aps = messaging.Aps(
        alert=messaging.ApsAlert(title=wording.subject, body=wording.short), sound=sound, category="SENTINEL_ALERT", thread_id=thread,
        mutable_content=True, custom_data={"interruption-level": "critical" if loud else "active"},
    )  # fmt: skip
    apns = {"apns-priority": "10", "apns-push-type": "alert", "apns-expiration": until, "apns-collapse-id": thread}
    payload = messaging.APNSPayload(aps, **{name: data[name] for name in ("alert_id", "delivery_id", "receipt")})
    webpush = {"Urgency": "high", "TTL": str(int(KEEP_FOR.total_seconds())), "Topic": hashlib.sha256(thread.encode()).hexdigest()[:32]}
    return messaging.Message(
        data=data,
        android=messaging.AndroidConfig(priority="high", ttl=KEEP_FOR, collapse_key=thread, direct_boot_ok=True),
        apns=messaging.APNSConfig(headers=apns, payload=payload),
        webpush=messaging.WebpushConfig(headers=webpush),
    )


def _address(message: Any, method: ContactMethod) -> Any:
    """Set afterwards: the constructor warns about registration tokens, which most phones still have."""
    setattr(message, "fid" if method.push_kind == PushKind.FID else "token", method.address)
    return message


def _invalid(messaging: Any, exceptions: Any, method: ContactMethod) -> NotificationError:
    """Firebase says the same of a bad token and of a bad message: ask again about the token alone, without sending."""
    try:
        messaging.send(_address(messaging.Message(data={}), method), dry_run=True, app=_app())
    except exceptions.InvalidArgumentError:
        return DeadAddress("Firebase does not know the phone's token")
    except exceptions.FirebaseError as error:
        return _meaning(messaging, exceptions, error)
    return PermanentError("Firebase refuses the message")


def _meaning(messaging: Any, exceptions: Any, error: Any) -> NotificationError:
    if isinstance(error, messaging.UnregisteredError):
        return DeadAddress("the app was removed from the phone, or its token replaced")
    if isinstance(error, messaging.SenderIdMismatchError):
        return DeadAddress("the phone's app belongs to another Firebase project than FIREBASE_CREDENTIALS")
    if isinstance(error, messaging.ThirdPartyAuthError):
        return TemporaryError("Apple or the web push service refuses Firebase's key: renew it in the Firebase console")
    if isinstance(error, exceptions.DeadlineExceededError):
        return OutcomeUnknown("Firebase did not answer in time")
    response = getattr(error, "http_response", None)
    wish = response.headers.get("Retry-After", "") if response is not None else ""
    return TemporaryError(f"Firebase does not accept the message now ({error.code})", retry_seconds=float(wish) if wish.isdigit() else None)


class _Adapter(requests.adapters.HTTPAdapter):
    """Never retries; sends to FIREBASE_BASE_URL instead of Google when that is set."""

    def __init__(self, base: str) -> None:
        self._base = base
        super().__init__(max_retries=0, pool_connections=4, pool_maxsize=50)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._base and request.url:
            request.url = request.url.replace(FCM, self._base, 1)
        return super().send(request, *args, **kwargs)


def _app() -> Any:
    """The Firebase app for the present settings, made once a process."""
    import firebase_admin  # noqa: PLC0415 (as above)
    from firebase_admin import credentials, messaging  # noqa: PLC0415 (as above)

    raw, base = settings.FIREBASE_CREDENTIALS, settings.FIREBASE_BASE_URL
    name = "sentinel-" + hashlib.sha256(f"{raw}\n{base}".encode()).hexdigest()[:12]
    with _lock:
        with contextlib.suppress(ValueError):
            return firebase_admin.get_app(name)
        try:
            credential = credentials.Certificate(json.loads(raw) if raw.lstrip().startswith("{") else json.loads(Path(raw).read_text()))
        except (OSError, ValueError) as error:
            raise TemporaryError(f"FIREBASE_CREDENTIALS cannot be read ({type(error).__name__})") from error
        app = firebase_admin.initialize_app(credential, {"httpTimeout": settings.FIREBASE_TIMEOUT}, name=name)
        messaging._get_messaging_service(app)._client.session.mount(FCM, _Adapter(base.rstrip("/")))
        return app
