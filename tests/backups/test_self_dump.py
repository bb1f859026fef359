"""The dump of our own database: made by PostgreSQL's programs, and proved by restoring it."""

import os
import subprocess

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection

from backups import self_dump
from backups.self_dump import BusyError, DumpError, RestoreError, Server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server():
    with self_dump.alone() as found:
        yield found


@pytest.fixture
def dumped(server, user, tmp_path):
    """A dump of the database with one user, and how many rows it has."""
    path = tmp_path / "sentinel.part"
    return path, self_dump.dump(server, path)


def scratches():
    """How many scratch databases there are of ours; other processes of the run have theirs on the same server."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_database WHERE datname = "
            "(SELECT 'sentinel_proof_' || oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone()[0]


def test_a_dump_is_restored_counted_and_leaves_no_scratch_database(server, dumped):
    path, rows = dumped

    proof = self_dump.prove(server, path, rows)

    assert (proof.restored, proof.why, scratches()) == (True, "", 0)
    assert (rows["auth_user"], oct(path.stat().st_mode)) == (1, "0o100600")


def test_the_counts_are_of_the_instant_of_the_dump(server, dumped):
    path, rows = dumped
    User.objects.create(username="later")

    assert self_dump.prove(server, path, rows).restored


def test_a_restore_with_other_numbers_of_rows_proves_nothing(server, dumped):
    path, rows = dumped

    with pytest.raises(RestoreError, match=r"1 tables hold other numbers of rows after the restore: auth_user \(2, restored 1\)"):
        self_dump.prove(server, path, {**rows, "auth_user": 2})

    assert scratches() == 0


def test_a_damaged_dump_proves_nothing(server, dumped):
    path, rows = dumped
    os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(RestoreError, match="The dump cannot be restored: pg_restore: error:"):
        self_dump.prove(server, path, rows)

    assert scratches() == 0


def test_what_a_killed_run_left_is_dropped(server, dumped):
    path, rows = dumped
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{self_dump._scratch(server)}"')

    assert self_dump.prove(server, path, rows).restored
    assert scratches() == 0


def test_a_role_that_may_make_no_database_gets_a_dump_that_was_read(server, dumped):
    path, rows = dumped
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS narrow")
        cursor.execute("CREATE ROLE narrow LOGIN PASSWORD 'narrow'")
    with psycopg.connect(**server.parameters | {"user": "narrow", "password": "narrow"}, autocommit=True) as narrow:
        proof = self_dump.prove(Server(narrow, server.parameters), path, rows)
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(RestoreError, match="The dump cannot be read"):
            self_dump.prove(Server(narrow, server.parameters), path, rows)

    assert (proof.restored, proof.why) == (False, "The role narrow may not create databases: ALTER ROLE … CREATEDB lets it.")


def test_there_is_one_dump_at_a_time(server):
    with pytest.raises(BusyError), self_dump.alone():
        pass


def test_a_disk_without_room_is_refused_before_it_is_full(server, tmp_path):
    with pytest.raises(DumpError, match=r"There is not enough room in .*: [\d,]+ MiB are free, and [\d,]+ MiB may be needed"):
        self_dump.check_room(server, tmp_path, 2**60)


def test_a_disk_that_fills_up_leaves_no_file(server, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        with pytest.raises(DumpError, match="No space left on device"):
            self_dump.dump(server, small / "sentinel.part")

        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
