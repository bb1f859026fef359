"""A Sentinel of its own for fault tests: real processes on a port, looked at from outside."""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
import requests

from sentinel_site import embedded, env
from tests import migrated
from tests.ports import free_port

T = TypeVar("T")
MANAGE = str(env.BASE_DIR / "manage.py")
COMMANDS = {"web": "sentinel_site.server", "worker": "qcluster", "watchdog": "watchdog", "monitor": "monitor", "valkey": "valkey-server"}
"""How each program is known in a list of processes."""
_TOLD = """
SELECT wanted.id FROM unnest(%s::uuid[]) AS wanted (id) WHERE NOT EXISTS (
    SELECT FROM notifications_notification AS told JOIN notifications_delivery AS delivery ON delivery.notification_id = told.id
    WHERE told.thread = 'alert:' || wanted.id AND delivery.status IN ('sent', 'delivered', 'seen'))
"""
_MISSING = "SELECT id FROM unnest(%s::uuid[]) AS wanted (id) WHERE NOT EXISTS (SELECT FROM alerts_alert WHERE alerts_alert.id = wanted.id)"
_BEATS = "SELECT FROM sentinel_site_processbeat WHERE instance = ANY(%s)"
_pause = threading.Event()


def until(condition: Callable[[], T], seconds: float, what: str = "what was waited for") -> T:
    """What ``condition`` answers as soon as it is true; it is asked again and again for at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:g} s")
        _pause.wait(0.1)
    return found


def environment(data_dir: Path, port: int, **more: str) -> dict[str, str]:
    """The environment of a house: nothing of the tests' own servers, nothing of this machine's settings."""
    foreign = ("SENTINEL_", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "ANYMAIL_", "GEMINI_", "FIREBASE_", "SLACK_", "DJANGO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {
        "SENTINEL_DATA_DIR": str(data_dir), "SENTINEL_PORT": str(port), "SENTINEL_BASE_URL": f"http://127.0.0.1:{port}",
        "SENTINEL_ADMIN_PASSWORD": "correct horse battery", "SENTINEL_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "SENTINEL_STORM_MESSAGES": "0",
        "DJANGO_SETTINGS_MODULE": "sentinel_site.settings", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    return kept | own | more


class House:
    """Where a house is, and what can be asked of it. Subclasses know how its processes are started."""

    def __init__(self, data_dir: Path, **more: str) -> None:
        self.port = free_port()
        self.data_dir = data_dir
        self.environ = environment(data_dir, self.port, **more)
        self.http = requests.Session()
        self.log = data_dir.with_suffix(".log")

    @property
    def database_url(self) -> str:
        return self.environ.get("DATABASE_URL") or embedded.Places(self.data_dir).database_url()

    def seed(self, **asked: Any) -> None:
        """Make people and sources (see seed.py), and take the API key."""
        command = [sys.executable, "-m", "tests.faults.seed"]
        done = subprocess.run(
            command, input=json.dumps(asked), env=self.environ, cwd=env.BASE_DIR, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        self.http.headers["Authorization"] = f"Bearer {json.loads(done.stdout)['key']}"

    def enqueue(self, *task: str) -> None:
        """Put a task (dotted path, arguments) into the queue."""
        script = "import sys, django; django.setup(); from django_q.tasks import async_task; async_task(*sys.argv[1:])"
        subprocess.run([sys.executable, "-c", script, *task], env=self.environ, cwd=env.BASE_DIR, check=True)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def api(self, path: str, body: Any = None) -> Any:
        """POST ``body`` (or GET) under /api/v1; the answer's JSON, which must be a 2xx."""
        url = self.url(f"/api/v1{path}")
        answer = self.http.get(url, timeout=30) if body is None else self.http.post(url, json=body, timeout=30)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.json()

    def report(self, source: str, subject: str = "", **fields: Any) -> str:
        """Report once; the alert's id."""
        return str(
            self.api("/alerts", {"source": source, "title": "Something is wrong", "subject": subject or str(uuid4()), **fields})["id"]
        )

    def health(self) -> dict[str, Any]:
        """What /healthz says; empty when web does not answer."""
        try:
            return dict(requests.get(self.url("/healthz"), timeout=20).json())
        except (OSError, ValueError):
            return {}

    def well(self) -> bool:
        return self.health().get("status") == "ok"

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the database answers; nothing while it does not."""
        try:
            with psycopg.connect(self.database_url, connect_timeout=20) as connection:
                return connection.execute(query, values or None).fetchall()
        except psycopg.OperationalError:
            return []

    def missing(self, alerts: Sequence[str]) -> list[Any]:
        """Those of ``alerts`` that are not in the database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(_MISSING, [list(alerts)]).fetchall()

    def untold(self, alerts: Sequence[str]) -> list[Any]:
        """Those of ``alerts`` about which nothing was handed to a provider yet."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(_TOLD, [list(alerts)]).fetchall()


class Up(House):
    """A house that `manage.py up` runs, with the servers that come with Sentinel."""

    def __enter__(self) -> "Up":
        command = [sys.executable, MANAGE, "up", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as log:
            self._up = subprocess.Popen(command, env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            until(lambda: self.well() or self._up.poll() is not None, 300, f"a healthy house (see {self.log})")
            assert self._up.poll() is None, self.log.read_text()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._up.terminate()
        try:
            self._up.wait(60)
        finally:
            self._up.kill()

    def kill_itself(self) -> None:
        """kill -9 of `up`, and start it again on the same data."""
        self._up.kill()
        self._up.wait(60)
        self.__enter__()

    def pid(self, program: str) -> int:
        """The process of ``program``; 0 while it does not run."""
        if program == "postgres":
            return embedded.postgres_pid(embedded.Places(self.data_dir))
        return next((pid for pid in children(self._up.pid) if COMMANDS[program] in command_of(pid)), 0)

    def kill(self, program: str, number: int = signal.SIGKILL) -> None:
        """Signal ``program`` and wait until `up` has brought it back as another process."""
        before = until(lambda: self.pid(program), 60, f"a running {program}")
        os.kill(before, number)
        until(lambda: self.pid(program) not in {0, before}, 60, f"a new {program}")


class Rooms(House):
    """A house whose processes are started one by one, on the servers of the test run: any of them can be left out for good."""

    def __init__(self, data_dir: Path, **more: str) -> None:
        name = f"rooms_{uuid4().hex[:12]}"
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [migrated.COPY]).fetchone()
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated.COPY if found else 'template1'}")
        url = os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")
        super().__init__(data_dir, **{"DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"], **more})
        self._running: list[subprocess.Popen[bytes]] = []
        done = subprocess.run(
            [sys.executable, MANAGE, "bootstrap", "--migrate"], env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def __enter__(self) -> "Rooms":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)
        self._running.clear()

    def only(self, *programs: str, **more: str) -> None:
        """Run web and these programs, and nothing else. What is due in seconds is so from when the watchdogs among them work."""
        self.__exit__()
        commands = {"web": [sys.executable, "-m", COMMANDS["web"], "--bind", "127.0.0.1", "--port", str(self.port)]}
        for program in ("web", *programs):
            command = commands.get(program, [sys.executable, MANAGE, COMMANDS[program]])
            with self.log.open("ab") as log:
                self._running.append(
                    subprocess.Popen(command, env=self.environ | more, cwd=env.BASE_DIR, stdout=log, stderr=log, start_new_session=True)
                )
        until(self.health, 300, f"web (see {self.log})")
        clocks = [
            f"{platform.node()[:60]}:{process.pid}" for name, process in zip(programs, self._running[1:], strict=True) if name == "watchdog"
        ]
        until(lambda: len(self.rows(_BEATS, clocks)) == len(clocks), 300, f"watchdogs at work (see {self.log})")

    @property
    def last(self) -> "subprocess.Popen[bytes]":
        """The process that was started last."""
        return self._running[-1]


class Reports:
    """Reports that keep coming, as from a source that does not care how Sentinel feels; every 2xx is remembered."""

    def __init__(self, house: House, source: str = "probe", *, pause_seconds: float = 0.05) -> None:
        self._house, self._source, self._pause_seconds = house, source, pause_seconds
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self.accepted: list[str] = []
        self.refused: list[str] = []

    def __enter__(self) -> "Reports":
        self._thread.start()
        self.wait_for_more(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(60)

    def wait_for_more(self, count: int = 20) -> None:
        """Until ``count`` more were answered 2xx."""
        wanted = len(self.accepted) + count
        until(lambda: len(self.accepted) >= wanted, 90, f"{count} more reports answered 2xx (refused: {self.refused[-3:]})")

    def _go_on(self) -> None:
        session = requests.Session()
        session.headers.update(self._house.http.headers)
        while not self._enough.wait(self._pause_seconds):
            body = {"source": self._source, "title": "Something is wrong", "subject": str(uuid4())}
            try:
                answer = session.post(self._house.url("/api/v1/alerts"), json=body, timeout=20)
                (self.accepted if answer.ok else self.refused).append(answer.json().get("id") if answer.ok else f"{answer.status_code}")
            except (OSError, ValueError) as error:
                self.refused.append(type(error).__name__)


def children(pid: int) -> list[int]:
    """The processes that ``pid`` started and that still run, in the order of their ids."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(pid) and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def command_of(pid: int) -> str:
    """The command line of a process; "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
