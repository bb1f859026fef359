"""The answer page: GET shows, POST acts. Mail scanners and link previews open links, so opening one changes nothing."""

from typing import Any
from zoneinfo import ZoneInfo

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alerts import answering
from alerts.answering import AnswerError, Visit
from alerts.errors import IllegalTransition
from notifications.links import LinkError

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}
POLICY = {
    "default-src": [NONE], "style-src": [SELF], "img-src": [SELF], "form-action": [SELF], "base-uri": [NONE], "frame-ancestors": [NONE],
}  # fmt: skip


@csrf_exempt  # the token is what authenticates; no cookie is read, and the page works where cookies are blocked
@csp(POLICY)  # type: ignore[arg-type]  # its types know views without arguments only
@require_http_methods(["GET", "HEAD", "OPTIONS", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The page of one link: what is wrong, who has it, and buttons to take it."""
    try:
        visit = answering.visit(token, at=timezone.now())
    except LinkError as error:
        return _page(request, "answer/refused.html", {"reason": str(error)}, status=410)
    language = visit.recipient.language if visit.recipient else translation.get_language()
    with translation.override(language), timezone.override(ZoneInfo(visit.recipient.time_zone) if visit.recipient else None):
        return _act(request, visit) if request.method == "POST" else _show(request, visit)


def _act(request: HttpRequest, visit: Visit) -> HttpResponse:
    word, _, which = request.POST.get("answer", "").partition(":")  # one button is one answer to one alert, without a script
    person, name = request.POST.get("person", ""), request.POST.get("name", "")
    try:
        answering.take(visit, answer=word, which=which, person=person, name=name, at=timezone.now())
    except AnswerError as error:
        return _show(request, visit, problem=str(error), status=422)
    except IllegalTransition:
        now = answering.visit(request.path.rpartition("/")[2], at=timezone.now())
        return _show(request, now, problem=translation.gettext("It was closed before you answered."), status=409)
    if request.headers.get("Accept") == "application/json":  # a notification's button: a proxy's page must not pass for our word
        return _with_headers(JsonResponse({"taken": True}))
    return _with_headers(HttpResponseRedirect(request.path, status=303))


def _show(request: HttpRequest, visit: Visit, *, problem: str = "", status: int = 200) -> HttpResponse:
    return _page(request, "answer/answer.html", {"visit": visit, "problem": problem}, status=status)


def _page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    return _with_headers(render(request, template, context, status=status))


def _with_headers(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response
