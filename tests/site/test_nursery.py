"""Programs that are forked: each is what it would be had it been started alone, and none is left or started twice when something fails."""

import json
import os
import signal
import subprocess
import sys
import threading
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from sentinel_site.nursery import LIBRARIES, ROOT, Forked, Nursery
from sentinel_site.supervisor import MARK, Program, Supervisor, end_leftovers, leftovers
from tests.faults.house import until

TELL = """
import json, os, sys, time
told = {"pid": os.getpid(), "parent": os.getppid(), "session": os.getsid(0), "arguments": sys.argv[2:], "name": __name__,
        "settings": os.environ.get("SAMPLE"), "ours": sorted(name for name in sys.modules if name.startswith(("alerts", "devices")))}
with open(sys.argv[1] + ".new", "w") as file:
    json.dump(told, file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
if "stay" in sys.argv:
    time.sleep(600)
sys.exit(7)
"""
SPAWN = """
import sys, time
from sentinel_site.nursery import Nursery
nursery = Nursery({"PATH": "/usr/bin"}, start_seconds=60)
print(nursery.start([sys.executable, *sys.argv[1:]]).pid, flush=True)
time.sleep(600)
"""
OURS = {"alerts", "backups", "devices", "jobs", "notifications", "sentinel_site"}
WAIT = 60
"""Seconds; loading the libraries takes a while on a busy machine."""


@pytest.fixture
def mark():
    found = f"nursery-{os.getpid()}"
    yield found
    end_leftovers(found, grace_seconds=5)


@pytest.fixture
def nursery(mark):
    made = Nursery({**os.environ, MARK: mark, "SAMPLE": "42"}, start_seconds=WAIT)
    yield made
    made.close()


@pytest.fixture
def script(tmp_path) -> Path:
    (tmp_path / "sample.py").write_text(TELL)
    return tmp_path / "sample.py"


def command(script: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(script), str(script.with_name("told")), *arguments]


def told(script: Path):
    path = script.with_name("told")
    until(path.exists, WAIT, "what the program tells")
    return json.loads(path.read_text())


def test_a_program_is_our_child_in_a_session_of_its_own_with_its_arguments_and_environment(nursery, script):
    forked = nursery.start(command(script, "a", "b c"))

    assert told(script) == {
        "pid": forked.pid, "parent": os.getpid(), "session": forked.pid, "arguments": ["a", "b c"], "name": "__main__",
        "settings": "42", "ours": [],
    }  # fmt: skip
    assert forked.wait() == 7
    assert forked.poll() == 7


def test_nothing_of_ours_and_no_setting_is_loaded_before_a_program_is_one():
    code = f"import sys\nfor name in {LIBRARIES!r}: __import__(name)\nprint({{name.split('.')[0] for name in sys.modules}} & {OURS})"
    alone = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}

    said = subprocess.run([sys.executable, "-c", code], env=alone, capture_output=True, text=True, timeout=WAIT, check=True)

    assert said.stdout.strip() == "set()"


def test_what_it_loads_comes_with_sentinel_itself_and_not_only_with_its_tests():
    shipped = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line}
    brought_by = packages_distributions()

    installed = {name: name.split(".")[0] for name in LIBRARIES if name.split(".")[0] not in sys.stdlib_module_names}
    strange = {name for name, package in installed.items() if shipped.isdisjoint(each.lower() for each in brought_by[package])}

    assert strange == set()


def test_a_program_shows_what_it_is_and_keeps_its_mark(nursery, script, mark):
    forked = nursery.start(command(script, "stay"))
    told(script)

    assert "sample.py" in Path(f"/proc/{forked.pid}/cmdline").read_text()
    assert set(leftovers(mark)) == {nursery.pid, forked.pid}
    os.killpg(forked.pid, signal.SIGKILL)
    assert forked.wait() == -signal.SIGKILL


def test_after_the_nursery_died_a_program_starts_the_ordinary_way_and_the_next_is_forked_again(nursery, script):
    first = nursery.pid
    os.kill(first, signal.SIGKILL)

    assert nursery.start(command(script)) is None
    assert nursery.pid not in {0, first}
    assert isinstance(nursery.start(command(script)), Forked)


def test_programs_survive_the_nursery(nursery, script):
    forked = nursery.start(command(script, "stay"))

    os.kill(nursery.pid, signal.SIGKILL)

    assert nursery.start(command(script)) is None
    assert forked.poll() is None
    os.kill(forked.pid, signal.SIGKILL)
    assert forked.wait() == -signal.SIGKILL


def test_a_nursery_that_hangs_is_not_waited_for_and_starts_nothing_late(script, mark):
    nursery = Nursery({**os.environ, MARK: mark}, start_seconds=0.5)
    os.kill(nursery.pid, signal.SIGSTOP)

    started = nursery.start(command(script, "stay"))
    nursery.close()

    assert started is None
    assert leftovers(mark) == []


def test_a_program_ends_with_the_one_who_asked_for_it(script):
    asker = subprocess.Popen(
        [sys.executable, "-c", SPAWN, str(script), str(script.with_name("told")), "stay"], stdout=subprocess.PIPE, text=True
    )
    pid = int(asker.stdout.readline())

    asker.kill()
    asker.communicate()

    until(lambda: not Path(f"/proc/{pid}").exists() or "State:\tZ" in Path(f"/proc/{pid}/status").read_text(), WAIT, "its end")


def test_what_is_not_python_starts_the_ordinary_way(nursery, mark):
    program = Program("sleep", ["/bin/sleep", "600"])
    program.start({**os.environ, MARK: mark}, nursery)

    assert not isinstance(program.process, Forked)
    assert not program.ended()
    program.wipe()


def test_the_nursery_ends_when_all_run_and_what_dies_then_starts_alone(nursery, script, mark):
    program = Program("sample", command(script, "stay"))
    supervisor = Supervisor([program], {**os.environ, MARK: mark}, lambda line: None, nursery, nursery_seconds=0.5)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        until(lambda: isinstance(program.process, Forked), WAIT, "the start")
        until(lambda: not nursery.pid, WAIT, "the end of the nursery")
        os.kill(program.pid, signal.SIGKILL)
        until(lambda: isinstance(program.process, subprocess.Popen), WAIT, "another start")
    finally:
        supervisor.stop()
        thread.join(WAIT)
