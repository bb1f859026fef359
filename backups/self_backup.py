"""The backup of Sentinel's own database: dumped, proved by a restore, kept, and accounted for like any other expected backup.

Pictures and secrets are not in it; docs/operations.md says what else to keep, and where.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings

from backups import entries, self_dump
from backups.enums import BackupVerdict, Frequency, ReportedBy
from backups.evidence import Evidence, Reported
from backups.models import ExpectedBackupJob, RestoreProof
from backups.self_dump import DumpError, RestoreError, Server
from sentinel_site.lib.pg_programs import NoProgramError
from sentinel_site.lib.registry import Outcome, progress

FOLDER: Final = "sentinel-itself"
"""Below SENTINEL_BACKUP_STORE."""
DATABASE: Final = "sentinel"
COMPANY: Final = "Sentinel itself"
HOUR, MINUTE = 4, 10
"""In the site's zone, at which clocks jump nowhere."""
EVERY: Final = f"{MINUTE} {HOUR} * * *"
GRACE_MINUTES: Final = 120
PROOF_DAYS: Final = 3
KEPT: Final = 10
KEPT_UNPROVED: Final = 2
NAME: Final = re.compile(r"sentinel-\d{8}T\d{6}Z\.(dump|unproved|part)")
GROWTH: Final = 1.5
MESSAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Made:
    """One dump. ``rows`` counts all of its tables; ``why`` says why it was read only, and not restored."""

    path: Path
    size_bytes: int
    digest: str
    tables: int
    rows: int
    restored: bool
    why: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no good dump. ``restore``: it was made, and did not stand its proof; then it is kept as ``path``."""

    why: str
    path: Path | None = None

    @property
    def restore(self) -> bool:
        """Whether it was the proof that failed."""
        return self.path is not None


def run(*, at: datetime) -> Outcome:
    """Dump the database, prove the dump, keep it, forget the oldest, and decide the cycle of the expected backup.

    A failure is told by the backup's alert, so the outcome is a warning. It may be killed at any moment: what it leaves behind is
    removed by the next run. Raises BusyError while another one is at it, and psycopg's errors when the database cannot be reached.
    """
    began = time.monotonic()
    with self_dump.alone() as server:
        result = _attempt(server, at=at)
    ended_at = at + timedelta(seconds=time.monotonic() - began)
    decided = entries.decide(expected(at=at).pk, _evidence(result, at=at, ended_at=ended_at))
    if isinstance(result, Failure) or result.restored:
        _keep_proof(result, entry_id=decided.entry_id, job_id=decided.job_id, at=ended_at)
    return _outcome(result)


def expected(*, at: datetime) -> ExpectedBackupJob:
    """The row by which our own backup is expected: made when there is none, and otherwise left as somebody set it."""
    job = ExpectedBackupJob.objects.filter(reported_by=ReportedBy.SENTINEL, database_name=DATABASE).order_by("pk").first()
    if job is None:
        job = ExpectedBackupJob.objects.create(
            database_name=DATABASE, company_name=COMPANY, reported_by=ReportedBy.SENTINEL, backup_frequency=Frequency.DAILY,
            expected_hour_utc=HOUR, expected_minute_utc=MINUTE, timezone=settings.TIME_ZONE, grace_minutes=GRACE_MINUTES,
            restore_proof_days=PROOF_DAYS, final_storage_path_template="",
        )  # fmt: skip
        entries.expect(job.pk, at=at)
    return job


def folder() -> Path:
    """Where the dumps are, made when it is not there, for us alone."""
    place = settings.SENTINEL_BACKUP_STORE / FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Path(place)


def kept(suffix: str = "dump") -> list[Path]:
    """The dumps with this suffix, the newest first."""
    found = (path for path in folder().iterdir() if NAME.fullmatch(path.name) and path.suffix == f".{suffix}")
    return sorted(found, reverse=True)


def _attempt(server: Server, *, at: datetime) -> Made | Failure:
    try:
        return _make(server, at=at)
    except (DumpError, NoProgramError, OSError, psycopg.Error) as error:
        return Failure(f"Not dumped: {error}")


def _make(server: Server, *, at: datetime) -> Made | Failure:
    """Whatever was begun and not finished is away; then one file more, or none."""
    for leftover in kept("part"):
        leftover.unlink()
    self_dump.check_room(server, folder(), _needed(server))
    path = folder() / f"sentinel-{at:%Y%m%dT%H%M%SZ}.part"
    progress("Dumping", 0, 3)
    rows = self_dump.dump(server, path)
    progress("Restoring into a scratch database", 1, 3)
    try:
        proof = self_dump.prove(server, path, rows)
    except (RestoreError, NoProgramError, psycopg.Error) as error:
        return Failure(f"Not proved: {error}", _put(path, "unproved"))
    progress("Keeping it", 2, 3)
    size, digest = path.stat().st_size, self_dump.digest(path)
    return Made(_put(path, "dump"), size, digest, len(rows), sum(rows.values()), proof.restored, proof.why)


def _needed(server: Server) -> int:
    """How much room the next dump may take: by the last one, and less than the database itself."""
    last = next(iter(kept()), None)
    return server.size_bytes() if last is None else int(last.stat().st_size * GROWTH)


def _put(path: Path, suffix: str) -> Path:
    """Give a whole file its name, for good, and remove the oldest of its kind."""
    final = path.with_suffix(f".{suffix}")
    path.rename(final)
    self_dump.sync(final.parent)
    for old in kept(suffix)[KEPT if suffix == "dump" else KEPT_UNPROVED :]:
        old.unlink()
    return final


def _evidence(result: Made | Failure, *, at: datetime, ended_at: datetime) -> Evidence:
    reported = Reported(agent_transfer_process_start_time=at, agent_transfer_process_timestamp=ended_at)
    if isinstance(result, Failure):
        return Evidence(
            key=f"sentinel:{at.isoformat()}", verdict=BackupVerdict.FAILED, reported_by=ReportedBy.SENTINEL, judged_at=ended_at,
            ended_at=ended_at, message=result.why[:MESSAGE], duration_seconds=(ended_at - at).total_seconds(), reported=reported,
        )  # fmt: skip
    reported = reported._replace(
        stored_path=f"{FOLDER}/{result.path.name}", agent_staged_file_name=result.path.name,
        server_calculated_staged_hash=result.digest, server_calculated_staged_size=result.size_bytes,
    )  # fmt: skip
    return Evidence(
        key=f"sentinel:{at.isoformat()}", verdict=BackupVerdict.SUCCESS, reported_by=ReportedBy.SENTINEL, judged_at=ended_at,
        ended_at=ended_at, message=_said(result)[:MESSAGE], size_bytes=result.size_bytes,
        duration_seconds=(ended_at - at).total_seconds(), content_hash=result.digest, reported=reported, evidence=dict(_facts(result)),
    )  # fmt: skip


def _facts(made: Made) -> Iterator[tuple[str, Any]]:
    yield "archive", "restored" if made.restored else "read to its end"
    yield "tables", made.tables
    yield "rows", made.rows
    if made.why:
        yield "not_restored", made.why


def _said(made: Made) -> str:
    counted = f"{made.tables} tables, {made.rows} rows"
    return f"Restored and counted: {counted}." if made.restored else f"Read to its end, not restored: {counted}. {made.why}"


def _keep_proof(result: Made | Failure, *, entry_id: Any, job_id: Any, at: datetime) -> None:
    """What the restore showed. A dump that was never made proves nothing, neither way."""
    if isinstance(result, Failure) and not result.restore:
        return
    failed = isinstance(result, Failure)
    detail = result.why if isinstance(result, Failure) else _said(result)
    RestoreProof.objects.create(job_id=job_id, entry_id=entry_id, restored_at=at, succeeded=not failed, detail=detail)


def _outcome(result: Made | Failure) -> Outcome:
    if isinstance(result, Failure):
        return Outcome({"dumped": result.restore, "proved": False}, result.why[:MESSAGE], warning=True)
    stats = {"dumped": True, "proved": result.restored, "bytes": result.size_bytes, "tables": result.tables, "rows": result.rows}
    return Outcome(stats, _said(result)[:MESSAGE], warning=not result.restored)
