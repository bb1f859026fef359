"""Carrying out one run: its work in a process forked for it, and this one looking after it.

The work leads a process group of its own. It is stopped with everything it started when its time is up, when the run is not ours any
more, or when this process is told to end; and it dies with this process. Signs of life are written by a thread, so that a database
that hangs holds up no time-out.
"""

import contextlib
import logging
import os
import selectors
import signal
import threading
import time
from dataclasses import dataclass, field
from json import loads
from typing import Any, Final
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from jobs import orphans, runs, work
from jobs.enums import RunStatus
from jobs.errors import IllegalRun
from jobs.models import JobRun

BEAT_SECONDS: Final = 10.0
PROGRESS_SECONDS: Final = 2.0
GRACE_SECONDS: Final = 5.0
"""Between SIGTERM and SIGKILL."""
LOOK_SECONDS: Final = 0.5
TAIL_BYTES: Final = 128 * 1024
LAST_READS: Final = 32
"""More than a pipe holds: what is read after the end of the work was said before it, unless something of it lives on and talks."""
logger = logging.getLogger(__name__)


def run(run_id: UUID, *, worker: str, patience_seconds: float, stopping: threading.Event | None = None) -> JobRun | None:
    """Take the run, do its work, and write down what came of it. None when it was not to be started.

    When the database cannot be reached at the end, that is tried for ``patience_seconds``; then the run is left to be found orphaned.
    ``stopping`` set: the work is stopped, and the run is an error that says so.
    """
    taken = runs.start(run_id, at=timezone.now(), worker=worker)
    if taken is None:
        return None
    supervision = _Supervision(taken, stopping or threading.Event())
    result = supervision.result()
    return None if supervision.lost else _finish(run_id, result, until=time.monotonic() + patience_seconds)


def _finish(run_id: UUID, result: dict[str, Any], *, until: float) -> JobRun | None:
    at, pause = timezone.now(), threading.Event()
    while True:
        try:
            return runs.finish(run_id, at=at, **{**result, "status": RunStatus(result["status"])})
        except (IllegalRun, JobRun.DoesNotExist) as error:
            logger.warning("the end of run %s is not written: %s", run_id, error)
            return None
        except DatabaseError:
            logger.warning("the end of run %s cannot be written yet", run_id, exc_info=True)
            if time.monotonic() > until:
                raise
            connection.close()
            pause.wait(1)


@dataclass
class _Heard:
    """What the work has said so far."""

    result: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    lines: bytes = b""
    output: bytearray = field(default_factory=bytearray)

    def add_lines(self, data: bytes) -> None:
        *whole, self.lines = (self.lines + data).split(b"\n")
        for line in whole:
            try:
                said = loads(line)
            except ValueError:  # the pipe is the work's, and work may do anything
                continue
            if isinstance(said, dict):
                self.result, self.progress = said.get("result", self.result), said.get("progress", self.progress)

    def add_output(self, data: bytes) -> None:
        self.output += data
        if len(self.output) > 2 * TAIL_BYTES:
            del self.output[:-TAIL_BYTES]


class _Supervision:
    """Looks after one running work until it has ended."""

    def __init__(self, taken: JobRun, stopping: threading.Event) -> None:
        self._run, self._stopping = taken, stopping
        self._heard, self._ended, self._lost = _Heard(), threading.Event(), threading.Event()
        self._why = ""
        self._code: int | None = None
        self._kill_at: float | None = None
        self._fork()
        self._deadline = time.monotonic() + taken.job.timeout_seconds

    @property
    def lost(self) -> bool:
        """Whether the run was taken from us: it was declared dead, or deleted."""
        return self._lost.is_set()

    def result(self) -> dict[str, Any]:
        """Wait for the end of the work; what came of it, as `runs.finish` takes it."""
        beats = threading.Thread(target=self._beat, name="beats", daemon=True)
        beats.start()
        try:
            with selectors.DefaultSelector() as selector:
                for pipe, hear in ((self._results, self._heard.add_lines), (self._output, self._heard.add_output)):
                    os.set_blocking(pipe, False)
                    selector.register(pipe, selectors.EVENT_READ, hear)
                while not self._is_over():
                    self._listen(selector, LOOK_SECONDS)
                self._kill(signal.SIGKILL)  # what it left behind
                for _ in range(LAST_READS):
                    if not self._listen(selector, 0):
                        break
                if self._why or selector.get_map():  # stopped, or somebody who left its group still holds a pipe
                    orphans.end_leftovers(self._run.pk)
        finally:
            self._clear_away(beats)
        return self._judged()

    def _fork(self) -> None:
        (self._results, results), (self._output, output) = os.pipe(), os.pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            work.become(self._run, open(results, "w", encoding="utf-8"), output, parent)  # noqa: SIM115
        os.close(results)
        os.close(output)
        with contextlib.suppress(OSError):  # the child does the same; whoever is first
            os.setpgid(self._pid, self._pid)

    def _listen(self, selector: selectors.BaseSelector, seconds: float) -> bool:
        """Take in what the work says within ``seconds``; whether it said something."""
        said = False
        for key, _ in selector.select(seconds):
            data = os.read(key.fd, 65_536)
            if data:
                said = True
                key.data(data)
            else:
                selector.unregister(key.fileobj)
        return said

    def _is_over(self) -> bool:
        """Whether the work's process has ended; it is stopped here when its time is up."""
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        now = time.monotonic()
        if self._code is None and self._kill_at is None and (why := self._reason(now)):
            self._why, self._kill_at = why, now + GRACE_SECONDS
            self._kill(signal.SIGTERM)
        elif self._code is None and self._kill_at is not None and now >= self._kill_at:
            self._kill(signal.SIGKILL)
        return self._code is not None

    def _reason(self, now: float) -> str:
        """Why the work must be stopped, or ""."""
        if now >= self._deadline:
            return f"Stopped after {self._run.job.timeout_seconds} s: its time-out."
        if self._lost.is_set():
            return "Stopped: the run was declared dead, or deleted."
        return "Stopped from outside, with the process that looked after it." if self._stopping.is_set() else ""

    def _kill(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)

    def _clear_away(self, beats: threading.Thread) -> None:
        """However we came here: nothing of the work goes on, and its process is reaped."""
        self._kill(signal.SIGKILL)
        if self._code is None:
            os.waitpid(self._pid, 0)
        os.close(self._results)
        os.close(self._output)
        self._ended.set()
        beats.join(timeout=1)

    def _judged(self) -> dict[str, Any]:
        printed = bytes(self._heard.output[-TAIL_BYTES:]).decode(errors="replace")
        said = self._heard.result or {"status": RunStatus.ERROR, "message": "", "error": ""}
        if self._why:
            said = {**said, "status": RunStatus.ERROR, "message": self._why}
        elif self._heard.result is None:
            said["message"] = f"Its process ended without a result ({self._ending()})."
        return {**said, "output": said.get("output") or printed}

    def _ending(self) -> str:
        code = self._code or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def _beat(self) -> None:
        """Write signs of life, and progress when there is some, until the work has ended."""
        written, beat_at, pause = None, time.monotonic(), PROGRESS_SECONDS
        while not self._ended.wait(pause):
            progress = self._heard.progress
            if progress is written and time.monotonic() - beat_at < BEAT_SECONDS:
                continue
            try:
                if not runs.beat(self._run.pk, at=timezone.now(), progress=None if progress is written else progress):
                    self._lost.set()
                written, beat_at, pause = progress, time.monotonic(), PROGRESS_SECONDS
            except DatabaseError:
                logger.warning("the sign of life of run %s cannot be written", self._run.pk, exc_info=True)
                connection.close()
                beat_at, pause = 0.0, 1.0  # again as soon as possible
        close_old_connections()
        connection.close()
