"""The restore that docs/operations.md tells: a dump, the keys, an empty data directory, one command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from alerts.models import Alert
from backups import self_dump
from backups.self_dump import Server
from jobs.enums import RunStatus
from notifications.models import ContactMethod
from sentinel_site import embedded, env, restoring
from sentinel_site.restoring import RestoreRefusedError
from tests.conftest import HOUR, NOON
from tests.factories import make_recipient
from tests.jobs.rows import make_job, make_run
from tests.servers import MARK

pytestmark = pytest.mark.django_db(transaction=True)
FOREIGN = ("SENTINEL_DATA_DIR", "DATABASE_URL", "REDIS_URL", MARK)


@pytest.fixture
def lost(tmp_path):
    """What is left of a lost installation: a dump of its database, which knows one address, and its secrets."""
    make_recipient(email="robin@example.org")
    left = tmp_path / "left"
    left.mkdir()
    with self_dump.alone() as server:
        self_dump.dump(server, left / "sentinel.dump")
    shutil.copytree(Path(os.environ["SENTINEL_DATA_DIR"]) / "secrets", left / "secrets")
    return left


@pytest.fixture
def empty(tmp_path):
    """The data directory of a new installation; its PostgreSQL is stopped in the end, should a test have left it running."""
    place = tmp_path / "new"
    place.mkdir()
    yield place
    if embedded.postgres_pid(embedded.Places(place)):
        embedded.stop_postgres(embedded.Places(place))


@pytest.fixture
def server_place():
    return embedded.Places(Path(os.environ["SENTINEL_DATA_DIR"]))


@pytest.fixture
def url_of_empty(server_place):
    """A database of one's own, with nothing in it."""
    name = f"restored_{uuid4().hex[:12]}"  # other processes of the run are on the same server
    with psycopg.connect(server_place.database_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server_place.database_url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def restore(place, dump, **more):
    environ = {name: value for name, value in os.environ.items() if name not in FOREIGN} | {"SENTINEL_DATA_DIR": str(place)} | more
    command = [sys.executable, str(env.BASE_DIR / "manage.py"), "restore", str(dump)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)


def test_the_lost_installation_is_back_with_its_keys(lost, empty):
    shutil.copytree(lost / "secrets", empty / "secrets")

    done = restore(empty, lost / "sentinel.dump")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Restored" in done.stdout
    assert embedded.postgres_pid(embedded.Places(empty)) == 0


def test_without_the_keys_nothing_is_begun(lost, empty):
    done = restore(empty, lost / "sentinel.dump")

    assert (done.returncode, list(empty.iterdir())) == (1, [])
    assert "secrets/encryption_key is not there. Copy secrets/" in done.stderr


def test_another_key_is_noticed(user, settings):
    make_recipient(email="robin@example.org")
    assert restoring.unreadable_addresses() == 0

    settings.SENTINEL_ENCRYPTION_KEYS = ["of another installation, and long enough to be a key"]

    assert restoring.unreadable_addresses() == 1


def test_the_run_that_made_the_dump_is_over(user):
    job = make_job("self-backup", kind="callable", callable=restoring.SELF_BACKUP)
    run = make_run(job, RunStatus.RUNNING)

    restoring.end_our_run(at=NOON + HOUR)

    run.refresh_from_db()
    assert (run.status, run.message, Alert.objects.count()) == (RunStatus.SUCCESS, "Its dump was restored.", 0)


def test_a_database_of_ones_own_is_filled_only_when_it_is_empty(lost, url_of_empty):
    assert restoring.restore(lost / "sentinel.dump", url_of_empty) > 50

    with psycopg.connect(url_of_empty) as connection:
        assert connection.execute("SELECT count(*) FROM notifications_contactmethod").fetchone() == (ContactMethod.objects.count(),)
    with pytest.raises(RestoreRefusedError, match=r"tables already\. Restore into an empty one"):
        restoring.restore(lost / "sentinel.dump", url_of_empty)


@pytest.mark.parametrize("content", [b"not a dump", b""])
def test_what_is_no_dump_is_refused(tmp_path, url_of_empty, content):
    dump = tmp_path / "some.dump"
    dump.write_bytes(content)

    with pytest.raises(RestoreRefusedError, match="cannot be read as a dump"):
        restoring.restore(dump, url_of_empty)


def test_a_damaged_dump_leaves_the_database_empty(lost, url_of_empty):
    os.truncate(lost / "sentinel.dump", (lost / "sentinel.dump").stat().st_size - 500)

    with pytest.raises(RestoreRefusedError, match="the database is as empty as before"):
        restoring.restore(lost / "sentinel.dump", url_of_empty)

    with psycopg.connect(url_of_empty) as connection:
        assert connection.execute(restoring.TABLES).fetchone() == (0,)


def test_the_dump_of_something_else_is_refused(server_place, url_of_empty, tmp_path):
    with psycopg.connect(url_of_empty, autocommit=True) as connection:
        connection.execute("CREATE TABLE shop (name text)")
        parameters = conninfo_to_dict(url_of_empty)
        self_dump.dump(Server(connection, parameters), tmp_path / "shop.dump")
        connection.execute("DROP TABLE shop")

    with pytest.raises(RestoreRefusedError, match="is a dump, but not one of Sentinel's database"):
        restoring.restore(tmp_path / "shop.dump", url_of_empty)
