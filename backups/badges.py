"""How a job is, for everyone who has the address of its badge: a picture, JSON, or JSON for shields.io.

``/b/2/<badge id>.svg`` says up or down; ``/b/3/…`` also late: expected, not reported, not yet missing. The id opens nothing else.
"""

from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from backups.enums import BAD
from backups.models import ExpectedBackupJob

UP, LATE, DOWN = "up", "late", "down"
STATES: Final = (2, 3)
COLOURS: Final = {UP: ("#3f8f3f", "success"), LATE: ("#b7791f", "important"), DOWN: ("#c53030", "critical")}
LONGEST_LABEL: Final = 60
HEADERS: Final = {
    "Cache-Control": "no-cache, max-age=0",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {status}">'
    "<title>{label}: {status}</title>"
    '<rect width="{width}" height="20" rx="3" fill="{colour}"/><rect width="{left}" height="20" rx="3" fill="#4a4a4a"/>'
    '<rect x="{join}" width="3" height="20" fill="#4a4a4a"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
    '<text x="6" y="14" textLength="{label_width}" lengthAdjust="spacingAndGlyphs">{label}</text>'
    '<text x="{right}" y="14" textLength="{status_width}" lengthAdjust="spacingAndGlyphs">{status}</text></g></svg>'
)


@require_safe
def badge(_request: HttpRequest, states: int, badge_id: UUID, form: str) -> HttpResponse:
    """The badge of a job. 404 for any other number of states and any other form."""
    if states not in STATES or form not in _FORMS:
        raise Http404
    job = get_object_or_404(ExpectedBackupJob, badge_id=badge_id)
    answer = _FORMS[form](job, status(job, states, at=timezone.now()))
    for name, value in HEADERS.items():
        answer[name] = value
    return answer


def status(job: ExpectedBackupJob, states: int, *, at: datetime) -> str:
    """Up, late (of three states alone) or down. Nothing is down that nobody ever reported, nor what is switched off."""
    if job.is_active and (job.current_status in BAD or (job.overdue_at is not None and job.overdue_at <= at)):
        return DOWN
    late = job.is_active and job.next_expected_at is not None and job.next_expected_at <= at
    return LATE if late and states == 3 else UP


def url(job: ExpectedBackupJob, *, states: int = 2, form: str = "svg") -> str:
    """Where the badge is."""
    return f"{settings.SENTINEL_BASE_URL}/b/{states}/{job.badge_id}.{form}"


def _label(job: ExpectedBackupJob) -> str:
    return "".join(each if each.isprintable() else " " for each in job.slug or job.database_name)[:LONGEST_LABEL]


def _svg(job: ExpectedBackupJob, status: str) -> HttpResponse:
    label = _label(job)
    label_width, status_width = 7 * len(label), 7 * len(status)
    left = label_width + 12
    content = _SVG.format(
        width=left + status_width + 12, left=left, join=left - 3, right=left + 6, label_width=label_width, status_width=status_width,
        colour=COLOURS[status][0], label=escape(label), status=status,
    )  # fmt: skip
    return HttpResponse(content, content_type="image/svg+xml", headers={"Content-Security-Policy": "default-src 'none'; sandbox"})


def _json(_job: ExpectedBackupJob, status: str) -> HttpResponse:
    return JsonResponse({"status": status, "total": 1, "grace": int(status == LATE), "down": int(status == DOWN)})


def _shields(job: ExpectedBackupJob, status: str) -> HttpResponse:
    return JsonResponse({"schemaVersion": 1, "label": _label(job), "message": status, "color": COLOURS[status][1]})


_FORMS: Final[dict[str, Callable[[ExpectedBackupJob, str], HttpResponse]]] = {"svg": _svg, "json": _json, "shields": _shields}
