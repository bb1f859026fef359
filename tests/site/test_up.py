"""`manage.py up` from outside: what a start that cannot be says, and that nothing is left after a stop."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from sentinel_site.supervisor import leftovers
from tests.faults.house import MANAGE, Up, environment, until
from tests.ports import free_port


@pytest.fixture(scope="module")
def ground():
    with tempfile.TemporaryDirectory(prefix="sentinel-up-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def start(data_dir: Path, port: int = 0, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A start that is expected to fail."""
    command = [sys.executable, MANAGE, "up", "--port", str(port or free_port()), "--data-dir", str(data_dir)]
    return subprocess.run(command, env=environment(data_dir, port, **environ), capture_output=True, text=True, timeout=300, check=False)


def only_line(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line a failed start says."""
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


def test_a_port_in_use_is_one_line(ground):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        line = only_line(start(ground / "port", port))

    assert line == f"sentinel: port {port} on 127.0.0.1 is in use. Choose another with --port or SENTINEL_PORT."


def test_a_data_directory_that_cannot_be_written_is_one_line(ground):
    (ground / "file").write_text("")

    line = only_line(start(ground / "file" / "data"))

    assert line.startswith(f"sentinel: cannot write in {ground}/file/data: ")


def test_data_of_another_postgresql_is_one_line(ground):
    (ground / "old" / "postgres").mkdir(parents=True)
    (ground / "old" / "postgres" / "PG_VERSION").write_text("15\n")

    line = only_line(start(ground / "old"))

    assert line.startswith(f"sentinel: {ground}/old/postgres holds data of PostgreSQL 15, and this Sentinel brings PostgreSQL 18. ")


def test_a_database_that_does_not_answer_is_one_line(ground):
    url = f"postgresql://robin:secret@127.0.0.1:{free_port()}/sentinel"

    line = only_line(start(ground / "away", DATABASE_URL=url))

    assert line.startswith("sentinel: cannot reach the database at 127.0.0.1:")
    assert "secret" not in line


def test_a_database_that_is_no_postgresql_is_one_line(ground):
    assert "DATABASE_URL must start with postgresql://" in only_line(start(ground / "other", DATABASE_URL="mysql://localhost/x"))


@pytest.fixture(scope="module")
def twice(ground):
    """A house that was started, stopped and started again, without a password of the operator's: what was seen both times."""
    seen = SimpleNamespace(data_dir=ground / "house", users=[], after=[], passwords=[], refused="")
    for _ in range(2):
        with Up(seen.data_dir, SENTINEL_ADMIN_PASSWORD="") as house:
            seen.users.append(house.rows("SELECT username, password FROM auth_user"))
            seen.refused = seen.refused or only_line(start(seen.data_dir))
        seen.after.append((house._up.returncode, leftovers(str(seen.data_dir))))
        seen.passwords.append([line for line in house.log.read_text().splitlines() if "password" in line])
    return seen


@pytest.mark.slow
def test_a_second_start_finds_the_same_data_and_a_stop_leaves_nothing(twice):
    assert len(twice.users[0]) > 0
    assert twice.users[1] == twice.users[0]
    assert twice.after == [(0, []), (0, [])]


@pytest.mark.slow
def test_one_house_at_a_time_uses_the_same_data(twice):
    assert "another `manage.py up` uses" in twice.refused


@pytest.mark.slow
def test_the_password_is_shown_once(twice):
    first, second = twice.passwords

    assert [line.startswith("sentinel: sign in as admin with the password ") for line in first] == [True]
    assert second == first


@pytest.mark.slow
def test_a_start_after_a_kill_ends_what_was_left(twice):
    with Up(twice.data_dir) as first:
        stopped = first.pid("worker")
        os.kill(stopped, signal.SIGSTOP)  # it cannot even notice that its starter is gone
        first._up.kill()
        first._up.wait(60)

    with Up(twice.data_dir) as second:
        until(lambda: not Path(f"/proc/{stopped}").exists(), 60, "the end of the frozen worker")
        assert second.well()
