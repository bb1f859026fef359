"""REST of scans and of agents' reports. Mounted under /api/v1/backups by the composition."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, ConfigDict

from backups import scans, spool
from backups.models import Scan
from sentinel_site.lib import documents
from sentinel_site.lib.bodies import json_bytes
from sentinel_site.lib.instants import instant
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
REPORT, SCAN, VIEW = "backups.add_backupentry", "backups.add_scan", "backups.view_scan"


class AgentReport(BaseModel):
    """An agent's report, as docs/backups-agents.md describes it. Texts are taken where numbers and truth values belong."""

    model_config = ConfigDict(extra="allow")

    agent_id: str
    operation_start_time: str | None = None
    operation_end_time: str
    overall_status: str | None = None
    databases: dict[str, dict[str, Any]]


class ReportedDatabase(BaseModel):
    """What was understood of one database. ``agent_says``: ok, or what failed."""

    agent_says: str
    staged_file_name: str


class ReportTaken(BaseModel):
    """A report that is kept. Its verdicts are decided by the scan of that id, which was asked for."""

    report: str
    agent_id: str
    operation_end_time: str
    scan: UUID
    reported_by: str
    databases: dict[str, ReportedDatabase]


class ScanShape(BaseModel):
    """One scan. ``progress``: what, done, of; ``what`` is waiting, begin, collect, verify, done or failed.

    ``of`` is null until it is known.
    """

    id: UUID
    trigger: str
    started_at: str
    finished_at: str | None
    progress: dict[str, Any]
    counts: dict[str, Any]
    error: str


@router.post("/reports", response={202: ReportTaken}, openapi_extra=documents.json_body(AgentReport))
def take_report(request: HttpRequest) -> HttpResponse:
    """Take an agent's report. It is on the disk when this answers, and a scan that verifies its files is asked for."""
    require(request, REPORT)
    return json_answer(spool.take(json_bytes(request), at=timezone.now()), status=202)


@router.post("/scan", response={202: ScanShape})
def start_scan(request: HttpRequest) -> HttpResponse:
    """Ask for a scan. Whoever asks while one waits already gets that one."""
    require(request, SCAN)
    return json_answer(_described(scans.request(scans.ASKED, at=timezone.now())), status=202)


@router.get("/scans/{uuid:scan_id}", response=ScanShape)
def read_scan(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """One scan, and how far it is."""
    require(request, VIEW)
    return json_answer(_described(Scan.objects.get(pk=scan_id)))


def _described(scan: Scan) -> dict[str, Any]:
    return {
        "id": str(scan.pk), "trigger": scan.trigger, "started_at": instant(scan.started_at), "finished_at": instant(scan.finished_at),
        "progress": scan.progress, "counts": scan.counts, "error": scan.error,
    }  # fmt: skip
