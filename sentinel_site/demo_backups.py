"""Sample backups: an agent with a month of nights behind it, and last night as real files in its folder, looked at by a real scan.

Last night one backup is good, one came altered, one is smaller than ever, one did not come; a database is reported that nobody expects, and
one report cannot be read.
"""

import gzip
import hashlib
import json
import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from backups import deposit, entries, missing, scanner, when
from backups.enums import BackupVerdict, ReportedBy
from backups.evidence import Evidence, Reported
from backups.expectations import Cycle
from backups.models import ExpectedBackupJob, RestoreProof

COMPANY, CITY, NEIGHBORHOOD = "Demo Clinic", "Lyon", "North"
AGENT: Final = "DEMO-CLINIC_LYON_NORTH"
NIGHTS: Final = 30
DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
TOOK: Final = 26 * MINUTE
GROWTH: Final = 1.004
FULL: Final = "No space left on device"
SUCCESS, FAILED, MISSING = BackupVerdict.SUCCESS, BackupVerdict.FAILED, BackupVerdict.MISSING


@dataclass(frozen=True)
class Sample:
    """A database: how large its backup is today, what went wrong so many nights ago, and what comes of it last night."""

    name: str
    size: int
    minute: int = 0
    bad: Mapping[int, BackupVerdict] | None = None
    late: tuple[int, ...] = ()
    tonight: str = "good"
    proved_days_ago: int = 0


SAMPLES: Final = (
    Sample("patients", 2_400_000, proved_days_ago=9, late=(17,)),
    Sample("pharmacy", 1_300_000, 10, bad={12: FAILED}, tonight="altered", proved_days_ago=9),
    Sample("laboratory", 1_900_000, 20, tonight="small"),
    Sample("payroll", 600_000, 30, bad={23: MISSING, 22: FAILED}, late=(6,), tonight="absent"),
    Sample("appointments", 900_000, 40, late=(3,)),
)
UNEXPECTED: Final = Sample("old_intranet", 150_000)


def run(*, at: datetime) -> None:
    """Make the sample backups, unless there are any. Raises OSError when the agents' folder cannot be written."""
    if ExpectedBackupJob.objects.filter(agent_id_responsible=AGENT).exists():
        return
    jobs = {sample.name: _expected(sample, at=at) for sample in SAMPLES}
    night = _last_night(jobs["patients"], at=at)
    for sample in SAMPLES:
        entries.decide_many([(jobs[sample.name].pk, each) for each in _history(sample, jobs[sample.name], before=night)])
        _prove(sample, jobs[sample.name], at=at)
    _deposit(night)
    scanner.run(trigger="demo", clock=timezone.now, settled=deposit.QUIET + SECOND)  # what was just written may be judged
    while missing.sweep(at=timezone.now()):
        pass


def _expected(sample: Sample, *, at: datetime) -> ExpectedBackupJob:
    zone = ZoneInfo(settings.TIME_ZONE)
    early = at.astimezone(zone).time() < time(4)  # then the last night is not over: these come in the evening
    return ExpectedBackupJob.objects.create(
        database_name=sample.name, agent_id_responsible=AGENT, company_name=COMPANY, city=CITY, neighborhood=NEIGHBORHOOD,
        expected_hour_utc=22 if early else 2, expected_minute_utc=sample.minute, timezone=settings.TIME_ZONE,
        restore_proof_days=30 if sample.proved_days_ago else None, severity="medium",
    )  # fmt: skip


def _last_night(job: ExpectedBackupJob, *, at: datetime) -> datetime:
    """When the last night's first backup was expected: all of them are overdue by now."""
    found = when.about(job, at - timedelta(hours=2))
    if found is None:
        raise AssertionError("a daily backup has a cycle at any time")
    return found.expected_at


def _cycles(job: ExpectedBackupJob, before: datetime) -> list[Cycle]:
    """The runs of the nights before the last one, the oldest first."""
    found = (when.about(job, before - number * DAY + MINUTE * 30) for number in range(NIGHTS, 0, -1))
    return [cycle for cycle in found if cycle is not None]


def _history(sample: Sample, job: ExpectedBackupJob, *, before: datetime) -> Iterator[Evidence]:
    """What was reported in a month of nights: it grows a little, and now and then something goes wrong."""
    chance = random.Random(sample.name)  # noqa: S311 (sample data)
    for ago, cycle in zip(range(NIGHTS, 0, -1), _cycles(job, before), strict=True):
        verdict = (sample.bad or {}).get(ago, SUCCESS)
        if verdict == MISSING or ago in sample.late:
            yield _missing(cycle)
        if verdict != MISSING:
            delay = timedelta(hours=3) if ago in sample.late else timedelta()
            size = int(sample.size / GROWTH**ago * chance.uniform(0.985, 1.015))
            ended_at = cycle.expected_at + delay + timedelta(seconds=chance.uniform(300, 420))
            yield _reported(sample, ended_at, verdict, size, seconds=round(chance.uniform(110, 150), 1))


def _missing(cycle: Cycle) -> Evidence:
    return Evidence(
        key=f"missing:{cycle.expected_at.isoformat()}", verdict=MISSING, reported_by=ReportedBy.SENTINEL, judged_at=cycle.deadline_at,
        ended_at=cycle.expected_at, cycle_at=cycle.expected_at, message="Nothing was reported until the deadline.",
    )  # fmt: skip


def _reported(sample: Sample, ended_at: datetime, verdict: BackupVerdict, size: int, *, seconds: float) -> Evidence:
    good = verdict == SUCCESS
    digest = hashlib.sha256(f"{sample.name} {ended_at.isoformat()}".encode()).hexdigest()
    reported = Reported(
        agent_id=AGENT, agent_report_timestamp_utc=ended_at, agent_overall_status="completed" if good else "failed_globally",
        agent_transfer_process_status=good, agent_transfer_process_timestamp=ended_at,
        agent_transfer_process_start_time=ended_at - timedelta(seconds=seconds / 2), agent_transfer_error_message="" if good else FULL,
    )  # fmt: skip
    if good:
        reported = reported._replace(
            agent_reported_hash_sha256=digest, agent_reported_size_bytes=size, server_calculated_staged_hash=digest,
            server_calculated_staged_size=size, agent_compress_size_pre_compress=size * 5, agent_compress_size_post_compress=size,
            agent_staged_file_name=_file_name(sample.name, ended_at),
        )  # fmt: skip
    return Evidence(
        key=f"{AGENT}:{ended_at:%Y%m%d_%H%M%S}:{sample.name}", verdict=verdict, reported_by=ReportedBy.AGENT,
        judged_at=ended_at + 9 * MINUTE, ended_at=ended_at, message="" if good else f"TRANSFER failed: {FULL}",
        size_bytes=size if good else None,
        duration_seconds=seconds if good else None, content_hash=digest if good else "", reported=reported,
    )  # fmt: skip


def _prove(sample: Sample, job: ExpectedBackupJob, *, at: datetime) -> None:
    if sample.proved_days_ago:
        detail = "Restored into a test database, 12 tables, rows compared."
        RestoreProof.objects.create(job=job, restored_at=at - sample.proved_days_ago * DAY, succeeded=True, detail=detail)


def _deposit(night: datetime) -> None:
    """Last night's files and report, as the agent's transfer leaves them; and a report that was cut off."""
    ended_at = night + TOOK
    place = settings.SENTINEL_BACKUP_DEPOSIT / AGENT
    for folder in (place / "log", place / "databases"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    came = [sample for sample in (*SAMPLES, UNEXPECTED) if sample.tonight != "absent"]
    databases = {sample.name: _staged(sample, place / "databases", ended_at) for sample in came}
    report = {
        "operation_start_time": _stamp(night), "operation_end_time": _stamp(ended_at), "agent_id": AGENT, "overall_status": "completed",
        "databases": databases,
    }  # fmt: skip
    name = f"{ended_at:%Y%m%d_%H%M%S}_{AGENT}.json"
    _write(place / "log" / name, json.dumps(report, indent=1).encode(), ended_at)
    _write(place / "log" / f"{ended_at - DAY:%Y%m%d_%H%M%S}_{AGENT}.json", json.dumps(report).encode()[:200], ended_at)


def _staged(sample: Sample, folder: Path, ended_at: datetime) -> dict[str, Any]:
    """A compressed dump in the agent's folder, and what the report says of it."""
    size = sample.size // 6 if sample.tonight == "small" else sample.size
    plain = random.Random(f"{sample.name} {ended_at}").randbytes(size)  # noqa: S311 (sample data)
    packed = gzip.compress(plain, compresslevel=1, mtime=0)
    stage = {"status": True, "start_time": _stamp(ended_at - 2 * MINUTE), "end_time": _stamp(ended_at)}
    sent = bytearray(packed)
    if sample.tonight == "altered":
        sent[len(sent) // 2] ^= 0xFF
    name = _file_name(sample.name, ended_at)
    _write(folder / name, bytes(sent), ended_at)
    return {
        "BACKUP": {**stage, "sha256_checksum": hashlib.sha256(plain).hexdigest(), "size": len(plain)},
        "COMPRESS": {**stage, "sha256_checksum": hashlib.sha256(packed).hexdigest(), "size": len(packed)},
        "TRANSFER": {**stage, "error_message": None},
        "staged_file_name": name,
    }


def _write(path: Path, content: bytes, at: datetime) -> None:
    """A file that looks as if it came then."""
    path.write_bytes(content)
    path.chmod(0o600)
    os.utime(path, (at.timestamp(), at.timestamp()))


def _file_name(name: str, at: datetime) -> str:
    return f"{name}_{at:%Y%m%d_%H%M%S}.sql.gz"


def _stamp(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")
