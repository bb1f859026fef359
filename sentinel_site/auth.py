"""Who calls: an API key (Bearer, X-Api-Key, or the password of Basic), or the session cookie with CSRF.

A key acts as its user. Keys are looked up by their public prefix and compared by keyed hash in constant time. What was
found is kept in the process for a second, so a revoked key is dead everywhere a second later. Keys in URLs are not read,
but for the one door that says so (alerts/integrations/silence.py).
"""

import base64
import binascii
import hmac
import ipaddress
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from sentinel_site.lib import crypto, peers, problems, tries
from sentinel_site.lib.problems import Problem
from sentinel_site.models import ApiKey

MAX_KEPT: Final = 2000
USED_EVERY: Final = timedelta(minutes=1)
MAX_FAILURES: Final = tries.MOST
"""So many wrong keys from one address in a minute, then 429. A right key is never refused for it."""
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM: Final = re.compile(r"snt_([0-9a-f]{8})_[A-Za-z0-9_-]{43}", re.A)
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    """A key as it was read at ``read`` (monotonic seconds)."""

    read: float
    pk: int
    digest: str
    user: User
    expires_at: datetime | None
    used_at: datetime | None


_kept: dict[str, _Known] = {}


def authenticate(*, authorization: str = "", x_api_key: str = "", at: datetime) -> User | None:
    """The user whose key stands in these header values; None without a key and for one that is wrong, expired or revoked."""
    text = key_text(authorization=authorization, x_api_key=x_api_key)
    return user_of(text, at=at) if text else None


def key_text(*, authorization: str = "", x_api_key: str = "") -> str:
    """The key in these header values, unchecked; empty when there is none."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return "unreadable"
    return x_api_key.strip() or authorization.strip()


def user_of(text: str, *, at: datetime) -> User | None:
    """The active user of the key ``text``; None when it is not a living key. Notes its use, at most once a minute."""
    found = _FORM.fullmatch(text)
    known = _known(found.group(1)) if found else None
    if known is None or not hmac.compare_digest(known.digest, crypto.digest(text, purpose="api-key")):
        return None
    if known.expires_at is not None and known.expires_at <= at:
        return None
    if known.used_at is None or at - known.used_at >= USED_EVERY:
        known.used_at = at
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=at - USED_EVERY), pk=known.pk).update(last_used_at=at)
    return known.user


def prefix_of(text: str) -> str | None:
    """The public beginning of the key ``text``, whether or not there is such a key; None when it has not the form of one."""
    found = _FORM.fullmatch(text)
    return found.group(1) if found else None


def key_or_session(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """``view`` for callers with an API key as well: ``request.user`` is the key's user, or nobody when the key is not a living one."""

    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        text = key_text(authorization=request.headers.get("Authorization", ""), x_api_key=request.headers.get("X-Api-Key", ""))
        if text:
            request.user = user_of(text, at=timezone.now()) or AnonymousUser()
        return view(request, *args, **kwargs)

    return called


def key_only(
    view: Callable[..., HttpResponse], *, inside: Callable[[HttpRequest], str] | None = None,
    refused: Callable[[Problem], HttpResponse] = problems.answer,
) -> Callable[..., HttpResponse]:  # fmt: skip
    """``view`` for other programs: an API key is needed, a session is not looked at, and so no token against forged requests either.

    ``inside`` finds the key of formats that carry it in their body, which then counts before the headers; ``refused`` answers without one.
    """

    @csrf_exempt  # the key, and no session, says who asks
    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            request.user = _of_key(request, inside(request) if inside else "")
        except Problem as problem:
            return refused(problem)
        return view(request, *args, **kwargs)

    return called


def forget() -> None:
    """Read every key again at its next use."""
    _kept.clear()


def refuse(*, address: str) -> Problem:
    """What a wrong key is answered: 401, or 429 when too many came from ``address``. Without Redis nobody is held up."""
    if tries.are_too_many("key", address):
        return Problem(
            429,
            "Too many wrong API keys from this address. Wait, then send a right one.",
            headers={"Retry-After": str(tries.WINDOW_SECONDS)},
        )
    logger.warning("a wrong API key was refused from %s", address)
    return unauthorized(
        "The API key is not known, has expired, or was revoked. Create one in the admin, or with `manage.py apikey create`."
    )


def unauthorized(detail: str) -> Problem:
    """401 with the ways to sign in."""
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="Sentinel", Basic realm="Sentinel", charset="UTF-8"'})


def address_of(request: HttpRequest) -> str:
    """Where the request comes from: behind our own proxy, what the proxy wrote last; else the socket's peer."""
    forwarded: str = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return peers.address_of(forwarded=forwarded, peer=request.META.get("REMOTE_ADDR") or "local")


def login_address(request: HttpRequest) -> str | None:
    """Where somebody signs in from, for the lockout. Behind our proxy it is not the proxy, or one guesser would lock out everybody."""
    try:
        return str(ipaddress.ip_address(address_of(request)))
    except ValueError:
        return None


class Caller(AuthBase):
    """Ninja's authentication: sets ``request.user`` to the key's user, or checks session and CSRF. Raises Problem."""

    openapi_type: str = "http"
    openapi_scheme: str = "bearer"
    csrf = True
    """Tells the documentation page to send the token of its session."""

    def __call__(self, request: HttpRequest) -> Any:
        """The user. A key that is given must be right, whatever the session says."""
        text = key_text(authorization=request.headers.get("Authorization", ""), x_api_key=request.headers.get("X-Api-Key", ""))
        if not text:
            return _of_session(request)
        request.user = user = _of_key(request)
        return user


def _of_key(request: HttpRequest, inside: str = "") -> User:
    """The user of the key that the request carries. Raises Problem."""
    text = inside or key_text(authorization=request.headers.get("Authorization", ""), x_api_key=request.headers.get("X-Api-Key", ""))
    if not text:
        raise unauthorized("Send an API key as `Authorization: Bearer <key>`, or as the password of Basic.")
    if not inside and _is_foreign(request):
        raise Problem(403, "A page of another site may not act with the key this browser keeps. Send the key as Bearer.")
    user = user_of(text, at=timezone.now())
    if user is None:
        raise refuse(address=address_of(request))
    return user


def _is_foreign(request: HttpRequest) -> bool:
    """Whether a foreign page may have made the browser send this: it adds the key of Basic by itself, as it adds a cookie."""
    origin, authorization = request.headers.get("Origin"), request.headers.get("Authorization", "")
    if origin in (None, *settings.CSRF_TRUSTED_ORIGINS) or request.method in SAFE:
        return False
    return authorization.lower().startswith("basic")


def _of_session(request: HttpRequest) -> Any:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        raise unauthorized("Send an API key as `Authorization: Bearer <key>`, or sign in.")
    if not getattr(request, "_ninja_csrf_exempt", False) and check_csrf(request) is not None:
        raise Problem(
            403,
            f"The CSRF token is missing or wrong. Send the cookie {settings.CSRF_COOKIE_NAME} as X-CSRFToken, or use an API key.",
        )
    return request.user


def _known(prefix: str) -> _Known | None:
    known, now = _kept.get(prefix), time.monotonic()
    if known is not None and now - known.read < settings.KEYS_KEPT_SECONDS:
        return known
    key = ApiKey.objects.select_related("user").filter(prefix=prefix, revoked_at=None, user__is_active=True).first()
    if key is None:
        _kept.pop(prefix, None)
        return None
    if len(_kept) >= MAX_KEPT:
        _kept.clear()
    _kept[prefix] = fresh = _Known(now, key.pk, key.digest, key.user, key.expires_at, key.last_used_at)
    return fresh
