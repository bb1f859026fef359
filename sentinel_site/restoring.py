"""`manage.py restore`: a dump of Sentinel's database goes into an empty one. What would work by half is refused at the beginning."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from jobs import runs
from jobs.enums import RunStatus
from jobs.models import JobRun
from notifications.models import ContactMethod
from sentinel_site import embedded, env, up
from sentinel_site.lib import crypto, pg_programs

TABLES: Final = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
OURS: Final = "TABLE DATA public django_migrations"
TOLD: Final = 600
SELF_BACKUP: Final = "backups.self_backup"


class RestoreRefusedError(RuntimeError):
    """Nothing was restored; the text says why and what to do."""


@contextmanager
def database(places: embedded.Places) -> Iterator[str]:
    """The URL of the database to restore into: the embedded one, started for this alone, or the one that DATABASE_URL names.

    Raises RestoreRefusedError while `manage.py up` runs on it, StartError and EmbeddedError.
    """
    if url := env.text("DATABASE_URL"):
        up.check_database(url)
        yield url
        return
    lock = up.take(places)
    try:
        embedded.start_postgres(places)
        try:
            up.create_database(places)
            yield places.database_url()
        finally:
            embedded.stop_postgres(places)
    finally:
        lock.close()


def restore(dump: Path, url: str) -> int:
    """Load the dump into the database at ``url``, whole or not at all. Returns how many tables it has. Raises RestoreRefusedError."""
    with psycopg.connect(url) as connection:
        if tables := _tables(connection):
            raise RestoreRefusedError(
                f"The database holds {tables} tables already. Restore into an empty one: another SENTINEL_DATA_DIR with secrets/ and "
                "media/ of the lost installation in it, or another DATABASE_URL."
            )
        server = connection.info.server_version // 10_000
    program = pg_programs.fitting("pg_restore", server=server)
    _check(program, dump)
    parameters = conninfo_to_dict(url)
    arguments = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", f"--dbname={parameters['dbname']}", str(dump))
    if said := _run(program, *arguments, parameters=parameters)[1]:
        raise RestoreRefusedError(f"The dump could not be restored, and the database is as empty as before. {said}")
    with psycopg.connect(url) as connection:
        return _tables(connection)


def unreadable_addresses() -> int:
    """How many addresses of people the encryption key that is set does not open."""
    found = 0
    for pk in ContactMethod.objects.values_list("pk", flat=True):
        try:
            ContactMethod.objects.only("address").get(pk=pk)
        except crypto.UndecryptableError:
            found += 1
    return found


def end_our_run(*, at: datetime) -> None:
    """The run that made the dump stands in it as running. It is over, and its dump was good: nobody need hear that it died."""
    for run in JobRun.objects.filter(status=RunStatus.RUNNING, job__callable=SELF_BACKUP):
        runs.finish(run.pk, status=RunStatus.SUCCESS, at=at, message="Its dump was restored.")


def _check(program: Path, dump: Path) -> None:
    listed, wrong = _run(program, "--list", str(dump), parameters={})
    if wrong:
        raise RestoreRefusedError(f"{dump} cannot be read as a dump. {wrong}")
    if OURS not in listed:
        raise RestoreRefusedError(f"{dump} is a dump, but not one of Sentinel's database.")


def _tables(connection: "psycopg.Connection[Any]") -> int:
    row = connection.execute(TABLES).fetchone()
    return int(row[0]) if row else 0


def _run(program: Path, *arguments: str, parameters: dict[str, Any]) -> tuple[str, str]:
    """What a program printed, and what went wrong."""
    environ = pg_programs.environment(parameters)
    done = subprocess.run([str(program), "--no-password", *arguments], env=environ, capture_output=True, text=True, check=False)
    wrong = " ".join(done.stderr.split())[:TOLD] or f"It ended with {done.returncode}."
    return done.stdout, wrong if done.returncode else ""
