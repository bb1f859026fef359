"""`python -m sentinel_site.nursery`: starts Sentinel's own programs by forking, so that they share the libraries' memory and start sooner.

Nothing of ours and no setting is loaded before a fork: what a program is, its settings read from its command line. A program becomes the
child of the one who asked, as if that one had started it. Linux only; elsewhere, or when anything goes wrong here, programs are started
one by one.
"""

import contextlib
import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

LIBRARIES: Final = (
    "anymail.exceptions", "channels.db", "channels.layers", "cronsim", "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.kdf.hkdf", "csp.constants", "django.contrib.auth.apps", "django.contrib.auth.hashers",
    "django.contrib.auth.password_validation", "django.contrib.auth.validators", "django.contrib.contenttypes.checks",
    "django.contrib.postgres.apps", "django.contrib.postgres.fields", "django.core.management", "django.db.backends.postgresql.base",
    "django.views.debug", "multiprocessing.connection", "multiprocessing.queues", "multiprocessing.sharedctypes", "picklefield.fields",
    "psutil", "psycopg_pool", "pydantic.main", "pydantic.types", "re2", "setproctitle", "statistics",
)  # fmt: skip
"""What at least two programs load, and what needs no settings to be loaded. They bring some 900 modules."""
ROOT: Final = Path(__file__).resolve().parent.parent
PADDING: Final = "." * 160
"""Room in the nursery's own command line for the programs' command lines: without it they would overwrite their environment."""
BIRTH_SECONDS: Final = 10.0
"""A fork that is not adopted and told to go on within this time ends."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
GO: Final = b"go"
REQUEST_BYTES: Final = 65536


class Forked:
    """A program that was forked: what `subprocess.Popen` tells of one that was not."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._look(os.WNOHANG)

    def wait(self) -> int | None:
        """Wait for its end. Returns its exit code."""
        return self._look(0)

    def _look(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


class Nursery:
    """The nursery as the one sees it who asks it for programs. It is begun at once, and again when it died.

    After ``start_seconds`` without a sign of it a program is started the ordinary way, as on a machine whose memory is full.
    """

    def __init__(self, environ: Mapping[str, str], *, start_seconds: float = 10.0) -> None:
        self._environ, self._start_seconds = {**environ, "SPT_NOENV": "1"}, start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._begin()

    @property
    def pid(self) -> int:
        """Its process id; 0 where there is none."""
        return self._process.pid if self._process else 0

    def start(self, command: Sequence[str]) -> Forked | None:
        """Start a Python program of ours (``[python, -m, module, …]`` or ``[python, file.py, …]``). None: start it the ordinary way."""
        if self._channel is None or command[0] != sys.executable or not (command[1] == "-m" or command[1].endswith(".py")):
            return None
        ours, its = socket.socketpair()
        with ours, its, _adopting():
            ours.settimeout(self._start_seconds)
            try:
                socket.send_fds(self._channel, [json.dumps(list(command[1:])).encode()], [its.fileno()])
                its.close()
                pid = int(ours.recv(20) or 0)
                if pid:
                    ours.send(GO)
                    return Forked(pid)
            except (OSError, ValueError):
                pass  # whatever was born meanwhile is not told to go on, and ends
        self._begin()
        return None

    def close(self) -> None:
        """End it. Its programs go on."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _begin(self) -> None:
        self.close()
        if sys.platform != "linux":
            return
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(self._start_seconds)
        command = [sys.executable, "-m", "sentinel_site.nursery", str(os.getpid()), str(its.fileno()), PADDING]
        with its:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environ, start_new_session=True, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()]
            )
        self._channel = ours


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Within, whoever loses its parent becomes our child."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0)


def prctl(option: int, value: int) -> None:
    """Linux' prctl. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl failed")


def main() -> None:
    """Load what is shared, then fork a program for each request until the starter is gone. A fork returns from here as the program."""
    starter, channel = int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    for name in LIBRARIES:
        import_module(name)
    gc.collect()
    gc.freeze()  # a collection would write to, and so copy, every page they share
    while os.getppid() == starter:
        request, descriptors, _flags, _address = socket.recv_fds(channel, REQUEST_BYTES, 1)
        if not request:
            return
        with socket.socket(fileno=descriptors[0]) as asker:
            born = _fork(asker, starter)
        if born:
            channel.close()
            become(json.loads(request))
            return


def _fork(asker: socket.socket, starter: int) -> bool:
    """Fork a program that is the starter's child. True in the program, once it is told to go on; False in the nursery."""
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return False
    if os.fork():
        os._exit(0)  # its child is an orphan now, and whoever adopts is its parent
    os.setsid()
    if not _adopted(starter):
        os._exit(1)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    asker.send(str(os.getpid()).encode())
    if select.select([asker], [], [], BIRTH_SECONDS)[0] and asker.recv(len(GO)) == GO and os.getppid() == starter:
        return True
    os._exit(1)


def _adopted(starter: int) -> bool:
    until = time.monotonic() + BIRTH_SECONDS
    while os.getppid() != starter and time.monotonic() < until:
        time.sleep(0.001)
    return os.getppid() == starter


def become(command: Sequence[str]) -> None:
    """Run ``-m module …`` or ``file.py …`` here as if Python had been started with it. Returns, or raises SystemExit, at its end."""
    import_module("setproctitle").setproctitle(" ".join([sys.executable, *command]))
    if command[0] == "-m":
        sys.argv = [command[1], *command[2:]]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(command)
        runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    main()
