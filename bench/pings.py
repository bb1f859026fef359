"""Pings: the real web process beside a view that does what Healthchecks does, an upsert and an insert by the ORM.

Both stand behind the same server and are asked over HTTP by the same load generator, in turns, on the same PostgreSQL.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from bench import load, processes
from bench.house import ROOT, House, free_port
from bench.rows import Row, median, percentile, ratio

NAME = "pings"
JOBS = 3000
"""So many that no job pings faster than it may."""
CONNECTIONS = 8
RATE = 100
TABLES = """
CREATE TABLE IF NOT EXISTS bench_check (id bigserial PRIMARY KEY, code uuid UNIQUE NOT NULL, status text NOT NULL, last_ping timestamptz,
    last_start timestamptz, last_duration interval, n_pings int NOT NULL, alert_after timestamptz);
CREATE TABLE IF NOT EXISTS bench_ping (id bigserial PRIMARY KEY, owner_id bigint NOT NULL REFERENCES bench_check(id), n int NOT NULL,
    created timestamptz NOT NULL, kind text NOT NULL, scheme text NOT NULL, remote_addr text NOT NULL, method text NOT NULL,
    ua text NOT NULL, body_raw bytea, rid uuid, exitstatus smallint);
CREATE INDEX IF NOT EXISTS bench_ping_owner ON bench_ping (owner_id);
"""


def run(house: House) -> list[Row]:
    """See the module."""
    rounds, seconds = (2, 3.0) if house.quick else (5, 6.0)
    ids = _prepare(house)
    kinds = {"success": "", "log": "/log", "unknown": ""}
    ours: dict[str, list[float]] = {kind: [] for kind in kinds}
    theirs: list[float] = []
    bad, cpu = 0, {"ours": [], "theirs": []}
    with _peer(house) as (port, peer):
        for number in range(-1, rounds):  # the first warms up
            for kind, rest in kinds.items():
                found, spent = _drive(house, house.port, house.pids()["web"], _asking(ids[kind], rest), seconds)
                bad += found.bad
                if number >= 0:
                    ours[kind].append(_rate(found))
                    cpu["ours"] += [spent] if kind == "success" else []
            found, spent = _drive(house, port, peer, _asking(ids["success"], ""), seconds)
            bad += found.bad
            if number >= 0:
                theirs.append(found.rate)
                cpu["theirs"].append(spent)
    steady = load.drive(house.port, _asking(ids["steady"], ""), connections=32, rate=RATE, seconds=10.0 if house.quick else 60.0)
    return _rows(ours, theirs, steady, bad + steady.bad) + _costs(cpu)


def _drive(house: House, port: int, pid: int, make: load.Make, seconds: float) -> tuple[load.Result, float]:
    """What came back, and the CPU time of one answer in ms: the web process's and the database's."""
    before = processes.cpu_seconds(pid) + house.cpu()["postgres"]
    found = load.drive(port, make, connections=CONNECTIONS, seconds=seconds)
    spent = processes.cpu_seconds(pid) + house.cpu()["postgres"] - before
    return found, spent * 1000 / sum(found.statuses.values())


def _costs(cpu: dict[str, list[float]]) -> list[Row]:
    """What depends little on who else uses the machine."""
    ours, theirs = median(cpu["ours"]), median(cpu["theirs"])
    return [
        Row(NAME, "CPU of a success, web and database", ours, "ms"),
        Row(NAME, "CPU of an upsert and an insert by the ORM", theirs, "ms"),
        Row(NAME, "the second beside the first", ratio(theirs, ours), "x", (">=", 1.5)),
    ]


def _rate(found: load.Result) -> float:
    """Answers a second, whatever they say."""
    return sum(found.statuses.values()) / found.seconds


def _rows(ours: dict[str, list[float]], theirs: list[float], steady: load.Result, bad: int) -> list[Row]:
    return [
        Row(NAME, "successes taken", median(ours["success"]), "a second", note=f"{CONNECTIONS} connections, stored and decided"),
        Row(NAME, "one upsert and one insert by the ORM", median(theirs), "a second", note="the same server, request and database"),
        Row(NAME, "the first beside the second", ratio(median(ours["success"]), median(theirs)), "x", (">=", 1.5)),
        Row(NAME, "logs taken", median(ours["log"]), "a second"),
        Row(NAME, "pings to nothing refused", median(ours["unknown"]), "a second"),
        Row(NAME, f"p99 at {RATE} a second", percentile(steady.latencies, 0.99), "ms", ("<=", 50), note=_spread(steady)),
        Row(NAME, "pings that failed", bad, goal=("<=", 0)),
    ]


def _spread(found: load.Result) -> str:
    return f"p50 {percentile(found.latencies, 0.5):.1f} ms, worst {max(found.latencies):.0f} ms, {found.good} taken"


def _asking(ids: list[str], rest: str) -> load.Make:
    """POSTs with a body of a kilobyte, to one job after the other."""
    body = b"x" * 1024

    def make(number: int) -> bytes:
        lines = [
            f"POST /ping/{ids[number % len(ids)]}{rest} HTTP/1.1",
            "Host: localhost",
            "User-Agent: bench",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    return make


def _prepare(house: House) -> dict[str, list[str]]:
    from uuid import uuid4

    from backups.models import ExpectedBackupJob

    def make(name: str) -> list[str]:
        rows = [ExpectedBackupJob(database_name=f"{name}-{n}", period_seconds=86_400, reported_by="ping") for n in range(JOBS)]
        ExpectedBackupJob.objects.bulk_create(rows)
        return [str(row.ping_id) for row in rows]

    found = {name: make(name) for name in ("success", "log", "steady")}
    house.sql(TABLES)
    house.sql("TRUNCATE bench_ping, bench_check")
    house.sql("INSERT INTO bench_check (code, status, n_pings) SELECT unnest(%s::uuid[]), 'new', 0", found["success"])
    house.sql("ANALYZE backups_expectedbackupjob, bench_check")
    return found | {"unknown": [str(uuid4()) for _ in range(JOBS)]}


@contextmanager
def _peer(house: House) -> Iterator[tuple[int, int]]:
    """A web process with the view to compare with; its port and its process id."""
    port = free_port()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "bench.ping_settings", "DATABASE_URL": house.database_url}
    command = [sys.executable, "-m", "bench.ping_peer", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not _answers(port):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError("the view to compare with did not start")
            time.sleep(0.2)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
