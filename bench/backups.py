"""Backups verified: one large file hashed, ten thousand small ones scanned and decided, and a scan that finds nothing new."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.house import ROOT, House
from bench.rows import Row, median, ratio
from bench.scan_once import warm

NAME = "backups"
GIB = 1 << 30
SMALL = 64_000
OF_AN_AGENT = 25
PREFIX = "BENCH_SCAN"


def run(house: House) -> list[Row]:
    """See the module."""
    place = house.data_dir / "bench-backups"
    try:
        return [*_large(house, place), *_many(house, place)]
    finally:
        _forget(place)


def _large(house: House, place: Path) -> list[Row]:
    """1 GiB that the kernel has in memory, hashed by us, by sha256sum and by openssl in turns; then as the backup of a job."""
    from backups import verifying

    file = place / "deposit" / f"{PREFIX}_0" / "databases" / "base0"
    file.parent.mkdir(parents=True)
    with file.open("wb") as into:
        for _ in range(64):
            into.write(os.urandom(GIB // 64))
    ways = {
        "ours": lambda: verifying.digest(fd),
        "sha256sum": lambda: subprocess.run(["sha256sum", file], stdout=subprocess.DEVNULL, check=True),
        "openssl": lambda: subprocess.run(["openssl", "dgst", "-sha256", file], stdout=subprocess.DEVNULL, check=True),
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    with file.open("rb") as opened:
        fd = opened.fileno()
        for number in range(2 if house.quick else 6):
            for name, way in ways.items():
                seconds = _timed(way)
                if number:
                    spent[name].append(seconds)
        digest = verifying.digest(fd)[0]
    ours, summed, openssl = (median(spent[name]) for name in ways)
    _report(place, 0, {"base0": (digest, GIB)})
    _jobs(["base0"])
    scan = _scan(house, place)
    return [
        Row(NAME, "1 GiB in memory hashed", GIB / ours / 1e6, "MB/s"),
        Row(NAME, "the same, beside sha256sum", ratio(summed, ours), "x", (">=", 3), f"{summed:.2f} s"),
        Row(NAME, "the same, beside openssl dgst", ratio(openssl, ours), "x", (">=", 0.8), f"{openssl:.2f} s"),
        Row(NAME, "a scan that verifies and stores it: memory above rest", scan["grown_mib"], "MiB", ("<=", 64),
            f"{scan['rest_mib']:.0f} MiB at rest; {scan['seconds']:.2f} s"),
    ]  # fmt: skip


def _many(house: House, place: Path) -> list[Row]:
    """Jobs of many agents, each with a file of 64 kB, all reported; beside sha256sum -c on the same files.

    Whoever reads them finds them in the kernel's memory: they are read once more just before, as some machines forget them in a second.
    """
    count = 2_000 if house.quick else 10_000
    _forget(place)
    listed = _stage(place, count)
    theirs, ours, stored, idle, grown = [], [], [], [], []
    for number in range(3 if house.quick else 10):
        warm(place)
        checked = _timed(lambda: subprocess.run(["sha256sum", "--quiet", "-c", listed], cwd=place, check=True))
        plain = _fresh(house, place, template="")
        again = _scan(house, place)
        if number:
            theirs.append(checked)
            ours.append(plain["seconds"])
            grown.append(plain["grown_mib"])
            idle.append(again["seconds"])
    for _ in range(1 if house.quick else 3):
        kept = _fresh(house, place, template="{agent}/{database}/{filename}")
        stored.append(kept["seconds"])
        grown.append(kept["grown_mib"])
    alone = _verified(place)
    return [
        Row(NAME, f"{count:,} files of 64 kB read and hashed by one process alone, beside sha256sum -c", ratio(median(theirs), alone), "x"),
        Row(NAME, f"{count:,} backups of 64 kB verified and decided", median(ours), "s", None, f"sha256sum -c: {median(theirs):.2f} s"),
        Row(NAME, "the same, beside sha256sum -c, which writes nothing down", ratio(median(theirs), median(ours)), "x", (">=", 2)),
        Row(NAME, "the same, stored as well: copied and put on the disk", median(stored), "s"),
        Row(NAME, "memory above rest of a scan of so many, all processes", max(grown), "MiB", ("<=", 64)),
        Row(NAME, f"{count:,} jobs with nothing new", median(idle), "s", ("<=", 1)),
    ]  # fmt: skip


def _verified(place: Path) -> float:
    """Seconds that reading and hashing all of them takes alone, by the code of a scan, one after the other."""
    from backups import verifying
    from backups.storage import Folder

    def one(path: str) -> None:
        agent, folder, name = path.split("/")[1:]
        with deposit.folder(agent) as own, own.folder(folder) as files:
            fd = files.file(name)
            try:
                assert verifying.digest(fd)[0] == digests[path]
            finally:
                os.close(fd)

    lines = [line.split("  ") for line in (place / "listed").read_text().splitlines()]
    digests = {path: digest for digest, path in lines}
    with Folder.root(place / "deposit") as deposit:
        return min(_timed(lambda: [one(path) for path in digests]) for _ in range(3))


def _stage(place: Path, count: int) -> str:
    """Files and jobs; returns the name of a list that sha256sum -c takes."""
    lines = []
    for number in range(count):
        agent, name = number // OF_AN_AGENT, f"base{number}"
        file = place / "deposit" / f"{PREFIX}_{agent}" / "databases" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        body = os.urandom(SMALL)
        file.write_bytes(body)
        lines.append(f"{hashlib.sha256(body).hexdigest()}  {file.relative_to(place)}")
    (place / "listed").write_text("\n".join(lines) + "\n")
    os.sync()
    return "listed"


def _fresh(house: House, place: Path, *, template: str) -> dict[str, Any]:
    """A scan of a night in which everything is reported and nothing is known."""
    from backups.models import ExpectedBackupJob

    ExpectedBackupJob.objects.filter(agent_id_responsible__startswith=PREFIX).delete()
    shutil.rmtree(place / "store", ignore_errors=True)
    lines = [line.split("  ") for line in (place / "listed").read_text().splitlines()]
    digests = {Path(path).name: digest for digest, path in lines}
    for agent in range(0, len(digests), OF_AN_AGENT):
        names = [f"base{number}" for number in range(agent, min(agent + OF_AN_AGENT, len(digests)))]
        _report(place, agent // OF_AN_AGENT, {name: (digests[name], SMALL) for name in names})
    _jobs(list(digests), template=template)
    house.sql("VACUUM ANALYZE backups_backupentry")
    house.sql("VACUUM ANALYZE backups_expectedbackupjob")
    os.sync()
    scan = _scan(house, place)
    assert scan["counts"]["success"] == len(digests), scan
    return scan


def _report(place: Path, agent: int, files: dict[str, tuple[str, int]]) -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    end = at.isoformat()
    databases = {
        name: {
            "BACKUP": {"status": True, "size": size * 3}, "COMPRESS": {"status": True, "sha256": digest, "size": size},
            "TRANSFER": {"status": True, "end_time": end}, "staged_file_name": name,
        } for name, (digest, size) in files.items()
    }  # fmt: skip
    log = place / "deposit" / f"{PREFIX}_{agent}" / "log"
    log.mkdir(parents=True, exist_ok=True)
    document = {"agent_id": f"{PREFIX}_{agent}", "operation_end_time": end, "databases": databases}
    (log / f"{at:%Y%m%d_%H%M%S}.json").write_text(json.dumps(document))


def _jobs(names: list[str], *, template: str = "{agent}/{database}/{filename}") -> None:
    from backups.models import ExpectedBackupJob

    at = datetime.now(UTC)
    rows = [
        ExpectedBackupJob(
            database_name=name, agent_id_responsible=f"{PREFIX}_{int(name[4:]) // OF_AN_AGENT}", expected_hour_utc=at.hour,
            expected_minute_utc=at.minute, final_storage_path_template=template,
        ) for name in names
    ]  # fmt: skip
    ExpectedBackupJob.objects.bulk_create(rows, batch_size=1000)


def _scan(house: House, place: Path) -> dict[str, Any]:
    """A scan in a process of its own: its seconds, counts and memory."""
    places = {f"SENTINEL_BACKUP_{name}": str(place / name.lower()) for name in ("DEPOSIT", "STORE", "QUARANTINE")}
    command = [sys.executable, "-m", "bench.scan_once", "scan_backups", str(place)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **places}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _forget(place: Path) -> None:
    from backups.models import ExpectedBackupJob

    ExpectedBackupJob.objects.filter(agent_id_responsible__startswith=PREFIX).delete()
    shutil.rmtree(place, ignore_errors=True)
