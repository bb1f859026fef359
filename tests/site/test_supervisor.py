"""The supervisor with small programs of ours: what dies comes back, what freezes is killed, what is left is ended."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from sentinel_site.supervisor import MARK, Program, Supervisor, end_leftovers, leftovers
from tests.faults.house import until

SLEEP = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PARENT = f"import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', '{SLEEP}']).pid, flush=True); time.sleep(600)"


def program(script: str, **fields) -> Program:
    return Program("sample", [sys.executable, "-S", "-c", script], **fields)


@pytest.fixture
def running(request):
    """Runs programs under a supervisor in a thread; returns it and what it said."""
    started = []

    def run(*programs: Program) -> tuple[Supervisor, list[str]]:
        said: list[str] = []
        supervisor = Supervisor(programs, {**os.environ, MARK: f"test-{os.getpid()}"}, said.append)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        started.append((supervisor, thread))
        until(lambda: all(not one.ended() for one in programs), 60, "the start")
        return supervisor, said

    yield run
    for supervisor, thread in started:
        supervisor.stop()
        thread.join(60)
    assert leftovers(f"test-{os.getpid()}") == []


def gone(pid: int) -> bool:
    """Whether ``pid`` has ended (a zombie has)."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_program_that_dies_is_started_again(running):
    sample = program(SLEEP)
    _supervisor, said = running(sample)
    first = sample.pid

    os.kill(first, signal.SIGKILL)

    until(lambda: sample.pid not in {0, first} and not sample.ended(), 60, "another process")
    assert said == ["sample ended (signal SIGKILL); starting it again in 0.5 s"]


def test_a_program_that_freezes_is_killed_and_started_again(running):
    frozen = set()
    sample = program(SLEEP, frozen=lambda one: "no sign of life" if one.pid in frozen else "")
    _supervisor, said = running(sample)
    first = sample.pid

    os.kill(first, signal.SIGSTOP)
    frozen.add(first)

    until(lambda: sample.pid not in {0, first}, 60, "another process")
    assert said[0] == "sample is frozen (no sign of life); killing it"


def test_what_a_dead_program_started_is_ended_with_it(running, tmp_path):
    note = tmp_path / "pid"
    sample = program(PARENT.replace("flush=True", f"flush=True, file=open({str(note)!r}, 'w')"))
    running(sample)
    child = until(lambda: note.exists() and int(note.read_text() or 0), 60, "its child")

    os.kill(sample.pid, signal.SIGKILL)

    until(lambda: gone(child), 60, "the end of its child")


def test_a_program_that_does_not_stop_is_killed_when_its_time_is_up(running):
    sample = program(DEAF, grace_seconds=0.5)
    supervisor, said = running(sample)

    supervisor.stop()

    until(lambda: sample.process is None, 60, "the stop")
    assert said in (["stopping ...", "sample did not stop in time; killing it"], ["stopping ..."])  # it may not have become deaf yet


def test_back_off_grows_and_is_bounded():
    sample = program(SLEEP)
    sample.started = float("inf")

    assert [sample.back_off() for _ in range(8)] == [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 30.0, 30.0]


def test_leftovers_of_an_earlier_run_are_ended():
    mark = f"left-{os.getpid()}"
    sample = program(SLEEP)
    sample.start({**os.environ, MARK: mark})
    until(lambda: leftovers(mark), 60, "a process with the mark")

    assert end_leftovers(mark, grace_seconds=0.1) == 1

    sample.process.wait(60)
    assert leftovers(mark) == []
