"""The wall's pages: in by a token, then by a cookie that no other page is sent, or as somebody who is signed in and may see alerts."""

from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog
from psycopg_pool import PoolTimeout

from alerts import wall_board, walls
from alerts.models import Wall
from sentinel_site.lib import peers, tries

COOKIE_SECONDS: Final = 400 * 24 * 3600
"""As long as browsers keep one; it is renewed each time the page is loaded."""
AGAIN_SECONDS: Final = "30"
"""A screen has nobody to press a key: what is not the wall loads itself again."""
AWAY: Final = (DatabaseError, PoolTimeout)
words_view = JavaScriptCatalog.as_view(packages=["alerts"])


@require_safe
@never_cache
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token in the address for a cookie, and go to the wall."""
    try:
        wall = walls.of_token(token, address=address_of(request), at=timezone.now())
    except walls.TooManyTries:
        return _too_many(request)
    except AWAY:
        return _again(request, "down", status=503)
    answer = redirect("wall") if wall else _refused(request)
    if wall:
        _give(answer, token)
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The wall. A screen that may not see it, or cannot yet, is told so and tries again by itself."""
    try:
        wall = viewed(request)
        if wall is None:
            return _refused(request)
        shown = wall_board.snapshot(wall, at=timezone.now())
    except walls.TooManyTries:
        return _too_many(request)
    except AWAY:
        return _again(request, "down", status=503)
    language = shown["wall"]["language"]
    socket = f"{reverse('wall')}socket?language={language}"
    data = {"snapshot": shown, "reload": reverse("wall-snapshot"), "health": reverse("healthz"), "socket": socket}
    with translation.override(language):
        answer = render(request, "live/wall.html", {"data": data, "words": reverse("wall-words", args=[language]), "language": language})
    if not wall._state.adding:
        _give(answer, request.COOKIES[settings.WALL_COOKIE_NAME])
    return answer


@require_safe
@never_cache
def snapshot(request: HttpRequest) -> JsonResponse:
    """The wall's snapshot, for a screen whose socket is lost."""
    try:
        wall = viewed(request)
        return JsonResponse(wall_board.snapshot(wall, at=timezone.now())) if wall else JsonResponse({}, status=401)
    except walls.TooManyTries:
        return JsonResponse({}, status=429, headers={"Retry-After": str(tries.WINDOW_SECONDS)})
    except AWAY:
        return JsonResponse({}, status=503, headers={"Retry-After": AGAIN_SECONDS})


@require_safe
def words(request: HttpRequest, language: str) -> HttpResponseBase:
    """The wall's words in its own language, whatever the browser prefers."""
    with translation.override(language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE):
        return words_view(request)


def viewed(request: HttpRequest) -> Wall | None:
    """The wall that the cookie opens, or everything for who is signed in and may see alerts; else None. Raises TooManyTries."""
    token = request.COOKIES.get(settings.WALL_COOKIE_NAME, "")
    wall = walls.of_token(token, address=address_of(request), at=timezone.now()) if token else None
    if wall is None and request.user.has_perm("alerts.view_alert"):
        return wall_board.for_staff(translation.get_language() or "")
    return wall


def address_of(request: HttpRequest) -> str:
    """Where the screen is."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return peers.address_of(forwarded=forwarded, peer=request.META.get("REMOTE_ADDR") or "local")


def _give(answer: HttpResponse, token: str) -> None:
    """The cookie: for the wall's own paths, and for no script."""
    answer.set_cookie(
        settings.WALL_COOKIE_NAME, token, max_age=COOKIE_SECONDS, path=reverse("wall"), secure=settings.SENTINEL_TLS, httponly=True,
        samesite="Lax",
    )  # fmt: skip


def _refused(request: HttpRequest) -> HttpResponse:
    return _again(request, "refused", status=401)


def _too_many(request: HttpRequest) -> HttpResponse:
    return _again(request, "many", status=429)


def _again(request: HttpRequest, why: str, *, status: int) -> HttpResponse:
    """A page that asks no database and comes back by itself."""
    answer = render(request, "live/wall_refused.html", {"why": why}, status=status)
    answer["Refresh"] = str(tries.WINDOW_SECONDS) if why == "many" else AGAIN_SECONDS
    return answer
