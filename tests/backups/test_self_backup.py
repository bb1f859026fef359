"""The backup of our own database: accounted for like any other, and safe from being killed at any moment."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as configured
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from alerts.models import Alert
from backups import self_backup, self_dump
from backups.models import BackupEntry, RestoreProof
from sentinel_site import bootstrap
from sentinel_site.embedded import Places
from tests.conftest import HOUR, MINUTE, NOON
from tests.faults.house import until

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = NOON.replace(hour=4, minute=10)
DAY = timedelta(days=1)
RUN = """
import django; django.setup()
from datetime import datetime
from pathlib import Path
from django.conf import settings
from backups import self_backup
settings.SENTINEL_BACKUP_STORE = Path({store!r})
self_backup.run(at=datetime.fromisoformat({at!r}))
"""
SLOW = """
CREATE FUNCTION slow_when_restored(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_database() LIKE 'sentinel_proof_%' THEN PERFORM pg_sleep(600); END IF;
    RETURN true;
END $$;
CREATE TABLE slow (name text CHECK (slow_when_restored(name)));
INSERT INTO slow VALUES ('x');
"""


@pytest.fixture
def store(tmp_path, settings, user):
    """An empty store, and a house with its policies, sources and own expected backup."""
    settings.SENTINEL_BACKUP_STORE = tmp_path / "store"
    bootstrap.run()
    return tmp_path / "store" / "sentinel-itself"


@pytest.fixture
def plain():
    """A connection of its own, beside Django's."""
    with psycopg.connect(**self_dump._parameters(), autocommit=True) as found:
        yield found


@pytest.fixture
def another(store):
    """Start a run in a process of its own; what is left of it is ended."""
    started = []

    def start(at):
        url = Places(Path(os.environ["SENTINEL_DATA_DIR"])).database_url(connection.settings_dict["NAME"])
        command = [sys.executable, "-c", RUN.format(store=str(store.parent), at=at.isoformat())]
        started.append(subprocess.Popen(command, cwd=configured.BASE_DIR, env={**os.environ, "DATABASE_URL": url}))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def scratches():
    """How many scratch databases there are of ours; other processes of the run have theirs on the same server."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_database WHERE datname = "
            "(SELECT 'sentinel_proof_' || oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone()[0]


def names(store):
    return sorted(path.name for path in store.iterdir())


def test_a_night_leaves_a_proved_dump_an_entry_and_a_proof(store):
    outcome = self_backup.run(at=NIGHT)

    entry, proof = BackupEntry.objects.get(), RestoreProof.objects.get()
    (dump,) = store.iterdir()
    assert (outcome.warning, outcome.stats["proved"], scratches()) == (False, True, 0)
    assert (entry.status, entry.cycle_at, entry.reported_by, entry.stored_path) == (
        "success", NIGHT, "sentinel", "sentinel-itself/sentinel-20260302T041000Z.dump")  # fmt: skip
    assert (entry.server_calculated_staged_size, entry.evidence["archive"]) == (dump.stat().st_size, "restored")
    assert (proof.succeeded, proof.entry_id, proof.job_id) == (True, entry.pk, entry.expected_job_id)
    assert [oct(path.stat().st_mode & 0o777) for path in (store, dump)] == ["0o700", "0o600"]


def test_ten_dumps_are_kept_and_other_files_are_left_alone(store):
    store.mkdir(parents=True)
    for day in range(1, 13):
        (store / f"sentinel-202602{day:02}T041000Z.dump").write_bytes(b"x" * 10_000_000)
    (store / "notes.dump").write_text("mine")

    self_backup.run(at=NIGHT)

    newest = [f"sentinel-202602{day:02}T041000Z.dump" for day in range(4, 13)]
    assert names(store) == ["notes.dump", *newest, "sentinel-20260302T041000Z.dump"]


def test_what_cannot_be_dumped_is_an_alert_and_the_next_night_ends_it(store):
    store.parent.mkdir()
    store.write_text("a file where the folder should be")

    outcome = self_backup.run(at=NIGHT)

    alert = Alert.objects.get()
    assert (outcome.warning, BackupEntry.objects.get().status, alert.type) == (True, "failed", "backup-failed")
    assert "Not dumped" in outcome.message
    assert not RestoreProof.objects.exists()
    store.unlink()
    self_backup.run(at=NIGHT + DAY)
    alert.refresh_from_db()
    assert (alert.status, alert.resolution) == ("RESOLVED", "recovered")


def test_a_dump_that_cannot_be_restored_is_kept_apart_and_pushes_no_good_one_out(store, plain):
    plain.execute(SLOW.replace("PERFORM pg_sleep(600)", "RAISE 'not here'"))
    try:
        self_backup.run(at=NIGHT)
    finally:
        plain.execute("DROP TABLE slow; DROP FUNCTION slow_when_restored")

    assert (BackupEntry.objects.get().status, RestoreProof.objects.get().succeeded, scratches()) == ("failed", False, 0)
    assert names(store) == ["sentinel-20260302T041000Z.unproved"]
    assert "Not proved: The dump cannot be restored: pg_restore: error:" in BackupEntry.objects.get().message


def test_a_run_killed_while_it_dumps_leaves_nothing_that_stays(store, plain, another):
    """pg_dump waits for a lock on a table that we do not count, and meanwhile its command line is looked at, too."""
    plain.execute("CREATE TABLE parted (at date) PARTITION BY RANGE (at)")
    with plain.transaction():
        plain.execute("LOCK TABLE parted IN ACCESS EXCLUSIVE MODE")
        run = another(NIGHT)
        until(lambda: store.exists() and any(store.glob("*.part")) and commands(b"pg_dump", store, run.pid), 180, "the dump")
        seen = commands(b"", store, run.pid)
        run.send_signal(signal.SIGKILL)
        run.wait()
        until(lambda: not commands(b"pg_dump", store), 60, "the end of pg_dump, which is on a leash")
    plain.execute("DROP TABLE parted")

    assert conninfo_to_dict(os.environ["DATABASE_URL"])["password"].encode() not in b"".join(seen)
    assert names(store) == ["sentinel-20260302T041000Z.part"]
    self_backup.run(at=NIGHT + HOUR)
    assert (names(store), BackupEntry.objects.get().status) == (["sentinel-20260302T051000Z.dump"], "success")


def test_a_run_killed_while_it_restores_leaves_no_scratch_database(store, plain, another):
    plain.execute(SLOW)
    run = another(NIGHT)
    until(lambda: scratches() and commands(b"pg_restore", store, run.pid), 180, "the restore")
    run.send_signal(signal.SIGKILL)
    run.wait()
    plain.execute("DROP TABLE slow; DROP FUNCTION slow_when_restored")
    assert scratches() == 1

    until(lambda: _runs(NIGHT + MINUTE), 60, "the end of the lock")

    assert (scratches(), names(store)) == (0, ["sentinel-20260302T041100Z.dump"])


def _runs(at):
    try:
        return self_backup.run(at=at)
    except self_dump.BusyError:
        return None


def commands(word, store, parent=0):
    """The command lines of our programs with this word in them, about ``store``; with ``parent`` also that process's own."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line, status = (path / "cmdline").read_bytes(), (path / "stat").read_text()
        except OSError:
            continue
        above = int(status.rpartition(")")[2].split()[1])
        if word in line and b"pg_" in line and (above == parent or not parent) and os.fsencode(store) in line:
            found.append(line)
    return found
