"""REST of expected backups, what became of them, and what nobody expects. Mounted under /api/v1/backups by the composition."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel

from backups import config, listing, proofs, quarantine, unexpected
from backups.models import BackupEntry, ExpectedBackupJob, QuarantinedReport, RestoreProof, UnexpectedDatabase
from sentinel_site.lib import downloads
from sentinel_site.lib.crud import STRICT, Resource, add
from sentinel_site.lib.instants import instant
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW_JOB, ADD_JOB, VIEW_ENTRY = "backups.view_expectedbackupjob", "backups.add_expectedbackupjob", "backups.view_backupentry"
VIEW_UNEXPECTED, CHANGE_UNEXPECTED = "backups.view_unexpecteddatabase", "backups.change_unexpecteddatabase"
VIEW_QUARANTINE, CHANGE_QUARANTINE = "backups.view_quarantinedreport", "backups.change_quarantinedreport"
VIEW_PROOF, ADD_PROOF = "backups.view_restoreproof", "backups.add_restoreproof"


class EntryPage(BaseModel):
    """What became of expected runs, the newest entry first."""

    items: list[listing.EntryShape]
    next: str | None


class UnexpectedShape(BaseModel):
    """A database that an agent reports and no job expects."""

    id: int
    agent: str
    database_name: str
    reports: int
    ignored: bool
    first_seen_at: str
    last_seen_at: str
    document: dict[str, Any]


class UnexpectedPage(BaseModel):
    """Databases that nobody expects."""

    items: list[UnexpectedShape]
    next: str | None


class IgnoreIn(BaseModel):
    """Whether to show it no more."""

    model_config = STRICT

    ignored: bool


class QuarantinedShape(BaseModel):
    """A report that could not be read. The file is kept under ``stored_name``."""

    id: UUID
    agent: str
    file_name: str
    stored_name: str
    reason: str
    excerpt: str
    found_at: str
    settled_at: str | None


class QuarantinedPage(BaseModel):
    """Reports that could not be read."""

    items: list[QuarantinedShape]
    next: str | None


class ProofShape(BaseModel):
    """Somebody restored a backup, and says how it went."""

    id: UUID
    job_id: UUID
    entry_id: UUID | None
    restored_at: str
    succeeded: bool
    detail: str
    by: str


class ProofPage(BaseModel):
    """Restores of a job's backups."""

    items: list[ProofShape]
    next: str | None


def _save(job: ExpectedBackupJob, form: config.ExpectedJobForm, by: User) -> None:
    config.write(job, form, by, at=timezone.now())


def _delete(job: ExpectedBackupJob) -> None:
    config.delete([job.pk], by=None, at=timezone.now())


JOBS = Resource(
    name="backup_jobs",
    path="jobs",
    key="pk",
    converter="uuid",
    rows=config.jobs(),
    order=("company_name", "city", "database_name", "pk"),
    form=config.ExpectedJobForm,
    shape=config.ExpectedJobShape,
    describe=config.describe,
    save=_save,
    delete=_delete,
    secrets=("ping_url",),
)


@router.get("/entries", response=EntryPage)
def list_entries(request: HttpRequest, asked: Query[listing.EntryQuery], page_: Query[Page]) -> HttpResponse:
    """What became of expected runs, the newest entry first."""
    require(request, VIEW_ENTRY)
    return json_answer(page(listing.entries(asked), page_, listing.describe))


@router.get("/entries.csv", openapi_extra={"responses": {200: {"description": "CSV", "content": {"text/csv": {}}}}})
def export_entries(request: HttpRequest, asked: Query[listing.EntryQuery]) -> HttpResponseBase:
    """The same as CSV, whole."""
    require(request, VIEW_ENTRY)
    name = f"backup-entries-{timezone.now():%Y-%m-%d}.csv"
    return downloads.csv(listing.csv(listing.entries(asked)), name, streamed=hasattr(request, "scope"))


@router.get("/entries/{uuid:entry_id}", response=listing.EntryShape)
def read_entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """What became of one expected run."""
    require(request, VIEW_ENTRY)
    return json_answer(listing.describe(BackupEntry.objects.get(pk=entry_id)))


@router.get("/jobs/{uuid:job_id}/restore-proofs", response=ProofPage)
def list_proofs(request: HttpRequest, job_id: UUID, page_: Query[Page]) -> HttpResponse:
    """Restores of a job's backups, the newest first."""
    require(request, VIEW_PROOF)
    job = ExpectedBackupJob.objects.get(pk=job_id)
    return json_answer(page(RestoreProof.objects.filter(job=job).select_related("by"), page_, listing.describe_proof))


@router.post("/jobs/{uuid:job_id}/restore-proofs", response={201: ProofShape})
def add_proof(request: HttpRequest, job_id: UUID, body: proofs.ProofForm) -> HttpResponse:
    """Say that a backup of this job was restored, and how it went."""
    by = require(request, ADD_PROOF)
    proof = proofs.add(ExpectedBackupJob.objects.get(pk=job_id), body, by=by, at=timezone.now())
    return json_answer(listing.describe_proof(proof), status=201)


@router.get("/unexpected", response=UnexpectedPage)
def list_unexpected(request: HttpRequest, page_: Query[Page], *, ignored: bool = False) -> HttpResponse:
    """Databases that agents report and no job expects."""
    require(request, VIEW_UNEXPECTED)
    return json_answer(page(UnexpectedDatabase.objects.filter(ignored=ignored), page_, listing.describe_unexpected))


@router.patch("/unexpected/{int:pk}", response=UnexpectedShape)
def ignore_unexpected(request: HttpRequest, pk: int, body: IgnoreIn) -> HttpResponse:
    """Show it no more, or again."""
    require(request, CHANGE_UNEXPECTED)
    found = UnexpectedDatabase.objects.get(pk=pk)
    unexpected.ignore(found, ignored=body.ignored)
    return json_answer(listing.describe_unexpected(found))


@router.post("/unexpected/{int:pk}/expect", response={201: config.ExpectedJobShape})
def expect_unexpected(request: HttpRequest, pk: int) -> HttpResponse:
    """Expect it every day from now on, at about the time it was reported at. Change the job if that is wrong."""
    require(request, CHANGE_UNEXPECTED)
    by = require(request, ADD_JOB)
    job = unexpected.expect(UnexpectedDatabase.objects.get(pk=pk), by=by, at=timezone.now())
    return json_answer(JOBS.describe_to(by)(job), status=201)


@router.get("/quarantine", response=QuarantinedPage)
def list_quarantined(request: HttpRequest, page_: Query[Page], *, settled: bool = False) -> HttpResponse:
    """Reports that could not be read and that nobody has looked into yet; or those that are settled."""
    require(request, VIEW_QUARANTINE)
    rows = QuarantinedReport.objects.filter(settled_at__isnull=not settled)
    return json_answer(page(rows, page_, listing.describe_quarantined))


@router.post("/quarantine/{uuid:pk}/settle", response=QuarantinedShape)
def settle_quarantined(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody looked into it. The file stays where it is."""
    require(request, CHANGE_QUARANTINE)
    found = QuarantinedReport.objects.get(pk=pk)
    quarantine.settle(found, at=timezone.now())
    return json_answer(listing.describe_quarantined(found))


@router.get("/jobs/{uuid:job_id}/next", response=list[str])
def next_runs(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The next five instants at which the job is expected."""
    require(request, VIEW_JOB)
    cycles = config.upcoming(ExpectedBackupJob.objects.get(pk=job_id), at=timezone.now())
    return json_answer([instant(cycle.expected_at) for cycle in cycles])


add(router, JOBS)
