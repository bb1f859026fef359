"""The peer Alerta: its server in a venv of its own, 4 workers, on the same PostgreSQL server as Sentinel."""

import os
import subprocess
import time
import urllib.error
import urllib.request
import venv
from types import TracebackType
from typing import Any, Self

import psycopg

from bench import load, processes
from bench.house import CACHE, House, free_port

VERSION = "9.1.0"
WORKERS = 4
VENV = CACHE / f"alerta-{VERSION}"
CONFIG = "AUTH_REQUIRED = False\nSECRET_KEY = 'bench'\nLOG_LEVEL = 'ERROR'\n"


class Missing(RuntimeError):
    """The peer cannot be had here; the text says why."""


def install() -> str:
    """Install it once; returns the server it runs under: uwsgi, or gunicorn where uwsgi cannot be built. Raises Missing."""
    pip = [str(VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    if not (VENV / "complete").exists():
        print(f"  installing Alerta {VERSION} (once; a few minutes) ...", flush=True)
        venv.create(VENV, with_pip=True, clear=True)
        done = subprocess.run([*pip, f"alerta-server=={VERSION}", "psycopg2-binary"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"Alerta {VERSION} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
        if subprocess.run([*pip, "uwsgi"], capture_output=True, check=False).returncode:
            subprocess.run([*pip, "gunicorn"], capture_output=True, check=True)
        (VENV / "complete").touch()
    return "uwsgi" if (VENV / "bin" / "uwsgi").exists() else "gunicorn"


class Alerta:
    """A running Alerta as a context."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.port = free_port()

    def __enter__(self) -> Self:
        self.server = install()
        self._database("DROP DATABASE IF EXISTS alerta WITH (FORCE)", "CREATE DATABASE alerta")
        config = self.house.data_dir / "alertad.conf"
        config.write_text(CONFIG)
        environ = os.environ | {"ALERTA_SVR_CONF_FILE": str(config), "DATABASE_URL": self._url}
        with (self.house.data_dir / "alerta.log").open("wb") as log:
            self.process = subprocess.Popen(self._command(), env=environ, stdout=log, stderr=log, cwd=self.house.data_dir)
        self._wait_ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._database("DROP DATABASE IF EXISTS alerta WITH (FORCE)")

    @property
    def _url(self) -> str:
        return self.house.database_url.replace("/sentinel?", "/alerta?")

    def _command(self) -> list[str]:
        place = f"127.0.0.1:{self.port}"
        if self.server == "gunicorn":
            return [str(VENV / "bin" / "gunicorn"), "-w", str(WORKERS), "-b", place, "alerta:create_app()"]
        return [str(VENV / "bin" / "uwsgi"), "--http-socket", place, "--master", "--die-on-term", "--processes", str(WORKERS),
                "--disable-logging", "--need-app", "--virtualenv", str(VENV), "--module", "alerta:create_app()"]  # fmt: skip

    def _database(self, *statements: str) -> None:
        with psycopg.connect(self.house.database_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def _wait_ready(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/alerts", timeout=5).close()
            except urllib.error.HTTPError as error:
                raise Missing(f"Alerta answers {error.code}") from None
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise Missing("Alerta does not start: " + (self.house.data_dir / "alerta.log").read_text(errors="replace")[-500:])

    def alert(self, subject: str) -> bytes:
        """A POST of one alert."""
        body = {"resource": subject, "event": "bench", "environment": "Production", "severity": "major", "service": ["bench"],
                "text": f"Humidity too high ({subject})", "value": "71", "attributes": {"room": "12"}}  # fmt: skip
        return load.post("/alert", body)

    def counted(self, prefix: str) -> int:
        """How many reports its alerts stand for."""
        with psycopg.connect(self._url) as connection:
            found: Any = connection.execute(
                "SELECT coalesce(sum(duplicate_count + 1), 0) FROM alerts WHERE starts_with(resource, %s)", [prefix]
            ).fetchone()
        return int(found[0])

    def cpu(self) -> float:
        """CPU seconds of its workers so far."""
        return processes.cpu_seconds(self.process.pid)
