"""The page of a test message: GET shows a button, POST takes it as the proof. Opening it proves nothing: scanners do that."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications import answers, links
from notifications.answers import Answer
from notifications.links import LinkError
from notifications.models import Delivery

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}

GONE = gettext_noop("What this link was about is no longer kept. Sign in to see what is open now.")


@csrf_exempt  # the token is what authenticates; no cookie is read, and the page works where cookies are blocked
@require_http_methods(["GET", "HEAD", "OPTIONS", "POST"])
def proof(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm that a test message arrived."""
    try:
        link = links.read(token, at=timezone.now())
    except LinkError as error:
        return _page(request, "answer/refused.html", {"reason": str(error)}, status=410)
    found = Delivery.objects.select_related("notification__recipient", "method").filter(pk=link.delivery_id).first()
    if found is None or not link.thread.startswith("test:"):
        return _page(request, "answer/refused.html", {"reason": _(GONE)}, status=410)
    person = found.notification.recipient
    with translation.override(person.language if person else translation.get_language()):
        if request.method == "POST":
            answers.give(found.pk, Answer.SEEN, via="link", at=timezone.now())
            return _with_headers(HttpResponseRedirect(request.path, status=303))
        return _page(request, "answer/proof.html", {"delivery": found, "proved": found.seen_at is not None}, status=200)


def _page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    return _with_headers(render(request, template, context, status=status))


def _with_headers(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response
