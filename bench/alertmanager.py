"""The peer Alertmanager (Debian's package), telling the same local webhook provider, with group_wait 0 or, ``grouped``, as most have it."""

import os
import re
import shutil
import subprocess
import time
import urllib.request
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from bench import load
from bench.house import House, free_port

CONFIG = """
route: {{receiver: sink, group_by: {by}, group_wait: {wait}, group_interval: 1h, repeat_interval: 24h}}
receivers: [{{name: sink, webhook_configs: [{{url: '{url}', send_resolved: false}}]}}]
"""


class Missing(RuntimeError):
    """It is not installed, or does not start; the text says which."""


class Alertmanager:
    """A running Alertmanager as a context."""

    def __init__(self, house: House, *, grouped: bool = False) -> None:
        self.house = house
        self.route = {"by": "['alertname']", "wait": "30s"} if grouped else {"by": "['...']", "wait": "0s"}
        self.port = free_port()
        self.version = ""

    def __enter__(self) -> Self:
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        if program is None:
            raise Missing("Alertmanager is not installed (Debian: prometheus-alertmanager)")
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        self.version = (re.findall(r"version ([\d.]+)", told.stdout + told.stderr) or ["?"])[0]
        place = self.house.data_dir / "alertmanager"
        place.mkdir(exist_ok=True)
        (place / "config.yml").write_text(CONFIG.format(url=self.house.sink.url, **self.route))
        self.command = [program, f"--config.file={place / 'config.yml'}", f"--storage.path={place}", "--cluster.listen-address=",
                   f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"]  # fmt: skip
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.terminate()
        self.process.wait(10)

    def restart(self) -> None:
        """Begin anew, with no alert: it keeps them in memory."""
        self.__exit__(None, None, None)
        self._start()

    def _start(self) -> None:
        with (self.house.data_dir / "alertmanager" / "log").open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=dict(os.environ))
        self._wait_ready()

    def _wait_ready(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise Missing("Alertmanager does not start")

    def alert(self, mark: str) -> bytes:
        """A POST of one alert whose message says ``mark``."""
        labels = {"alertname": "humidity", "instance": mark, "severity": "high", "room": "12"}
        return load.post(
            "/api/v2/alerts",
            [{"labels": labels, "annotations": {"summary": f"Humidity too high mark:{mark}"}, "startsAt": datetime.now(UTC).isoformat()}],
        )
