"""Where the embedded servers live, who may enter, and what is said when they cannot."""

import os
import pwd
import stat
import tempfile
from pathlib import Path

import psycopg
import pytest

from sentinel_site import acl, embedded
from sentinel_site.embedded import EmbeddedError, Places
from tests.faults.house import until

STRANGER = 54321


def test_a_secret_is_made_once_and_kept_private(tmp_path):
    made = embedded.secret(tmp_path, "key")

    path = tmp_path / "secrets" / "key"
    assert embedded.secret(tmp_path, "key") == made
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path):
    places = Places(tmp_path / ("x" * 90))

    assert len(str(places.valkey_socket)) < 100
    assert not places.sockets.is_relative_to(tmp_path)


def test_a_socket_directory_that_somebody_else_made_is_refused(tmp_path):
    planted = tmp_path / "planted"
    planted.symlink_to(tmp_path)

    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        embedded._make_private(planted, None)


def test_a_socket_directory_left_open_is_closed(tmp_path):
    left = tmp_path / "run"
    left.mkdir(mode=0o755)

    embedded._make_private(left, None)

    assert stat.S_IMODE(left.stat().st_mode) == 0o700


def test_one_user_alone_is_let_through_a_closed_directory(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    try:
        acl.let_through(closed, STRANGER)
    except OSError as error:
        pytest.skip(f"this file system keeps no access control lists: {error.strerror}")

    assert (acl.lets_through(closed, STRANGER), acl.lets_through(closed, STRANGER + 1)) == (True, False)
    assert closed.stat().st_mode & 0o007 == 0
    closed.chmod(0o700)
    assert not acl.lets_through(closed, STRANGER)


def test_a_directory_open_to_all_lets_everyone_through(tmp_path):
    tmp_path.chmod(0o711)

    assert acl.lets_through(tmp_path, STRANGER)


def test_data_of_another_major_version_is_refused(tmp_path):
    places = Places(tmp_path)
    places.postgres.mkdir()
    (places.postgres / "PG_VERSION").write_text("15\n")

    with pytest.raises(EmbeddedError, match=r"holds data of PostgreSQL 15, and this Sentinel brings PostgreSQL 18\."):
        embedded.start_postgres(places)


def test_a_password_is_asked_of_everyone():
    places = Places(own_data())

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(places.sockets), user="sentinel", dbname="postgres", password="guess")


def test_iterations_are_spared_for_the_random_password_alone():
    """Half of what a connection costs is theirs; whoever makes a role with a password of his own has them."""
    with psycopg.connect(Places(own_data()).database_url("postgres")) as connection:
        own = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'sentinel'").fetchone()
        others = connection.execute("SHOW scram_iterations").fetchone()

    assert own[0].startswith("SCRAM-SHA-256$1:")
    assert others == ("4096",)


def test_only_the_services_user_may_enter_the_sockets_directory():
    found = Places(own_data()).sockets.stat()

    owner = pwd.getpwnam(embedded.SERVER_USER).pw_uid if os.geteuid() == 0 else os.geteuid()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o700, owner)


@pytest.mark.slow
def test_a_server_killed_or_left_running_is_found_again():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:  # pytest closes its own directories now and then
        _kill_and_find(Places(Path(name)))


def _kill_and_find(places: Places) -> None:
    first = embedded.start_postgres(places, fsync=False)

    assert embedded.start_postgres(places, fsync=False) == first
    os.kill(first, 9)
    until(lambda: not embedded.postgres_pid(places), 60, "its end")
    second = embedded.start_postgres(places, fsync=False)
    embedded.stop_postgres(places)

    assert second != first
    assert embedded.postgres_pid(places) == 0


def test_a_pid_that_is_another_programs_by_now_is_no_server(tmp_path):
    places = Places(tmp_path)
    places.postgres.mkdir()
    (places.postgres / "postmaster.pid").write_text(f"{os.getpid()}\n")

    assert embedded.postgres_pid(places) == 0


def own_data():
    """The data directory of this run's own servers."""
    return Path(os.environ["SENTINEL_DATA_DIR"])
