"""A cookie carries the language that a person chose: no request asks the database for it, and pages keep it while that is away."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

REST: Final = ("/api/", "/integrations/")
"""Where programs speak, REST's format or one of their own."""
HEADER: Final = "Sentinel-Language"


class Speaks(LocaleMiddleware):
    """Django's, which also hands out the cookie of somebody who has just signed in (``request.language_to_keep``).

    Programs are answered in English, unless one of our own pages asks: it names its language, for its refusals are read by a person.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Choose the language of this request."""
        if not request.path_info.startswith(REST):
            super().process_request(request)
            return
        asked = request.headers.get(HEADER, "")
        translation.activate(asked if asked in dict(settings.LANGUAGES) else "en")
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Give the cookie, unless the response sets another."""
        language = getattr(request, "language_to_keep", None)
        if language and settings.LANGUAGE_COOKIE_NAME not in response.cookies:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, language, max_age=settings.LANGUAGE_COOKIE_AGE,
                secure=settings.LANGUAGE_COOKIE_SECURE, httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite="Lax",
            )  # fmt: skip
        answer: HttpResponseBase = super().process_response(request, response)  # type: ignore[arg-type]
        return answer
