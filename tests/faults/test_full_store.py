"""A store without room: what was stored before is untouched, verdicts are given, people are told, and it is made good."""

import os
import subprocess

import pytest

from alerts.models import Alert
from tests.backups.factories import make_sources
from tests.backups.farm import CONTENT, Farm, entry, expect

pytestmark = pytest.mark.django_db
STORED = "ACME/Paris/2099/base1/base1.sql.gz"


@pytest.fixture
def small(tmp_path, settings):
    """A farm whose store is a file system of 256 KiB."""
    make_sources()
    farm = Farm(tmp_path, settings)
    farm.store.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(farm.store)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield farm
    subprocess.run(["umount", str(farm.store)], check=True)


def test_a_full_store_loses_nothing_and_says_so_once(small):
    job = expect()
    small.good()
    small.scan()
    big = os.urandom(300_000)
    small.good(content=big, at=entry(job).cycle_at.replace(hour=11, minute=45))

    counts = small.scan()
    small.scan()

    assert (entry(job).status, counts["not_stored"], small.stored()) == ("success", 1, {STORED: CONTENT})
    alert = Alert.objects.get()
    assert (alert.type, alert.occurrences, "No space left on device" in alert.description) == ("backup-store", 1, True)
    assert len(small.waiting()) == 1


def test_a_store_on_our_own_disk_leaves_us_some_room(small, settings):
    settings.DATA_DIR, job = small.store, expect()
    small.good(content=os.urandom(250_000))

    counts = small.scan()

    assert (entry(job).status, counts["not_stored"], small.stored()) == ("success", 1, {})


def test_what_waits_is_stored_when_there_is_room_again(small):
    job = expect()
    (small.store / "filler").write_bytes(bytes(250_000))
    small.good(content=b"new" * 10_000)
    small.scan()
    (small.store / "filler").unlink()

    small.scan()

    assert (entry(job).stored_path, entry(job).reports, small.waiting()) == (STORED, 1, [])
    assert (small.stored(), Alert.objects.get().status) == ({STORED: b"new" * 10_000}, "RESOLVED")
    assert "not_stored" not in entry(job).evidence


def test_a_store_that_is_not_there_keeps_no_verdict_from_being_given(tmp_path, settings):
    make_sources()
    farm, job = Farm(tmp_path, settings), expect()
    farm.store.write_text("a file where the store should be")
    farm.good()

    counts = farm.scan()

    assert (entry(job).status, counts["not_stored"], Alert.objects.get().type) == ("success", 1, "backup-store")
