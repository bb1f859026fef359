"""`manage.py up`: the whole of Sentinel on one machine, under one small supervisor.

It does not load Django: it starts what does. Each thing that can be wrong with a start is one line and exit code 1.
"""

import argparse
import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg import sql

from sentinel_site import embedded, env
from sentinel_site.liveness import Liveness
from sentinel_site.nursery import Nursery
from sentinel_site.supervisor import MARK, Program, Supervisor, end_leftovers

PROGRAMS: Final = ("web", "worker", "watchdog", "monitor")
MANAGE: Final = str(env.BASE_DIR / "manage.py")
LEAN: Final = {"MALLOC_ARENA_MAX": "2", "PYTHONNODEBUGRANGES": "1"}
"""Environment of long-lived processes: less memory for threads and for what only prettier tracebacks need."""
OLDEST_POSTGRES: Final = 14
"""The oldest major version Django supports."""


class StartError(RuntimeError):
    """Sentinel cannot start; the text is one line that says why and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `manage.py up`."""
    parser.add_argument("--port", type=int, default=env.number("SENTINEL_PORT", 8000), help="port of the web server (SENTINEL_PORT, 8000)")
    parser.add_argument("--bind", default=env.text("SENTINEL_BIND", "127.0.0.1"), help="address to listen on (SENTINEL_BIND, 127.0.0.1)")
    parser.add_argument(
        "--data-dir", type=Path, default=env.path("SENTINEL_DATA_DIR", env.BASE_DIR / "var"), help="SENTINEL_DATA_DIR, ./var"
    )
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=PROGRAMS, help="run these only; with DATABASE_URL and REDIS_URL")
    parser.add_argument("--demo", action="store_true", help="add sample data: a recipient, an ingest key, and how to use it")


def main(arguments: Sequence[str]) -> int:
    """Run Sentinel until SIGINT or SIGTERM. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start everything: servers, web, worker, watchdog and monitor.")
    try:
        add_arguments(parser)
        options = parser.parse_args(arguments)
        House(options.data_dir.expanduser().resolve(), options.bind, options.port, only=options.only, demo=options.demo).run()
    except (StartError, embedded.EmbeddedError, ImproperlyConfigured) as error:
        print("sentinel: " + " ".join(str(error).split()), file=sys.stderr)  # noqa: T201
        return 1
    return 0


def say(line: str) -> None:
    """Tell the person at the terminal."""
    print(f"sentinel: {line}", flush=True)  # noqa: T201 (this is a command)


class Database(Program):
    """The embedded PostgreSQL as something to keep running. It is not our child, so that its data outlives us: `House` stops it."""

    def __init__(self, places: embedded.Places) -> None:
        super().__init__("postgres", (), grace_seconds=0, serves_others=True)
        self.places = places
        self.leaving = False

    @property
    def pid(self) -> int:
        """The pid of its main process; 0 when it does not run."""
        return embedded.postgres_pid(self.places)

    def start(self, _environ: Mapping[str, str] | None = None, _nursery: Nursery | None = None) -> None:
        """Start it, or attach when it runs. Raises EmbeddedError."""
        embedded.start_postgres(self.places)
        self.started, self.restart_at = time.monotonic(), None

    def ended(self) -> bool:
        """Whether it does not run, or need not any more."""
        return self.leaving or not self.pid

    def signal(self, _number: int) -> None:
        """The others have ended; it is stopped after them."""
        self.leaving = True

    def wipe(self) -> None:
        """PostgreSQL ends its own processes."""


class House:
    """One `up`: its places, its environment, its programs."""

    def __init__(self, data_dir: Path, bind: str, port: int, *, only: Sequence[str] = PROGRAMS, demo: bool = False) -> None:
        self.only = [name for name in PROGRAMS if name in only]
        self.part = "" if len(self.only) == len(PROGRAMS) else "-" + "-".join(self.only)
        self.places = embedded.Places(data_dir)
        self.bind, self.port, self.demo = bind, port, demo
        self.environ = os.environ | {
            "SENTINEL_DATA_DIR": str(data_dir), "SENTINEL_PORT": str(port), "SENTINEL_BIND": bind, MARK: f"{data_dir}{self.part}",
            "DJANGO_SETTINGS_MODULE": "sentinel_site.settings", "PYTHONUNBUFFERED": "1", **LEAN,
        }  # fmt: skip
        self.database = Database(self.places)
        self.own_database = not env.text("DATABASE_URL")
        self.own_redis = not env.text("REDIS_URL")

    def run(self) -> None:
        """Start, keep running, stop. Raises StartError or EmbeddedError when it cannot start."""
        if self.part and (self.own_database or self.own_redis):
            raise StartError("--only is for a database and a Redis of your own: set DATABASE_URL and REDIS_URL.")
        lock = take(self.places, self.part)
        end_leftovers(self.environ[MARK])
        if "web" in self.only:
            check_port(self.bind, self.port)
        nursery = Nursery(self.environ)
        supervisor = Supervisor([], self.environ, say, nursery)
        supervisor.listen()
        try:
            self._start_database()
            if not supervisor.stopping:
                self._prepare()
            address = self._address() if "web" in self.only else ""
            liveness = Liveness(address, urlsplit(self.url).netloc, self.database_url, on_ready=self._ready)
            supervisor.programs = self._programs(liveness)
            if not supervisor.stopping:
                liveness.watch(supervisor.programs)
            supervisor.run()
        finally:
            nursery.close()
            self._stop_database()
            lock.close()
        say("stopped")

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return env.text("DATABASE_URL") or self.places.database_url()

    def _start_database(self) -> None:
        if self.own_database:
            self.database.start()
            create_database(self.places)
        check_database(self.database_url)

    def _stop_database(self) -> None:
        if self.own_database and self.database.pid:
            try:
                embedded.stop_postgres(self.places)
            except embedded.EmbeddedError as error:
                say(f"PostgreSQL goes on running, it did not stop: {error}")

    def _prepare(self) -> None:
        """Migrate and bootstrap, in a process that is gone afterwards."""
        say(f"preparing the database; all data is kept in {self.places.data_dir} ...")
        command = [sys.executable, MANAGE, "bootstrap", "--migrate"]
        done = subprocess.run(command, env=self.environ, stdin=subprocess.DEVNULL, start_new_session=True, check=False)
        if done.returncode == 0 and self.demo:
            done = subprocess.run([sys.executable, MANAGE, "demo"], env=self.environ, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise StartError("the database could not be prepared; the lines above say why.")

    def _programs(self, liveness: Liveness) -> list[Program]:
        """Started in this order, stopped in the reverse; the servers last."""
        commands = {
            "web": [sys.executable, "-m", "sentinel_site.server", "--bind", self.bind, "--port", str(self.port)],
            "worker": [sys.executable, MANAGE, "qcluster", "--skip-checks"],
            "watchdog": [sys.executable, MANAGE, "watchdog"],
            "monitor": [sys.executable, MANAGE, "monitor"],
        }
        programs = [Program(name, commands[name], frozen=liveness.frozen) for name in self.only]
        if self.own_redis:
            programs.insert(0, Program("valkey", embedded.valkey_command(self.places), grace_seconds=1, serves_others=True))
        if self.own_database:
            programs.insert(0, self.database)
        return programs

    @property
    def url(self) -> str:
        """Where people find Sentinel."""
        return env.text("SENTINEL_BASE_URL", f"http://localhost:{self.port}").rstrip("/")

    def _address(self) -> str:
        """Where we find our own web process."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104 (compared, not bound)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def _ready(self) -> None:
        say(f"ready at {self.url}  (stop with Ctrl-C)")


def take(places: embedded.Places, part: str = "") -> IO[str]:
    """Take the data directory (or this ``part`` of the programs in it) for us alone, until the file is closed. Raises StartError."""
    path = places.data_dir / f"up{part}.lock"
    try:
        places.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = path.open("a")
    except OSError as error:
        raise StartError(
            f"cannot write in {places.data_dir}: {error.strerror}. Choose another place with --data-dir or SENTINEL_DATA_DIR."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        taken = f"another `manage.py up` uses {places.data_dir} already. Stop it, or choose another --data-dir."
        raise StartError(taken) from None
    return lock


def check_port(bind: str, port: int) -> None:
    """Raise StartError when ``port`` cannot be listened on."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except (OSError, OverflowError) as error:
            reason = "is in use" if isinstance(error, OSError) and error.errno == 98 else f"cannot be used ({error})"
            raise StartError(f"port {port} on {bind} {reason}. Choose another with --port or SENTINEL_PORT.") from None


def require_keys() -> None:
    """End the program when the keys that a restored database needs are not there: Sentinel would make new ones, which open nothing."""
    data_dir = env.path("SENTINEL_DATA_DIR", env.BASE_DIR / "var")
    if env.words("SENTINEL_ENCRYPTION_KEYS") or embedded.has_secret(data_dir, "encryption_key"):
        return
    sys.exit(
        f"sentinel: {data_dir / 'secrets' / 'encryption_key'} is not there. Copy secrets/ (and media/) of the lost installation into "
        f"{data_dir}, or set SENTINEL_ENCRYPTION_KEYS: without the key, addresses and passwords in the dump cannot be read."
    )


def create_database(places: embedded.Places) -> None:
    """Make the embedded server's database when it is not there."""
    with psycopg.connect(places.database_url("postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [embedded.DATABASE_NAME]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(embedded.DATABASE_NAME)))


def check_database(url: str) -> None:
    """Raise StartError when the database at ``url`` cannot be reached or is too old; ImproperlyConfigured when it names no PostgreSQL."""
    env.database(url)
    parts = urlsplit(url)
    where = f"{parts.hostname or 'its socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        raise StartError(f"cannot reach the database at {where}: {str(error).strip().splitlines()[-1]}. Check DATABASE_URL.") from None
    if version < OLDEST_POSTGRES:
        raise StartError(f"the database at {where} is PostgreSQL {version}; Sentinel needs {OLDEST_POSTGRES} or later.")
