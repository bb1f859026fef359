"""The live pages of jobs. Each carries its snapshot, and the address where its script gets a new one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from jobs import overview, run_queries
from sentinel_site.lib.pages import shown_to

viewers_only = shown_to("jobs.view_job", "jobs.view_jobrun")


@viewers_only
def jobs_page(request: HttpRequest) -> HttpResponse:
    """Every job, and whether last night went well."""
    data = {"snapshot": _all(request), "reload": reverse("live-jobs-snapshot"), **_reader(request)}
    return render(request, "live/jobs.html", {"data": data})


@viewers_only
def jobs_snapshot(request: HttpRequest) -> JsonResponse:
    """The snapshot of every job, for a page that looks again."""
    return JsonResponse(_all(request))


@viewers_only
def run_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run."""
    snapshot = _one(request, run_id)
    data = {"snapshot": snapshot, "reload": reverse("live-job-run-snapshot", args=[run_id]), **_reader(request)}
    return render(request, "live/job_run.html", {"job": snapshot["job"], "data": data})


@viewers_only
def run_snapshot(request: HttpRequest, run_id: UUID) -> JsonResponse:
    """One run's snapshot, for a page that looks again."""
    return JsonResponse(_one(request, run_id))


def _all(request: HttpRequest) -> dict[str, Any]:
    found = overview.snapshot(at=timezone.now())
    if not request.user.has_perm("alerts.view_alert"):
        for job in found["jobs"]:
            job["alerts"] = []
    return found


def _one(request: HttpRequest, run_id: UUID) -> dict[str, Any]:
    found = overview.one(get_object_or_404(run_queries.whole(), pk=run_id), at=timezone.now())
    return found if request.user.has_perm("alerts.view_alert") else {**found, "alerts": []}


def _reader(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    return {
        "can_run": user.has_perm("jobs.run_job"),
        "can_change": user.is_staff and user.has_perm("jobs.change_job"),
        "login": f"{reverse('login')}?next={request.path}",
    }
