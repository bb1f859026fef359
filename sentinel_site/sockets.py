"""Who opens a websocket: an API key, or a signed-in browser on a page of ours."""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from sentinel_site import auth

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]

SUBPROTOCOL: Final = "sentinel.v1"
KEY_SUBPROTOCOL: Final = "bearer."
FOREIGN: Final = 4403


class SocketAuth:
    """ASGI middleware for websockets. It puts into the scope what consumers ask for.

    ``identify``: an async callable that gives the user as of now (so that a sign-out or a revoked key shows);
    ``credential``: what it looks at, to be compared only.
    ``refused``: 4403 when a browser comes from a foreign page, else None. ``subprotocol``: the one to accept.
    A key is taken from ``Authorization: Bearer`` or from the subprotocols ``sentinel.v1, bearer.<key>``.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Look at the request's headers, and pass it on."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        key = _key(headers, scope["subprotocols"])
        session_key = _session_key(headers) if key is None else None
        who = partial(_of_key, key) if key is not None else partial(_of_session, session_key)
        scope = {
            **scope,
            "identify": database_sync_to_async(who, thread_sensitive=False),
            "credential": ("key", key) if key is not None else ("session", session_key),
            "refused": None if key is not None or is_ours(headers) else FOREIGN,
            "subprotocol": SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None,
        }
        await self.application(scope, receive, send)


def is_ours(headers: MutableMapping[str, str]) -> bool:
    """Whether ``Origin`` (scheme, host and port) is this site: its base URL, or the host the browser asked for.

    That host counts only when ALLOWED_HOSTS has it, and only with the base URL's scheme.
    """
    origin = headers.get("origin", "").lower()
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get("host", "").lower()
    domain, _port = split_domain_port(host)
    scheme = urlsplit(settings.SENTINEL_BASE_URL).scheme
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS) and origin == f"{scheme}://{host}"


def _key(headers: MutableMapping[str, str], subprotocols: list[str]) -> str | None:
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip()
    return next((each.removeprefix(KEY_SUBPROTOCOL) for each in subprotocols if each.startswith(KEY_SUBPROTOCOL)), None)


def _session_key(headers: MutableMapping[str, str]) -> str | None:
    return parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)


def _of_session(session_key: str | None) -> Any:
    engine = import_module(settings.SESSION_ENGINE)
    return get_user(SimpleNamespace(session=engine.SessionStore(session_key)))  # type: ignore[arg-type]


def _of_key(text: str) -> Any:
    return auth.user_of(text, at=timezone.now()) or AnonymousUser()
