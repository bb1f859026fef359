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
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent


def environment(**own):
    """The environment of a process on the test's database."""
    places = embedded.Places(Path(os.environ["SENTINEL_DATA_DIR"]))
    found = {**os.environ, "DATABASE_URL": places.database_url(connection.settings_dict["NAME"]), "SENTINEL_DATABASE_POOL": "6", **own}
    found.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # tests/browser sets it
    return found


class Web:
    """``python -m tests.served`` on a free port that stays the same when it is started again."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self._line = None

    def start(self):
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "tests.served", "--bind", "127.0.0.1", "--port", str(self.port)]
        self._line, its = socket.socketpair()
        with its:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment(SENTINEL_BASE_URL=self.url), stdin=its)
        try:
            self._until_it_answers()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        return self

    def forget(self):
        """Have it forget what it keeps for some seconds, such as the routing table."""
        self._line.settimeout(60)
        self._line.sendall(b".")
        assert self._line.recv(1) == b"."

    def runs(self):
        """Whether it was started, and goes on."""
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM):
        """Stop it. Returns its exit code."""
        self._line.close()
        self.process.send_signal(how)
        return self.process.wait(60)

    def _until_it_answers(self):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert self.process.poll() is None, "the web server ended at once"
            try:
                with urllib.request.urlopen(f"{self.url}/livez", timeout=20):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError("the web server does not answer")


_shared: list[Web] = []


def shared():
    """The server of all tests that use one after the other. It is started when none runs, and knows nothing of the test before."""
    if not _shared:
        _shared.append(Web())
    (server,) = _shared
    if not server.runs():
        return server.start()
    server.forget()
    return server


def leave():
    """Stop the shared server, if it runs: the next test knows nothing of it."""
    if _shared and _shared[0].runs():
        _shared[0].stop()


class MonitorProcess:
    """``manage.py monitor``, which may talk to meters on this machine."""

    process = None

    def start(self):
        """Start it, unless it runs. It is ready when devices are measured."""
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, str(ROOT / "manage.py"), "monitor"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment(SENTINEL_DEVICE_LOOPBACK="1"))
        return self

    def stop(self, how=signal.SIGTERM):
        """Stop it. Returns its exit code."""
        self.process.send_signal(how)
        return self.process.wait(60)
