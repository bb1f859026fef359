"""A Valkey of a test's own, to be frozen, killed and started again."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from sentinel_site import embedded


class Valkey:
    """The embedded server on a socket of its own. ``layer`` is the setting CHANNEL_LAYERS for it."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="sentinel-valkey-")
        self._places = embedded.Places(Path(self._directory.name))
        self._places.sockets.mkdir(exist_ok=True)
        self.url = self._places.redis_url()
        host = {"address": self.url, "socket_timeout": 5, "socket_connect_timeout": 3}
        backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
        self.layer = {"default": {"BACKEND": backend, "CONFIG": {"hosts": [host], "prefix": "sentinel"}}}
        self.start()
        return self

    def __exit__(self, *_):
        self.thaw()
        self.kill()
        self._directory.cleanup()

    def start(self):
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(embedded.valkey_command(self._places))
        until = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < until, "Valkey does not answer"
            time.sleep(0.02)

    def kill(self):
        """End it at once."""
        self._process.kill()
        self._process.wait(60)

    def freeze(self):
        """It keeps its connections and answers nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self):
        """It goes on."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(self.url.removeprefix("unix://"))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False
