"""What an agent may do in its own folder, to the harm of nobody else."""

import ctypes
import fcntl
import os
import signal
from contextlib import contextmanager

import pytest

from backups import deposit
from backups.enums import BackupVerdict
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, Farm, collected, entry, expect, verdicts

pytestmark = pytest.mark.django_db
NOBODY = 65534


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    return Farm(tmp_path, settings)


@contextmanager
def leased(path):
    """Somebody who writes it has it for himself, as Samba does."""
    with path.open("r+b") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        before = signal.signal(signal.SIGIO, signal.SIG_IGN)
        try:
            yield
        finally:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            signal.signal(signal.SIGIO, before)


def test_a_report_that_its_agent_keeps_locked_stops_nobody_else(farm):
    expect("other", agent="OTHER")
    farm.good("other", agent="OTHER")
    expect()
    farm.good()
    log = farm.deposit / AGENT / "log"
    with leased(next(log.glob("*.json"))):
        assert farm.scan()["success"] == 1

    assert (verdicts(), len(farm.waiting())) == ([("other", "success")], 1)
    assert farm.scan()["success"] == 1


def test_a_file_that_is_locked_by_who_writes_it_is_waited_for(farm):
    job = expect(final_storage_path_template="")
    farm.good()
    with leased(farm.deposit / AGENT / "databases" / "base1.sql.gz"):
        assert (farm.scan()["waiting"], len(farm.waiting())) == (1, 1)

    farm.scan()
    assert entry(job).status == BackupVerdict.SUCCESS


@contextmanager
def without_privileges():
    """This thread opens files as nobody does, where the tests are run by root, who may open any."""
    libc = ctypes.CDLL(None)
    if os.geteuid() == 0:
        libc.setfsuid(NOBODY)
    try:
        yield
    finally:
        libc.setfsuid(os.geteuid())


def let_in(path):
    """Anybody may look into it, and into all that is below."""
    for each in (path, *path.rglob("*")):
        each.chmod(0o755)


@pytest.mark.parametrize("mode", [0o000, 0o400])
@pytest.mark.parametrize("kept", ["log", "."])
def test_an_agent_that_keeps_sentinel_out_stops_nobody_else_and_is_named(farm, kept, mode):
    for agent in ("A_FIRST", "B_EVIL", "C_LAST"):
        farm.good(agent=agent)
    let_in(farm.deposit)
    refused = []

    with deposit.root(farm.deposit) as root:
        before = [each.agent for each in collected(root)]
        (farm.deposit / "B_EVIL" / kept).chmod(mode)
        with without_privileges():
            found = collected(root, refused=refused.append)

    (farm.deposit / "B_EVIL" / kept).chmod(0o755)
    assert before == ["A_FIRST", "B_EVIL", "C_LAST"]
    assert ([each.agent for each in found], refused) == (["A_FIRST", "C_LAST"], [("B_EVIL", "log")])


def test_a_folder_of_files_that_cannot_be_opened_leaves_none_open(farm):
    farm.stage()
    let_in(farm.deposit)
    closed = farm.deposit / AGENT / "database"
    closed.mkdir(mode=0o000)

    with deposit.root(farm.deposit) as root:
        before = os.listdir("/proc/self/fd")
        with without_privileges():
            for _ in range(5):
                with pytest.raises(PermissionError), deposit.files(root, AGENT):
                    pass
        assert len(os.listdir("/proc/self/fd")) == len(before)
    closed.chmod(0o755)
