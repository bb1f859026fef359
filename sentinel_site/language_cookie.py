"""A cookie carries the language that a person chose: no request asks the database for it, and pages keep it while that is away."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware


class Speaks(LocaleMiddleware):
    """Django's, which also hands out the cookie of somebody who has just signed in (``request.language_to_keep``)."""

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
