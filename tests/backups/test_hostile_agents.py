"""What an agent may do in its own folder, to the harm of nobody else."""

import fcntl
import signal
from contextlib import contextmanager

import pytest

from backups.enums import BackupVerdict
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, Farm, entry, expect, verdicts

pytestmark = pytest.mark.django_db


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
