"""The live pages. Each carries its snapshot, and the address where its script gets a new one."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from alerts import board as boards
from alerts import feedback, record, shapes
from alerts.enums import Promise, Resolution, Usefulness
from alerts.models import Alert
from sentinel_site.lib.pages import shown_to

CHOICES = (Resolution.HANDLED, Resolution.HELP_SENT, Resolution.FALSE_ALARM, Resolution.TEST)
viewers_only = shown_to("alerts.view_alert")


@viewers_only
def board(request: HttpRequest) -> HttpResponse:
    """The board: every open alert, live."""
    data = {"snapshot": boards.snapshot(at=timezone.now()), "reload": reverse("live-snapshot"), **_reader(request)}
    return render(request, "live/board.html", {"data": data, "promises": _said(Promise.choices), "resolutions": _resolutions()})


@viewers_only
def board_snapshot(_request: HttpRequest) -> JsonResponse:
    """The board's snapshot, for a page that must begin again."""
    return JsonResponse(boards.snapshot(at=timezone.now()))


@viewers_only
def alert_page(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """One alert, live."""
    alert = get_object_or_404(Alert, pk=alert_id)
    data = {"snapshot": _one(request, alert_id), "reload": reverse("live-alert-snapshot", args=[alert_id]), **_reader(request)}
    words = {"promises": _said(Promise.choices), "resolutions": _resolutions(), "usefulness": _said(Usefulness.choices)}
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


def _reader(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    return {
        "me": record.actor(user).name if user.is_authenticated else "",
        "can_answer": user.has_perm("alerts.answer_alert"),
        "can_escalate": user.has_perm("alerts.escalate_alert"),
        "login": f"{reverse('login')}?next={request.path}",
    }


def _resolutions() -> list[tuple[str, str]]:
    return _said((choice.value, choice.label) for choice in CHOICES)


def _said(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """The choices with their labels in the reader's language."""
    return [(value, gettext(str(label))) for value, label in choices]
