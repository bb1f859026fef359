"""A whole Sentinel to measure: `manage.py up` on a data directory of its own, and this process beside it with Django set up."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import django
import psycopg

from bench import load, processes
from bench.sink import Sink

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "var" / "bench"
"""Results, and what peers are installed into."""
DELAY_SECONDS = 6
"""When the first step of an alert of the source `bench-later` is due."""
ROLES = {
    "web": "sentinel_site.server",
    "worker": "qcluster",
    "watchdog": "watchdog",
    "monitor": "monitor",
    "valkey": "valkey-server",
}
EMPTY = """
TRUNCATE alerts_alert, alerts_alertgroup, alerts_report, alerts_logentry, alerts_alertevent, notifications_notification,
    sentinel_site_idempotentanswer CASCADE
"""
WORK_LEFT = """
SELECT (SELECT count(*) FROM alerts_alert WHERE next_step_at <= now()) +
       (SELECT count(*) FROM notifications_delivery
        WHERE status IN ('queued', 'sending', 'failed') AND coalesce(next_attempt_at, now()) <= now())
"""


class House:
    """Starts Sentinel, reads what it costs, and empties it between benches. One per process: Django is set up for it."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.data_dir = Path(tempfile.mkdtemp(prefix="sentinel-bench-", dir=os.environ.get("BENCH_TMP")))
        self.port = free_port()
        self.key = ""
        self.log = self.data_dir / "up.log"
        self.sink = Sink()

    def __enter__(self) -> Self:
        os.environ.update(
            SENTINEL_DATA_DIR=str(self.data_dir), SENTINEL_PORT=str(self.port), SENTINEL_ADMIN_PASSWORD=secrets.token_urlsafe(16),
            SENTINEL_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8", SENTINEL_STORM_MESSAGES="0", SENTINEL_DEVICE_LOOPBACK="1",
            DJANGO_SETTINGS_MODULE="sentinel_site.settings",
        )  # fmt: skip
        for name in ("DATABASE_URL", "REDIS_URL", "SENTINEL_BASE_URL", "EMAIL_URL", "GEMINI_API_KEY", "FIREBASE_CREDENTIALS"):
            os.environ.pop(name, None)
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with self.log.open("wb") as log:
            self.up = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self._wait_ready()
            django.setup()
            self.sink.__enter__()
            self._prepare()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if hasattr(self.sink, "process"):
            self.sink.__exit__(None, None, None)
        self.up.send_signal(signal.SIGTERM)
        try:
            self.up.wait(30)
        except subprocess.TimeoutExpired:
            self.up.kill()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def _wait_ready(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and self.up.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"Sentinel did not start:\n{self.log.read_text()[-2000:]}")

    def _prepare(self) -> None:
        from bench import scene

        self.key = scene.prepare(self.sink.url)

    # --- the database ---
    @property
    def database_url(self) -> str:
        """Where its database is."""
        from sentinel_site import embedded

        return embedded.Places(self.data_dir).database_url()

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement on a connection of its own and return its rows."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        """Forget every alert and message."""
        self.settle()
        self.sql(EMPTY)
        self.sql("CHECKPOINT")
        self.sink.forget()

    def settle(self, *, seconds: float = 180) -> bool:
        """Wait until nothing is due and nothing waits in the outbox. False: it did not happen in time."""
        until = time.monotonic() + seconds
        while left := self.sql(WORK_LEFT)[0][0]:
            if time.monotonic() > until:
                print(f"  {left} steps and deliveries are still waiting after {seconds:g} s")
                return False
            time.sleep(0.2)
        return True

    # --- the processes ---
    def pids(self) -> dict[str, int]:
        """The process of each role, by what it was started with; and the database server's."""
        own = processes.children().get(self.up.pid, [])
        found = {role: pid for pid in own for role, word in ROLES.items() if word in processes.command(pid).replace(str(self.data_dir), "")}
        return found | {"postgres": int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])}

    def cpu(self) -> dict[str, float]:
        """CPU seconds used so far, by role."""
        return {role: processes.cpu_seconds(pid) for role, pid in self.pids().items()}

    def restarts(self) -> int:
        """How many processes died or froze so far. A figure taken while one did is worth little."""
        return sum(" ended (" in line or " is frozen " in line for line in self.log.read_text(errors="replace").splitlines())

    # --- requests ---
    def post(self, path: str, body: object) -> bytes:
        """The bytes of an authorised POST."""
        return load.post(path, body, key=self.key)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
