"""Keeps a few programs running: starts each in a session of its own, restarts one that dies or freezes, stops all.

Signals go to a program's own process alone: its children are its own business until its time is up; then the whole
session is killed. A program of ours that is started again finds nothing left of the one before.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sentinel_site.nursery import Forked, Nursery

LEASH: Final = str(Path(__file__).with_name("leash.py"))
ROOT: Final = Path(__file__).resolve().parent.parent
"""Where programs start: `python -m` looks for their modules there, wherever `up` itself was called."""
MARK: Final = "SENTINEL_UP"
"""Environment variable that every program of one `up` carries: the next `up` on the same data ends what is left of it."""
BACK_OFF_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SETTLED_SECONDS: Final = 60.0
"""A program that ran this long starts again without back-off."""
POLL_SECONDS: Final = 1.0
NURSERY_SECONDS: Final = 30.0
"""So long after the last start the nursery is ended: what its programs share stays shared. One that is started later starts alone."""


@dataclass
class Program:
    """One program to keep running.

    One that ``serves_others`` is stopped when they have ended. ``frozen`` says in words why it must be restarted
    although it runs; "" when it need not.
    """

    name: str
    command: Sequence[str]
    grace_seconds: float = 6.0
    serves_others: bool = False
    frozen: "Callable[[Program], str]" = field(default=lambda _program: "", repr=False)
    process: "subprocess.Popen[bytes] | Forked | None" = None
    started: float = 0.0
    restart_at: float | None = 0.0
    failures: int = 0

    @property
    def pid(self) -> int:
        """The process id, which is also its session's; 0 when it does not run."""
        return self.process.pid if self.process else 0

    def start(self, environ: Mapping[str, str], nursery: Nursery | None = None) -> None:
        """Start it in a session of its own: forked in ``nursery`` if that can, else on a leash."""
        self.process = nursery.start(self.command) if nursery else None
        if self.process is None:
            command = [sys.executable, "-S", "-E", LEASH, str(os.getpid()), *self.command]
            self.process = subprocess.Popen(command, cwd=ROOT, env=dict(environ), start_new_session=True, stdin=subprocess.DEVNULL)
        self.started, self.restart_at = time.monotonic(), None

    def ended(self) -> bool:
        """Whether it is not running (any more)."""
        return self.process is None or self.process.poll() is not None

    def ending(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode if self.process else None
        if code is None:
            return "gone"
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def signal(self, number: int) -> None:
        """Signal the program's own process, if it runs."""
        if not self.ended():
            os.kill(self.pid, number)

    def wipe(self) -> None:
        """Kill whatever is left of its session, and forget it."""
        if self.process is not None:
            kill_session(self.pid)
            self.process.wait()
            self.process = None

    def back_off(self) -> float:
        """Seconds to wait before it is started again."""
        self.failures = 0 if time.monotonic() - self.started > SETTLED_SECONDS else self.failures + 1
        return BACK_OFF_SECONDS[min(self.failures, len(BACK_OFF_SECONDS)) - 1] if self.failures else BACK_OFF_SECONDS[0]


class Supervisor:
    """Runs ``programs`` (started in order, stopped in reverse) until SIGINT, SIGTERM, SIGHUP or ``stop``.

    With a ``nursery``, which has the same ``environ``, Python programs share memory.
    """

    def __init__(
        self, programs: Sequence[Program], environ: Mapping[str, str], say: Callable[[str], None], nursery: Nursery | None = None,
        *, nursery_seconds: float = NURSERY_SECONDS,
    ) -> None:  # fmt: skip
        self.programs = programs
        self._environ, self._nursery, self._nursery_seconds, self._started_at = environ, nursery, nursery_seconds, time.monotonic()
        self._say = say
        self._asked = 0
        self._wake_reader, self._wake_writer = socket.socketpair()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._asked > 0

    def listen(self) -> None:
        """Take the signals over. Call it in the main thread before anything is started."""
        for end in (self._wake_reader, self._wake_writer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop())

    def stop(self) -> None:
        """Ask ``run`` to stop everything and return; asked twice, nothing is given time any more."""
        self._asked += 1

    def run(self) -> None:
        """Keep every program running until asked to stop, then stop them."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self.stopping:
                for program in self.programs:
                    self._look_after(program)
                if self._nursery and time.monotonic() - self._started_at > self._nursery_seconds:
                    self._nursery.close()
                    self._nursery = None
                self._wait(selector, self._until_next())
            self._stop_all(selector)
        with contextlib.suppress(ValueError):  # signals are the main thread's
            signal.set_wakeup_fd(-1)
        self._wake_reader.close()
        self._wake_writer.close()

    def _look_after(self, program: Program) -> None:
        now = time.monotonic()
        if program.restart_at is not None:
            if now >= program.restart_at:
                self._start(program)
        elif program.ended():
            ending = program.ending()
            program.wipe()
            self._restart(program, f"{program.name} ended ({ending})")
        elif reason := program.frozen(program):
            self._say(f"{program.name} is frozen ({reason}); killing it")
            kill_session(program.pid)

    def _start(self, program: Program) -> None:
        self._started_at = time.monotonic()
        try:
            program.start(self._environ, self._nursery)
        except (OSError, RuntimeError) as error:
            self._restart(program, f"{program.name} does not start: {' '.join(str(error).split())}")

    def _restart(self, program: Program, why: str) -> None:
        delay = program.back_off()
        program.restart_at = time.monotonic() + delay
        self._say(f"{why}; starting it again in {delay:g} s")

    def _until_next(self) -> float:
        due = [program.restart_at - time.monotonic() for program in self.programs if program.restart_at is not None]
        return max(0.0, min([POLL_SECONDS, *due]))

    def _wait(self, selector: selectors.BaseSelector, seconds: float) -> None:
        """Sleep, but not through a signal."""
        if selector.select(seconds):
            with contextlib.suppress(BlockingIOError):
                self._wake_reader.recv(4096)

    def _stop_all(self, selector: selectors.BaseSelector) -> None:
        """Stop those that serve nobody, all at once; then the servers."""
        self._say("stopping ...")
        for serves in (False, True):
            rank = [program for program in reversed(self.programs) if program.serves_others == serves]
            for program in rank:
                program.signal(signal.SIGTERM)
                program.signal(signal.SIGCONT)
            asked_at = time.monotonic()
            for program in rank:
                self._await_end(program, selector, until=asked_at + program.grace_seconds)

    def _await_end(self, program: Program, selector: selectors.BaseSelector, *, until: float) -> None:
        """Give it its time, then kill what is left of it."""
        while not program.ended() and time.monotonic() < until and self._asked < 2:
            self._wait(selector, 0.2)
        if not program.ended():
            self._say(f"{program.name} did not stop in time; killing it")
        program.wipe()


def kill_session(pid: int) -> None:
    """Kill the process group that ``pid`` leads or led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def leftovers(mark: str) -> list[int]:
    """Processes that carry ``mark``: what is left of an `up` that was killed. Empty where there is no /proc."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue  # somebody else's, or gone
    return found


def end_leftovers(mark: str, *, grace_seconds: float = 3.0) -> int:
    """Kill what is left of an earlier `up` that carried ``mark``; what is stopping gets a moment. Returns how many were killed."""
    until = time.monotonic() + grace_seconds
    while (found := leftovers(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return len(found)
