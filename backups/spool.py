"""Reports that come by REST: laid down where a scan finds them, so that they are judged as all others are, after whatever crash."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings

from backups import deposit, reports, scans, storage
from backups.deposit import AHEAD, ARCHIVE, REST
from backups.enums import ReportedBy
from backups.models import Scan
from backups.reports import Report, UnreadableReportError, aware
from backups.storage import RefusedError, StoreError, walked
from sentinel_site.lib import problems
from sentinel_site.lib.problems import Problem

MOST_WAITING: Final = 500
MOST_AGENTS: Final = 10_000
EXAMPLE: Final = 'Send {"agent_id": …, "operation_end_time": …, "databases": {name: {"BACKUP": …, "COMPRESS": …, "TRANSFER": …}}}.'


def take(body: bytes, *, at: datetime) -> dict[str, Any]:
    """Keep one agent's report for the next scan, and ask for that scan. On the disk on return; the same report again is one report.

    Returns what was understood. Raises a Problem: 422 for what is no report, 503 when it cannot be kept.
    """
    report = _read(body, at=at)
    key = deposit.report_key(report.agent, body)
    name = f"{report.ended_at:%Y%m%d_%H%M%S}_{key[-32:]}.json"
    try:
        _keep(deposit.key(report.agent), name, body)
    except (RefusedError, StoreError) as error:
        raise Problem(503, f"The report cannot be kept: {error}", headers={"Retry-After": "60"}) from None
    scan = scans.request(scans.REPORT, at=at)
    return document(report, scan, key)


def document(report: Report, scan: Scan, key: str) -> dict[str, Any]:
    """What the sender is told."""
    databases = {
        each.name: {"agent_says": each.fault() or "ok", "staged_file_name": each.staged_name} for each in report.databases.values()
    }
    return {
        "report": key, "agent_id": report.agent, "operation_end_time": report.ended_at.isoformat(), "scan": str(scan.pk),
        "reported_by": ReportedBy.REST.value,
        "databases": databases,
    }  # fmt: skip


def _read(body: bytes, *, at: datetime) -> Report:
    try:
        report = reports.read(body)
    except UnreadableReportError as error:
        raise problems.invalid([(("body",), f"{error} {EXAMPLE}")]) from None
    if aware(report.ended_at, at.tzinfo) > at + AHEAD:
        raise problems.invalid([(("body", "operation_end_time"), "lies in the future; set the agent's clock")])
    return report


def _keep(agent: str, name: str, body: bytes) -> None:
    with storage.stored(), deposit.root(settings.SENTINEL_BACKUP_DEPOSIT) as root, root.folder(REST, make=True) as rest:
        if len(rest.names()) > MOST_AGENTS:
            raise StoreError("reports of too many agents wait for a scan.")
        with walked(rest, [agent], make=True) as folder:
            if len([each for each in folder.names() if each != ARCHIVE]) >= MOST_WAITING:
                raise StoreError(f"{MOST_WAITING} reports of this agent wait for a scan.")
            storage.write_whole(folder, name, body)
