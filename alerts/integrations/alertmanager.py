"""Alertmanager's API v2: a Prometheus, amtool or Karma speaks to Sentinel as to an Alertmanager. Errors are JSON texts, as there.

Mounted under /integrations/alertmanager by the composition, for callers with an API key. ``source`` in the path is the slug of
the source that gets the alerts.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from pydantic_core import to_json

from alerts import alertmanager, alertmanager_silences, alertmanager_state, foreign, routing
from alerts.alertmanager_silences import SilenceError, UnknownSilenceError
from alerts.alertmanager_state import QueryError
from alerts.models import EscalationPolicy
from sentinel_site.lib import jsontext
from sentinel_site.lib.instants import instant
from sentinel_site.lib.permissions import allowed, caller

MAX_BODY: Final = 4 * 1024 * 1024
"""256 alerts, as many as Prometheus sends at once, with 16 KiB each."""
SOURCE: Final = "alertmanager"
STARTED: Final = timezone.now()
ERRORS: Final[dict[type[Exception], int]] = {
    jsontext.JsonError: 400, QueryError: 400, SilenceError: 400, UnknownSilenceError: 404, DatabaseError: 503,
}  # fmt: skip
View = Callable[..., HttpResponse]


class _Refused(Exception):
    """This answer, at once."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.number = status


def _json(data: Any, *, status: int = 200) -> HttpResponse:
    return HttpResponse(to_json(data), status=status, content_type="application/json")


def _listed(texts: Iterable[str]) -> HttpResponse:
    return HttpResponse(f"[{','.join(texts)}]", content_type="application/json")


def spoken(*methods: str) -> Callable[[View], View]:
    """A view of this API: these methods only, and what it raises as a JSON text."""

    def decorate(view: View) -> View:
        @wraps(view)
        @require_http_methods(list(methods))
        def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except _Refused as error:
                return _json(str(error), status=error.number)
            except tuple(ERRORS) as error:
                status = next(number for kind, number in ERRORS.items() if isinstance(error, kind))
                return _json("The database is away; send it again." if isinstance(error, DatabaseError) else str(error), status=status)

        return called

    return decorate


def _need(request: HttpRequest, permission: str) -> None:
    if not allowed(request.user, permission):
        raise _Refused(403, f"the key's user needs the permission {permission}")


def _body(request: HttpRequest) -> bytes:
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise _Refused(413, f"send at most {MAX_BODY} bytes at once")
    return body


@spoken("GET", "HEAD", "POST")
def alerts(request: HttpRequest, source: str = SOURCE) -> HttpResponse:
    """POST: what fires and what is over. GET: what is open."""
    if request.method == "POST":
        return _take(request, source)
    _need(request, "alerts.view_alert")
    wanted = alertmanager_state.wanted(request.GET, request.GET.getlist("filter"))
    return _listed(shown.text for shown in alertmanager_state.alerts(wanted, at=timezone.now()))


def _take(request: HttpRequest, slug: str) -> HttpResponse:
    _need(request, "alerts.report_alert")
    at = timezone.now()
    found = routing.table().sources.get(slug)
    if found is None:
        raise _Refused(404, f"no enabled source is called {slug:.60}; create it under Sources in the admin")
    posted, wrong = alertmanager.read(_body(request), at=at)
    anothers = foreign.anothers(posted, source_id=found.pk, by=caller(request), at=at)
    posted = [each for each in posted if each.label_hash not in anothers]
    wrong += foreign.take(posted, source=slug, source_id=found.pk, at=at, by_id=request.user.pk)
    return _json("; ".join(wrong)[:2000], status=400) if wrong else HttpResponse(status=200)


@spoken("GET", "HEAD")
def groups(request: HttpRequest, source: str = SOURCE) -> HttpResponse:
    """What is open, by receiver and name."""
    _need(request, "alerts.view_alert")
    wanted = alertmanager_state.wanted(request.GET, request.GET.getlist("filter"))
    return _listed(alertmanager_state.groups(wanted, at=timezone.now()))


@spoken("GET", "HEAD", "POST")
def silences(request: HttpRequest, source: str = SOURCE) -> HttpResponse:
    """GET: every silence. POST: make one, or change the one with this id."""
    at = timezone.now()
    if request.method != "POST":
        _need(request, "alerts.view_silence")
        filters = alertmanager_state.wanted({}, request.GET.getlist("filter")).filters
        return _json(alertmanager_silences.listed(filters, at=at))
    _need(request, "alerts.add_silence")
    body = jsontext.read(_body(request))
    if isinstance(body, dict) and body.get("id"):
        _need(request, "alerts.delete_silence")  # changed, it may be over at once; replaced, it is
    written = alertmanager_silences.write(body, by=request.user, at=at)
    return _json({"silenceID": str(written)})


@spoken("GET", "HEAD", "DELETE")
def silence(request: HttpRequest, silence_id: str, source: str = SOURCE) -> HttpResponse:
    """GET: one silence. DELETE: it ends now, and stays in the list."""
    at = timezone.now()
    _need(request, "alerts.delete_silence" if request.method == "DELETE" else "alerts.view_silence")
    found = alertmanager_silences.one(silence_id)
    if request.method == "DELETE":
        alertmanager_silences.expire(found, at=at)
        return HttpResponse(status=200)
    return _json(alertmanager_silences.describe(found, at=at))


@spoken("GET", "HEAD")
def status(request: HttpRequest, source: str = SOURCE) -> HttpResponse:
    """What amtool asks before every command."""
    version = {"version": settings.VERSION, "revision": "", "branch": "", "buildUser": "sentinel", "buildDate": "", "goVersion": ""}
    config = "# Sentinel: routes and policies are in its admin, and at /api/v1/routes.\n"
    return _json(
        {
            "cluster": {"status": "disabled", "peers": []}, "versionInfo": version, "config": {"original": config},
            "uptime": instant(STARTED),
        }
    )  # fmt: skip


@spoken("GET", "HEAD")
def receivers(request: HttpRequest, source: str = SOURCE) -> HttpResponse:
    """The policies."""
    _need(request, "alerts.view_alert")
    return _json([{"name": name} for name in EscalationPolicy.objects.order_by("name").values_list("name", flat=True)])


def healthy(request: HttpRequest, source: str = SOURCE) -> HttpResponse:
    """Whether this process answers."""
    return HttpResponse("OK", content_type="text/plain")
