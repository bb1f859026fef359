"""REST of alerts: reports in, alerts out, and people's answers. Mounted under /api/v1/alerts by the composition."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from alerts import describe, escalation, lifecycle, live, ownership, queries, receipts, reports, schemas, shapes, stats
from alerts import feedback as feedbacks
from alerts.enums import AlertStatus
from alerts.models import Flapping
from sentinel_site.lib import documents
from sentinel_site.lib.bodies import json_bytes
from sentinel_site.lib.paging import MAX_LIMIT, Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
REPORT, ANSWER, VIEW = "alerts.report_alert", "alerts.answer_alert", "alerts.view_alert"


@router.post("", response={201: shapes.AlertOut, 200: shapes.AlertOut}, openapi_extra=documents.json_body(schemas.ReportIn))
def report(request: HttpRequest) -> HttpResponse:
    """Report something. 201: a new alert; 200: it repeats an open one. Unknown fields are kept in the raw report."""
    require(request, REPORT)
    alert, created = reports.take(json_bytes(request), at=timezone.now(), by_id=request.user.pk)
    return json_answer(describe.alert(alert), status=201 if created else 200)


@router.post("/batch", response=shapes.BatchOut, openapi_extra=documents.json_body(schemas.BatchIn))
def report_batch(request: HttpRequest) -> HttpResponse:
    """Report up to 1000 things at once; the good ones are stored whatever the others are."""
    require(request, REPORT)
    return json_answer({"results": reports.take_batch(json_bytes(request), at=timezone.now(), by_id=request.user.pk)})


@router.post("/resolve", response=shapes.AlertOut)
def resolve_by_key(request: HttpRequest, body: schemas.ResolveIn) -> HttpResponse:
    """The source says that it is over. 404 when no open alert has this key; 403 when somebody else reported it."""
    by = require(request, REPORT)
    alert = queries.open_by_key(body.source, body.dedup_key)
    ownership.require_own(alert, by)
    lifecycle.resolve(alert, by=by, at=timezone.now(), resolution=body.resolution, note=body.note)
    return _answer(request, alert.pk)


@router.get("", response=shapes.AlertPage)
def list_alerts(request: HttpRequest, filters: Query[queries.Filters], page_: Query[Page]) -> HttpResponse:
    """Alerts, newest first. Filters may be repeated: values of one are alternatives, filters add up."""
    require(request, VIEW)
    return json_answer(page(queries.find(filters), page_, lambda alert: shapes.alert(alert, request), order=("-id",)))


@router.get("/stats", response=shapes.StatsOut)
def read_stats(request: HttpRequest, period: Query[stats.Period]) -> HttpResponse:
    """Counts, times to answer, delivery success and noise of a period; the last 7 days when none is given."""
    require(request, VIEW)
    return json_answer(stats.read(period, at=timezone.now()))


@router.get("/flapping", response=shapes.FlappingPage)
def list_flapping(request: HttpRequest, page_: Query[Page]) -> HttpResponse:
    """What comes and goes again and again, the latest first: told once, and held back until it is calm."""
    require(request, VIEW)
    rows = Flapping.objects.filter(ended_at=None).select_related("source")
    return json_answer(page(rows, page_, queries.describe_flapping, order=("-id",)))


@router.get("/events", response=shapes.AlertEventPage)
def list_events(
    request: HttpRequest, since: Annotated[int, Field(ge=0, lt=2**63)] = 0, limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
) -> HttpResponse:
    """The durable live feed after event ``since``, oldest first: the websocket's own events."""
    require(request, VIEW)
    return HttpResponse(live.page(after=since, limit=limit), content_type="application/json")


@router.get("/{uuid:alert_id}", response=shapes.AlertOut)
def read_alert(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """One alert."""
    require(request, VIEW)
    return _answer(request, alert_id)


@router.get("/{uuid:alert_id}/log", response=shapes.LogPage)
def read_log(request: HttpRequest, alert_id: UUID, page_: Query[Page]) -> HttpResponse:
    """The alert's record, oldest entry first."""
    require(request, VIEW)
    alert = queries.one(alert_id)
    return json_answer(page(queries.log(alert.pk), page_, queries.describe_entry, order=("id",)))


@router.get("/{uuid:alert_id}/deliveries", response=shapes.DeliveryPage)
def read_deliveries(request: HttpRequest, alert_id: UUID, page_: Query[Page]) -> HttpResponse:
    """The messages about the alert, oldest first, and what became of each."""
    require(request, VIEW)
    return json_answer(page(queries.deliveries(queries.one(alert_id)), page_, queries.describe_delivery, order=("id",)))


@router.post("/{uuid:alert_id}/delivered", response=shapes.AlertOut)
def delivered(request: HttpRequest, alert_id: UUID, body: schemas.AnswerIn = schemas.NO_ANSWER) -> HttpResponse:
    """A message about it reached somebody."""
    by = require(request, ANSWER)
    receipts.take(queries.one(alert_id), AlertStatus.DELIVERED, body, by=by, at=timezone.now())
    return _answer(request, alert_id)


@router.post("/{uuid:alert_id}/seen", response=shapes.AlertOut)
def seen(request: HttpRequest, alert_id: UUID, body: schemas.AnswerIn = schemas.NO_ANSWER) -> HttpResponse:
    """Somebody opened it."""
    by = require(request, ANSWER)
    receipts.take(queries.one(alert_id), AlertStatus.SEEN, body, by=by, at=timezone.now())
    return _answer(request, alert_id)


@router.post("/{uuid:alert_id}/acknowledge", response=shapes.AlertOut)
def acknowledge(request: HttpRequest, alert_id: UUID, body: schemas.AnswerIn = schemas.NO_ANSWER) -> HttpResponse:
    """Somebody takes it: the escalation stops."""
    by, at = require(request, ANSWER), timezone.now()
    said = {"promise": body.promise or "", "note": body.note, "pressed_at": body.pressed(at=at)}
    lifecycle.acknowledge(queries.one(alert_id), by=by, at=at, **said)
    return _answer(request, alert_id)


@router.post("/{uuid:alert_id}/resolve", response=shapes.AlertOut)
def resolve(request: HttpRequest, alert_id: UUID, body: schemas.AnswerIn = schemas.NO_ANSWER) -> HttpResponse:
    """It is over."""
    by, at = require(request, ANSWER), timezone.now()
    said = {"resolution": body.resolution or "handled", "note": body.note, "pressed_at": body.pressed(at=at)}
    lifecycle.resolve(queries.one(alert_id), by=by, at=at, **said)
    return _answer(request, alert_id)


@router.post("/{uuid:alert_id}/escalate", response=shapes.AlertOut)
def escalate(request: HttpRequest, alert_id: UUID, body: schemas.AnswerIn = schemas.NO_ANSWER) -> HttpResponse:
    """Tell the next ones now, without waiting for their time."""
    by = require(request, "alerts.escalate_alert")
    at = timezone.now()
    alert = escalation.escalate_now(queries.one(alert_id), by=by, at=at)
    if body.note:
        lifecycle.comment(alert, by=by, at=at, note=body.note)
    return _answer(request, alert_id)


@router.post("/{uuid:alert_id}/comment", response=shapes.AlertOut)
def comment(request: HttpRequest, alert_id: UUID, body: schemas.CommentIn) -> HttpResponse:
    """Add a remark to the record."""
    by = require(request, ANSWER)
    lifecycle.comment(queries.one(alert_id), by=by, at=timezone.now(), note=body.note)
    return _answer(request, alert_id)


@router.get("/{uuid:alert_id}/feedback", response=shapes.FeedbackPage)
def read_feedback(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Whether people found it useful, noise, a duplicate or a test."""
    require(request, VIEW)
    return json_answer({"items": feedbacks.of(queries.one(alert_id))})


@router.post("/{uuid:alert_id}/feedback", response=shapes.AlertOut)
def feedback(request: HttpRequest, alert_id: UUID, body: schemas.FeedbackIn) -> HttpResponse:
    """Say whether it was useful, noise, a duplicate or a test. It changes nothing about the alert; a later word replaces yours."""
    by = require(request, ANSWER)
    feedbacks.give(queries.one(alert_id), body.feedback, by=by, at=timezone.now(), note=body.note)
    return _answer(request, alert_id)


def _answer(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    return json_answer(shapes.alert(queries.one(alert_id), request))
