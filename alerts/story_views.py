"""The story of an alert as a page, and as files for whoever must keep it: JSON and PDF."""

import json
import logging
import threading
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext

from alerts import images, record, story, story_chart, story_file, story_page, story_pdf
from alerts.models import Alert
from alerts.story import Story
from alerts.story_file import Made
from sentinel_site.lib import given
from sentinel_site.lib.pages import shown_to
from sentinel_site.lib.paper_text import safe

WIDE, NARROW = (1040.0, 240.0, 9), (380.0, 220.0, 4)
"""Width, height, and marks on the axis of time of a chart: one is shown on a large page and on paper, the other on a telephone."""
AT_ONCE: Final = threading.BoundedSemaphore(3)
"""So many PDFs are made at the same time: one of a very long story takes seconds of a processor that alerts are reported to as well."""
AGAIN_SECONDS: Final = 5
viewers_only = shown_to("alerts.view_alert")
logger = logging.getLogger(__name__)


@viewers_only
def story_page_view(request: HttpRequest, number: int) -> HttpResponse:
    """The page, which can be printed."""
    told, made = told_to(request, get_object_or_404(Alert, number=number))
    file = story_file.document(told, made)
    zone = timezone.get_current_timezone()
    charts = [(chart, [_drawn(chart, size, zone) for size in (WIDE, NARROW)], story_page.gap_words(chart), story_page.marks(chart))
              for chart in told.charts]  # fmt: skip
    return render(request, "live/story.html", {
        "alert": told.alert, "title": safe(told.alert.own_title), "description": safe(told.alert.own_description),
        "days": story_page.days(told), "summary": story_page.summary(told.alert, told.chosen), "charts": charts,
        "steps": _steps(told), "left_out": told.left_out, "file": file, "made": made, "site_name": settings.SENTINEL_SITE_NAME,
        "picture": file["story"]["picture"], "image_url": images.signed_url(told.alert, request.user), "zone": zone,
    })  # fmt: skip


@viewers_only
def story_paper(_request: HttpRequest, number: int) -> HttpResponse:
    """What stands in the margins of the printed page: a style sheet, as only that can repeat it on every sheet."""
    named = [("top-left", f"{settings.SENTINEL_SITE_NAME} · Sentinel"), ("top-right", gettext("Alert #%(number)s") % {"number": number})]
    boxes = " ".join(f"@{place} {{ content: {_quoted(text)}; font: bold 9pt sans-serif; }}" for place, text in named)
    return HttpResponse(f"@page {{ {boxes} }}\n", content_type="text/css; charset=utf-8")


@viewers_only
def story_json(request: HttpRequest, number: int) -> HttpResponse:
    """The story as JSON to be kept."""
    return json_file(request, get_object_or_404(Alert, number=number))


@viewers_only
def story_as_pdf(request: HttpRequest, number: int) -> HttpResponse:
    """The story as PDF to be kept or handed over."""
    return pdf_file(request, get_object_or_404(Alert, number=number))


def pdf_file(request: HttpRequest, alert: Alert) -> HttpResponse:
    """The PDF as an answer that is stored, and a word about it in the log. The picture is in it for who may see pictures.

    503 while AT_ONCE others are being made.
    """
    if not AT_ONCE.acquire(blocking=False):
        text = f"Several PDFs are being made at this moment. Try again in {AGAIN_SECONDS} seconds."
        return HttpResponse(text, content_type="text/plain", status=503, headers={"Retry-After": str(AGAIN_SECONDS)})
    try:
        return _pdf_file(request, alert)
    finally:
        AT_ONCE.release()


def _pdf_file(request: HttpRequest, alert: Alert) -> HttpResponse:
    told, made = told_to(request, alert)
    file = story_file.document(told, made)
    picture = story_pdf.picture_of(told.alert) if images.may_see(request.user) else None
    shown = "with its picture" if picture else "without a picture"
    logger.info("%s took the story of alert %s as PDF %s, sha256 %s", request.user.get_username(), alert.pk, shown, file["sha256"])
    content = story_pdf.make(told, made, file, picture=picture)
    return HttpResponse(content, content_type="application/pdf", headers=headers(alert, "pdf"))


def json_file(request: HttpRequest, alert: Alert) -> HttpResponse:
    """The JSON file as an answer that is stored, and a word about it in the log."""
    file = story_file.document(*told_to(request, alert))
    logger.info("%s took the story of alert %s as JSON, sha256 %s", request.user.get_username(), alert.pk, file["sha256"])
    text = json.dumps(file, ensure_ascii=False, indent=1)
    return HttpResponse(text, content_type="application/json", headers=headers(alert, "json"))


def headers(alert: Alert, kind: str) -> dict[str, str]:
    """Of a file that is stored, shown by nobody, and kept by no cache."""
    return {
        "Content-Disposition": f'attachment; filename="sentinel-alert-{alert.number}.{kind}"', "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'; sandbox", "Referrer-Policy": "no-referrer",
    }  # fmt: skip


def told_to(request: HttpRequest, alert: Alert) -> tuple[Story, Made]:
    """The story for the reader of ``request``, and when it was told to whom."""
    at = timezone.now()
    user = request.user
    by = record.actor(user).name if user.is_authenticated else ""
    return story.read(alert.pk, may=user.has_perm, at=at), Made(at, by)


def _quoted(text: str) -> str:
    """``text`` as a string of a style sheet, every character by its number but for letters and digits."""
    return '"' + "".join(char if char.isalnum() and char.isascii() else f"\\{ord(char):x} " for char in safe(text)[:200]) + '"'


def _drawn(chart: Any, size: tuple[float, float, int], zone: Any) -> story_chart.Drawing:
    width, height, marks = size
    return story_chart.draw(chart, width=width, height=height, zone=zone, marks=marks)


def _steps(told: Story) -> list[dict[str, Any]]:
    return [{**step, "label": given.shown(step.get("label") or "")} for step in told.chosen["steps"]]
