"""The live pages. Each carries its snapshot, and the address where its script gets a new one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from alerts import board as boards
from alerts import feedback, shapes
from alerts.enums import Promise, Usefulness
from alerts.models import Alert
from alerts.readers import reader, resolutions, said
from sentinel_site.lib.pages import shown_to

viewers_only = shown_to("alerts.view_alert")


@viewers_only
def board(request: HttpRequest) -> HttpResponse:
    """The board: every open alert, live."""
    data = {"snapshot": boards.snapshot(at=timezone.now()), "reload": reverse("live-snapshot"), **reader(request)}
    return render(request, "live/board.html", {"data": data, "promises": said(Promise.choices), "resolutions": resolutions()})


@viewers_only
def board_snapshot(_request: HttpRequest) -> JsonResponse:
    """The board's snapshot, for a page that must begin again."""
    return JsonResponse(boards.snapshot(at=timezone.now()))


@viewers_only
def alert_page(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """One alert, live."""
    alert = get_object_or_404(Alert, pk=alert_id)
    data = {"snapshot": _one(request, alert_id), "reload": reverse("live-alert-snapshot", args=[alert_id]), **reader(request)}
    words = {"promises": said(Promise.choices), "resolutions": resolutions(), "usefulness": said(Usefulness.choices)}
    return render(request, "live/alert.html", {"alert": alert, "data": data, **words})


@viewers_only
def alert_snapshot(request: HttpRequest, alert_id: UUID) -> JsonResponse:
    """One alert's snapshot, for a page that must begin again."""
    get_object_or_404(Alert, pk=alert_id)
    return JsonResponse(_one(request, alert_id))


def _one(request: HttpRequest, alert_id: UUID) -> dict[str, Any]:
    alert, rest = boards.one(alert_id, at=timezone.now())
    mine = feedback.own(alert, request.user) if request.user.is_authenticated else ""
    return {"alert": shapes.alert(alert, request), **rest, "mine": mine}
