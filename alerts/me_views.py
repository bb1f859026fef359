"""The responder's own page: my alerts, my shifts, my contact methods. It is what an installed app opens."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alerts import mine
from alerts.enums import Promise
from alerts.readers import reader, resolutions, said
from notifications.models import Recipient
from sentinel_site.lib.pages import shown_to

viewers_only = shown_to("alerts.view_alert")


@viewers_only
def page(request: HttpRequest) -> HttpResponse:
    """What concerns whoever is signed in, live."""
    data = {"snapshot": _snapshot(request), "reload": reverse("live-me-snapshot"), "recipient": _recipient(request), **reader(request)}
    return render(request, "live/me.html", {"data": data, "promises": said(Promise.choices), "resolutions": resolutions()})


@viewers_only
def snapshot(request: HttpRequest) -> JsonResponse:
    """The page's snapshot, for when it must begin again."""
    return JsonResponse(_snapshot(request))


@viewers_only
def line(request: HttpRequest) -> JsonResponse:
    """Whether there is a line, and who is signed in at its other end: asked before answers are sent that had to wait."""
    return JsonResponse({"user": str(request.user.pk), "csrf": get_token(request)})


def _recipient(request: HttpRequest) -> str | None:
    """The recipient who reads, when they are one."""
    found = Recipient.objects.filter(user=cast(User, request.user)).values_list("pk", flat=True).first()
    return str(found) if found else None


def _snapshot(request: HttpRequest) -> dict[str, Any]:
    return mine.snapshot(cast(User, request.user), at=timezone.now())
