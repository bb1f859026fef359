"""The live pages of backups. Each carries its snapshot, and the address where its script gets a new one."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from backups import board
from backups.models import ExpectedBackupJob
from sentinel_site.lib.pages import shown_to

SEARCH_LENGTH = 100
viewers_only = shown_to("backups.view_expectedbackupjob")


@viewers_only
def backups_page(request: HttpRequest) -> HttpResponse:
    """Every expected backup, those in trouble first. Links in messages name one: they lead to its page."""
    if job_id := _uuid(request.GET.get("job", "")):
        return redirect("live-backup", job_id=job_id)
    data = {"snapshot": _all(request), "reload": reverse("live-backups-snapshot"), **_reader(request)}
    return render(request, "live/backups.html", {"data": data})


@viewers_only
def backups_snapshot(request: HttpRequest) -> JsonResponse:
    """The snapshot of every expected backup, or of those that match ``q``."""
    return JsonResponse(_all(request))


@viewers_only
def backup_page(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One expected backup, with its entries."""
    snapshot = _one(request, job_id)
    data = {"snapshot": snapshot, "reload": reverse("live-backup-snapshot", args=[job_id]), **_reader(request)}
    return render(request, "live/backup.html", {"job": snapshot["job"], "data": data})


@viewers_only
def backup_snapshot(request: HttpRequest, job_id: UUID) -> JsonResponse:
    """One expected backup's snapshot; ``day`` chooses whose entries are in it."""
    return JsonResponse(_one(request, job_id))


def _all(request: HttpRequest) -> dict[str, Any]:
    search = request.GET.get("q", "").replace("\0", "")[:SEARCH_LENGTH]
    found = board.snapshot(at=timezone.now(), search=search, trouble=request.GET.get("show") == "trouble")
    needs = {"unexpected": "view_unexpecteddatabase", "quarantined": "view_quarantinedreport"}
    for name, permission in needs.items():
        if not request.user.has_perm(f"backups.{permission}"):
            found[name] = []
    found["jobs"] = [_seen_by(request, job) for job in found["jobs"]]
    return found


def _one(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    job = get_object_or_404(ExpectedBackupJob, pk=job_id)
    found = board.one(job, at=timezone.now(), day=_day(request.GET.get("day", "")))
    if not request.user.has_perm("backups.view_backupentry"):
        found["entries"] = []
    if not request.user.has_perm("backups.view_restoreproof"):
        found["proofs"] = []
    return {**found, "job": _seen_by(request, found["job"])}


def _seen_by(request: HttpRequest, job: dict[str, Any]) -> dict[str, Any]:
    """A job without what this reader may not see of it."""
    if not request.user.has_perm("alerts.view_alert"):
        job = {**job, "alerts": []}
    if not request.user.has_perm("backups.view_backupentry"):
        job = {**job, "latest": None}
    return job


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _reader(request: HttpRequest) -> dict[str, Any]:
    staff, user = request.user.is_staff, request.user
    return {
        "login": f"{reverse('login')}?next={request.path}",
        "add": _admin("expectedbackupjob_add") if staff and user.has_perm("backups.add_expectedbackupjob") else "",
        "change": _admin("expectedbackupjob_changelist") if staff else "",
        "unexpected": _admin("unexpecteddatabase_changelist") if staff else "",
        "quarantine": _admin("quarantinedreport_changelist") if staff else "",
    }


def _admin(page: str) -> str:
    return reverse(f"admin:backups_{page}")
