"""Webhooks in the formats of other systems: Alertmanager, Grafana, PagerDuty, CloudEvents, Uptime Kuma. Each one is read, done, and kept.

Mounted under /integrations by the composition, for callers with an API key. 2xx only after the commit; 503, and never 429, when it could
not be stored, because their senders do not send again what was answered 429.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from alerts.incoming import alertmanager_webhook as am_webhook
from alerts.incoming import arriving, contract, pagerduty, uptime_kuma
from alerts.incoming import cloudevents as ce
from alerts.incoming import grafana as grafana_webhook
from alerts.incoming.arriving import Message
from alerts.incoming.contract import FormatError
from alerts.incoming.signatures import SignatureError
from sentinel_site.lib.permissions import allowed
from sentinel_site.lib.problems import Problem, answer, json_answer

MAX_BODY: Final = 1024 * 1024
MONITORING_BODY: Final = 4 * 1024 * 1024
"""Of systems that send everything that fires at once."""
FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
_ORIGIN: Final = re.compile(r"[A-Za-z0-9.*_:-]{1,253}")
AWAY: Final = Problem(503, "The database is away; send it again.", headers={"Retry-After": "5"})
View = Callable[..., HttpResponse]
Door = Callable[[Message], HttpResponse]


def spoken(
    source: str, *methods: str, limit: int = MAX_BODY, body: Callable[[HttpRequest], bytes] | None = None,
    refused: Callable[[Problem], HttpResponse] = answer,
) -> Callable[[Door], View]:  # fmt: skip
    """A door for one format: its own source unless the path or ``?source=`` names another, its bounds, and how it refuses."""

    def decorate(door: Door) -> View:
        @wraps(door)
        @require_http_methods(list(methods))
        def called(request: HttpRequest, source: str = source) -> HttpResponse:
            try:
                _need_permission(request)
                content = body(request) if body else _body(request, limit)
                slug = request.GET.get("source") or source
                return _open(door, arriving.message(slug, content, request.headers, by=request.user, at=timezone.now()))
            except Problem as problem:
                return refused(problem)
            except DatabaseError:
                return refused(AWAY)

        return called

    return decorate


def _open(door: Door, message: Message) -> HttpResponse:
    """What the door answers. What it cannot read is kept and told to people."""
    try:
        arriving.check(message)
        return door(message)
    except SignatureError as error:
        arriving.refuse(message, str(error), keep_body=False)
        raise Problem(401, str(error)) from None
    except ce.UnknownFormatError as error:
        arriving.refuse(message, str(error))
        raise Problem(415, str(error)) from None
    except FormatError as error:
        arriving.refuse(message, str(error))
        raise Problem(400, str(error), errors=[(("body",), text) for text in getattr(error, "errors", ())]) from None


@spoken("alertmanager", "POST", limit=MONITORING_BODY)
def alertmanager_webhook(message: Message) -> HttpResponse:
    """Alertmanager's webhook, version 4."""
    return done(message, arriving.take_webhook(message, am_webhook.read(message.json(), message.source, at=message.at)))


@spoken("grafana", "POST", "PUT", limit=MONITORING_BODY)
def grafana(message: Message) -> HttpResponse:
    """Grafana's webhook contact point."""
    return done(message, arriving.take_webhook(message, grafana_webhook.read(message.json(), message.source, at=message.at)))


@spoken("cloudevents", "POST")
def cloudevents(message: Message) -> HttpResponse:
    """CloudEvents: structured, binary, or a batch."""
    items, wrong = ce.read_all(ce.events(message.headers, message.body), message.source, at=message.at)
    verdicts = arriving.take(message, items)
    if wrong:
        raise FormatError("; ".join(wrong)[:2000])
    return done(message, verdicts, status=202)


def handshake(view: View) -> View:
    """The webhook handshake of CloudEvents before ``view``: whoever asks may send, as everything that is sent needs a key."""

    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "OPTIONS":
            return view(request, *args, **kwargs)
        origin = request.headers.get("WebHook-Request-Origin", "")
        if not _ORIGIN.fullmatch(origin):
            return answer(Problem(400, "Send WebHook-Request-Origin with the name of the sending system."))
        return HttpResponse(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "OPTIONS, POST"})

    return called


def _kuma_body(request: HttpRequest) -> bytes:
    """The JSON as the body, in the field ``data`` of a form, or in the parts of a query."""
    if request.method == "GET":
        return _of_query(request)
    if request.content_type not in FORMS:
        return _body(request, MAX_BODY)
    try:
        return request.POST.get("data", "").encode("utf-8", "replace")
    except (MultiPartParserError, RequestDataTooBig) as error:
        raise Problem(400, f"The form cannot be read: {error}. Send the JSON in a field called data.") from None


def _of_query(request: HttpRequest) -> bytes:
    # Without TLS browsers send no Sec-Fetch-Mode; they send the password of Basic by themselves either way.
    if "Sec-Fetch-Mode" in request.headers or request.headers.get("User-Agent", "").startswith("Mozilla/"):
        raise Problem(403, "This is for programs: a browser that follows a link reports nothing.")
    parts = {name: request.GET[name] for name in ("heartbeat", "monitor") if request.GET.get(name)}
    said = contract.json_text(request.GET.get("msg", ""))
    return f'{{"msg":{said}{"".join(f""","{name}":{part}""" for name, part in parts.items())}}}'.encode("utf-8", "replace")


@spoken("uptime-kuma", "POST", "GET", body=_kuma_body)
def uptime_kuma_beat(message: Message) -> HttpResponse:
    """Uptime Kuma's webhook notification."""
    return done(message, arriving.take(message, uptime_kuma.read(message.json(), message.source, at=message.at)))


def routing_key(request: HttpRequest) -> str:
    """The API key in the body of a PagerDuty event; empty when there is none that can be read."""
    try:
        return pagerduty.routing_key(contract.read_json(_body(request, MAX_BODY)))
    except (FormatError, Problem):
        return ""


def pagerduty_refusal(problem: Problem) -> HttpResponse:
    """In PagerDuty's words; what may go well the next time keeps its status, as clients send it again."""
    errors = [text for _, text in problem.errors] or [problem.detail]
    status = problem.status if problem.status in (413, 429, 503) else 400
    said = json_answer({"status": "invalid event", "message": "Event object is invalid", "errors": errors}, status=status)
    for name, value in problem.headers.items():
        said[name] = value
    return said


@spoken("pagerduty", "POST", refused=pagerduty_refusal)
def pagerduty_event(message: Message) -> HttpResponse:
    """Events API v2: trigger, acknowledge, resolve."""
    items = pagerduty.read(message.json(), message.source, at=message.at)
    arriving.take(message, items)
    return json_answer({"status": "success", "message": "Event processed", "dedup_key": items[0].report.dedup_key}, status=202)


@spoken("pagerduty", "POST", refused=pagerduty_refusal)
def pagerduty_change(message: Message) -> HttpResponse:
    """Change events: kept, and nobody is told."""
    arriving.take(message, pagerduty.read_change(message.json(), message.source))
    return json_answer({"status": "success", "message": "Change event processed"}, status=202)


def done(message: Message, verdicts: dict[str, int], *, status: int = 200) -> HttpResponse:
    """How many things the message said, by what became of them."""
    return json_answer({"source": message.source, "verdicts": verdicts}, status=status)


def _need_permission(request: HttpRequest) -> None:
    if not allowed(request.user, "alerts.report_alert"):
        raise Problem(403, "The key's user needs the permission alerts.report_alert: put it into the group Ingest.")


def _body(request: HttpRequest, limit: int) -> bytes:
    try:
        body = request.body if limit <= MAX_BODY else request.read(limit + 1)
    except RequestDataTooBig:
        body = None
    if body is None or len(body) > limit:
        raise Problem(413, f"Send at most {limit // 1_048_576} MiB at once.")
    return body
