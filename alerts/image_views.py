"""The one way to a picture: a link made for the person who asks, for five minutes."""

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts import images

HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
logger = logging.getLogger(__name__)


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """The picture of an alert, to the person ``token`` was made for; 404 for anyone else and for a picture that is gone."""
    alert = images.read_link(token, request.user)
    if alert is None:
        raise Http404
    try:
        content = images.path_of(alert.image).read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    logger.info("%s looked at the picture of alert %s", request.user.get_username(), alert.pk)
    return HttpResponse(content, content_type="image/jpeg", headers=HEADERS)
