"""The pages of the composition itself."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from sentinel_site import health


def healthz(_request: HttpRequest) -> JsonResponse:
    """Whether everything works: 200, or 503 and what does not. Open to all; says nothing a stranger could use."""
    report = health.report(at=timezone.now())
    return JsonResponse(report, status=200 if report["status"] == "ok" else 503, headers={"Cache-Control": "no-store"})


def livez(_request: HttpRequest) -> HttpResponse:
    """Whether this web process answers at all; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})
