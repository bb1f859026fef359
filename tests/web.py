"""The real web server as a process of its own, on the test's database."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.db import connection

from sentinel_site import embedded

ROOT = Path(__file__).resolve().parent.parent


class Web:
    """``python -m sentinel_site.server`` on a free port that stays the same when it is started again."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        """Start it, and wait until it answers."""
        places = embedded.Places(Path(os.environ["SENTINEL_DATA_DIR"]))
        own = {"DATABASE_URL": places.database_url(connection.settings_dict["NAME"]), "SENTINEL_BASE_URL": self.url}
        environment = {**os.environ, **own, "SENTINEL_DATABASE_POOL": "6"}
        environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
        command = [sys.executable, "-m", "sentinel_site.server", "--bind", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)
        self._until_it_answers()
        return self

    def stop(self, how=signal.SIGTERM):
        """Stop it. Returns its exit code."""
        self.process.send_signal(how)
        return self.process.wait(15)

    def _until_it_answers(self):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.process.poll() is None, "the web server ended at once"
            try:
                with urllib.request.urlopen(f"{self.url}/livez", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError("the web server does not answer")
