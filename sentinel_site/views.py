"""The pages of the composition itself."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from sentinel_site import health, language


def healthz(_request: HttpRequest) -> JsonResponse:
    """Whether everything works: 200, or 503 and what does not. Open to all; says nothing a stranger could use."""
    report = health.report(at=timezone.now())
    return JsonResponse(report, status=200 if report["status"] == "ok" else 503, headers={"Cache-Control": "no-store"})


def livez(_request: HttpRequest) -> HttpResponse:
    """Whether this web process answers at all; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Speak ``language`` from now on, and go back to ``next``: kept for who is signed in, in this browser for everybody else."""
    chosen = request.POST.get("language", "")
    if not language.is_spoken(chosen):
        return HttpResponse("Sentinel does not speak this language.\n", status=400, content_type="text/plain")
    if request.user.is_authenticated:
        language.remember(request.user, chosen)
    return set_language(request)
