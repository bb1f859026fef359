"""Backup entries, quarantined reports and restore proofs as REST lists them, and entries as CSV."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.db.models import QuerySet
from pydantic import AwareDatetime, BaseModel, Field

from backups.enums import BackupVerdict, ReportedBy
from backups.models import BackupEntry, ExpectedBackupJob, QuarantinedReport, RestoreProof, UnexpectedDatabase
from sentinel_site.lib import csvtext, problems
from sentinel_site.lib.instants import instant

ROWS: Final = 500
MAX_ROWS: Final = 1_000_000
PLAIN: Final = (
    "status", "reported_by", "message", "was_missing", "reports", "size_bytes", "duration_seconds", "suspicions", "evidence",
    "stored_path", "agent_id", "agent_overall_status", "agent_reported_hash_sha256", "agent_reported_size_bytes",
    "agent_compress_size_pre_compress", "agent_compress_size_post_compress", "agent_transfer_process_status",
    "agent_transfer_error_message", "agent_staged_file_name", "agent_logs_summary", "agent_stages", "operation_log_file_name",
    "server_calculated_staged_hash", "server_calculated_staged_size", "previous_successful_hash_global", "hash_comparison_result",
)  # fmt: skip
INSTANTS: Final = (
    "cycle_at", "reported_at", "agent_report_timestamp_utc", "agent_transfer_process_start_time", "agent_transfer_process_timestamp",
    "created_at", "changed_at",
)  # fmt: skip
COLUMNS: Final = (
    "company_name", "city", "neighborhood", "agent", "database_name", "cycle_at", "status", "reported_by", "reported_at", "was_missing",
    "reports", "suspicions", "size_bytes", "duration_seconds", "message", "agent_reported_hash_sha256", "agent_reported_size_bytes",
    "server_calculated_staged_hash", "server_calculated_staged_size", "hash_comparison_result", "agent_transfer_error_message",
    "agent_staged_file_name", "stored_path", "expected_job_id", "id",
)  # fmt: skip
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class EntryQuery(BaseModel):
    """Which entries: of a job, of a verdict, of cycles in ``since`` ≤ time < ``until``."""

    job_id: UUID | None = None
    status: BackupVerdict | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    suspicious: Annotated[bool | None, Field(description="Only those of which something is odd, or only the others.")] = None


class EntryShape(BaseModel):
    """What became of one expected run."""

    id: UUID
    expected_job_id: UUID
    alert: UUID | None
    cycle_at: str
    status: BackupVerdict
    reported_by: ReportedBy
    reported_at: str | None
    message: str
    was_missing: bool
    reports: int
    size_bytes: int | None
    duration_seconds: float | None
    suspicions: list[str]
    evidence: dict[str, Any]
    stored_path: str
    agent_id: str
    agent_overall_status: str
    agent_report_timestamp_utc: str | None
    agent_reported_hash_sha256: str
    agent_reported_size_bytes: int | None
    agent_compress_size_pre_compress: int | None
    agent_compress_size_post_compress: int | None
    agent_transfer_process_status: bool | None
    agent_transfer_process_start_time: str | None
    agent_transfer_process_timestamp: str | None
    agent_transfer_error_message: str
    agent_staged_file_name: str
    agent_logs_summary: str
    agent_stages: dict[str, Any]
    operation_log_file_name: str
    server_calculated_staged_hash: str
    server_calculated_staged_size: int | None
    previous_successful_hash_global: str
    hash_comparison_result: bool | None
    created_at: str
    changed_at: str


def entries(asked: EntryQuery) -> QuerySet[BackupEntry]:
    """The entries that were asked for. Raises a 422 Problem for instants that no clock shows."""
    for name in ("since", "until"):
        value = getattr(asked, name)
        if value is not None and not FIRST <= value <= LAST:
            raise problems.invalid([(("query", name), "lies between 1970 and 9000; write for example 2026-03-02T12:00:00Z")])
    wanted = {
        "expected_job_id": asked.job_id, "status": asked.status, "cycle_at__gte": asked.since, "cycle_at__lt": asked.until,
    }  # fmt: skip
    rows = BackupEntry.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
    if asked.suspicious is None:
        return rows
    return rows.exclude(suspicions=[]) if asked.suspicious else rows.filter(suspicions=[])


def describe(entry: BackupEntry) -> dict[str, Any]:
    """``entry`` as api.md shows it."""
    return {
        "id": str(entry.pk), "expected_job_id": str(entry.expected_job_id), "alert": str(entry.alert_id) if entry.alert_id else None,
        **{name: getattr(entry, name) for name in PLAIN}, **{name: instant(getattr(entry, name)) for name in INSTANTS},
    }  # fmt: skip


def csv(rows: QuerySet[BackupEntry]) -> Iterator[bytes]:
    """``rows`` as CSV, the newest first, in pieces. A spreadsheet takes no value for a formula."""
    yield _lines([COLUMNS])
    rows, sent = rows.select_related("expected_job").order_by("-pk"), 0
    found = list(rows[:ROWS])
    while found and sent < MAX_ROWS:
        sent += len(found)
        yield _lines([_row(entry) for entry in found])
        found = list(rows.filter(pk__lt=found[-1].pk)[:ROWS])


def describe_unexpected(found: UnexpectedDatabase) -> dict[str, Any]:
    """A database that nobody expects, as REST shows it."""
    return {
        "id": found.pk, "agent": found.agent, "database_name": found.database_name, "reports": found.reports, "ignored": found.ignored,
        "first_seen_at": instant(found.first_seen_at), "last_seen_at": instant(found.last_seen_at), "document": found.document,
    }  # fmt: skip


def describe_quarantined(found: QuarantinedReport) -> dict[str, Any]:
    """A report that could not be read, as REST shows it."""
    return {
        "id": str(found.pk), "agent": found.agent, "file_name": found.file_name, "stored_name": found.stored_name, "reason": found.reason,
        "excerpt": found.excerpt, "found_at": instant(found.found_at), "settled_at": instant(found.settled_at),
    }  # fmt: skip


def describe_proof(found: RestoreProof) -> dict[str, Any]:
    """A restore proof, as REST shows it."""
    by = found.by
    return {
        "id": str(found.pk), "job_id": str(found.job_id), "entry_id": str(found.entry_id) if found.entry_id else None,
        "restored_at": instant(found.restored_at), "succeeded": found.succeeded, "detail": found.detail,
        "by": (by.get_full_name() or by.get_username()) if by else "",
    }  # fmt: skip


def _row(entry: BackupEntry) -> list[Any]:
    job: ExpectedBackupJob = entry.expected_job
    known = {
        "company_name": job.company_name, "city": job.city, "neighborhood": job.neighborhood, "agent": job.agent_id_responsible,
        "database_name": job.database_name, "suspicions": " ".join(entry.suspicions),
    }  # fmt: skip
    return [_cell(known[name] if name in known else getattr(entry, name)) for name in COLUMNS]


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _lines(rows: list[Any]) -> bytes:
    return "".join(map(csvtext.line, rows)).encode()
