"""A dump of a database, and the proof that it can be restored: PostgreSQL's own programs, one snapshot, a scratch database.

The dump and the counts are of the same instant (an exported snapshot), so the restored tables must hold exactly as many rows.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection as configured
from psycopg import pq, sql

from sentinel_site.lib import pg_programs

LOCK: Final = 6_113_072_904_217
"""Of the advisory lock in our database: one dump at a time."""
UNHURRIED: Final = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
LOCK_WAIT_MS: Final = 60_000
TOLD: Final = 400
RESERVE_BYTES: Final = 512 * 1024 * 1024
"""Left free where the database itself lives: PostgreSQL stops when it cannot write its log."""
ROOM: Final = 1.5
TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
MAY_CREATE: Final = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
LEASH: Final = "sentinel_site/leash.py"


class DumpError(RuntimeError):
    """The database could not be dumped; the text says why, and what to do."""


class RestoreError(RuntimeError):
    """The dump could not be restored, or what was restored is not what was dumped."""


class BusyError(RuntimeError):
    """Another dump is being made."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How a dump was proved. Not ``restored``: it was read to its end only, and ``why`` says why."""

    restored: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A connection of our own to the database, outside of the pool and without its time limits, and how it was made."""

    connection: "psycopg.Connection[Any]"
    parameters: Mapping[str, Any]

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.connection.info.server_version // 10_000

    def value(self, query: str, *arguments: object) -> Any:
        """The first column of the first row of a query."""
        row = self.connection.execute(query.encode(), arguments).fetchone()
        return row[0] if row else None

    def size_bytes(self) -> int:
        """How much room the database takes."""
        return int(self.value("SELECT pg_database_size(current_database())"))


@contextmanager
def alone() -> Iterator[Server]:
    """The database, for one dump at a time. Raises BusyError; the lock ends with its holder, however that ends."""
    parameters = {**_parameters(), "options": UNHURRIED}
    with psycopg.connect(**parameters, autocommit=True) as connection:
        server = Server(connection, parameters)
        if not server.value("SELECT pg_try_advisory_lock(%s)", LOCK):
            raise BusyError("A dump is being made already.")
        yield server


def dump(server: Server, path: Path) -> dict[str, int]:
    """Dump the database into ``path`` (custom format, 0600, on the disk when this returns). Returns the rows of each table.

    Raises DumpError and NoProgramError; then there is no file.
    """
    program = pg_programs.fitting("pg_dump", server=server.major)
    with server.connection.transaction():
        server.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = server.value("SELECT pg_export_snapshot()")
        rows = _rows(server.connection)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
            arguments = ("--format=custom", f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_WAIT_MS}", f"--file={path}")
            said = _run(program, *arguments, environ=pg_programs.environment(server.parameters))
            if said:
                raise DumpError(f"pg_dump failed: {said}")
            sync(path)
        except (OSError, DumpError) as error:
            path.unlink(missing_ok=True)
            raise DumpError(str(error)) from None
    return rows


def prove(server: Server, path: Path, rows: Mapping[str, int]) -> Proof:
    """Restore the dump into a scratch database and count its rows; where that is not possible, read it to its end.

    The scratch database is dropped whatever happens, and one that a killed run left is dropped first. Raises RestoreError.
    """
    program = pg_programs.fitting("pg_restore", server=server.major)
    forget_scratch(server)
    if why := _no_scratch(server):
        if said := _run(program, f"--file={os.devnull}", str(path), environ=pg_programs.environment({})):
            raise RestoreError(f"The dump cannot be read: {said}")
        return Proof(restored=False, why=why)
    name = _scratch(server)
    server.connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        _restore(server, program, path, name)
        _compare(rows, _restored(server, name))
    finally:
        forget_scratch(server)
    return Proof(restored=True)


def forget_scratch(server: Server) -> None:
    """Drop the scratch database, if there is one."""
    # Looked up first: a role that may not create databases may not ask for one to be dropped either.
    if name := server.value("SELECT datname FROM pg_database WHERE datname = %s", _scratch(server)):
        server.connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """What is written of this file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_room(server: Server, folder: Path, needed: int) -> None:
    """Raise DumpError when ``needed`` bytes in ``folder`` would fill a disk, above all the one that the database needs."""
    home = _home(server)
    reserve = RESERVE_BYTES if home and home.stat().st_dev == folder.stat().st_dev else 0
    free = shutil.disk_usage(folder).free
    if free < needed + reserve:
        raise DumpError(
            f"There is not enough room in {folder}: {_mib(free)} are free, and {_mib(needed + reserve)} may be needed. "
            "Make room, or choose another place with SENTINEL_BACKUP_STORE."
        )


def _parameters() -> dict[str, Any]:
    """What Django connects with, as far as libpq knows it."""
    known = {each.keyword.decode() for each in pq.Conninfo.get_defaults()}
    return {key: value for key, value in configured.get_connection_params().items() if key in known}


def _rows(connection: "psycopg.Connection[Any]") -> dict[str, int]:
    """How many rows each table holds."""
    count = "SELECT count(*) FROM public.{}"
    names = [name for (name,) in connection.execute(TABLES).fetchall()]
    found = ((name, connection.execute(sql.SQL(count).format(sql.Identifier(name))).fetchone()) for name in names)
    return {name: row[0] if row else 0 for name, row in found}


def _scratch(server: Server) -> str:
    """The name of our scratch database: several Sentinels may share a server."""
    oid = server.value("SELECT oid FROM pg_database WHERE datname = current_database()")
    return f"sentinel_proof_{oid}"


def _no_scratch(server: Server) -> str:
    """Why there can be no scratch database; empty when there can."""
    if not server.value(MAY_CREATE):
        return f"The role {server.connection.info.user} may not create databases: ALTER ROLE … CREATEDB lets it."
    home = _home(server)
    if home and (free := shutil.disk_usage(home).free) < (needed := int(ROOM * server.size_bytes()) + RESERVE_BYTES):
        return f"There is not enough room for a scratch database: {_mib(free)} are free, and {_mib(needed)} may be needed."
    return ""


def _home(server: Server) -> Path | None:
    """The server's data folder, when it is on this machine and ours to see."""
    if not server.connection.info.host.startswith("/"):
        return None
    said = server.value("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
    return Path(said) if said and Path(said).is_dir() else None


def _restore(server: Server, program: Path, path: Path, name: str) -> None:
    parameters = {**server.parameters, "options": f"{UNHURRIED} -c synchronous_commit=off"}
    # A newer program's dump may hold a setting that an older server does not know: then the counts alone decide.
    strict = ["--exit-on-error"] if pg_programs.major(program) == server.major else []
    arguments = (*strict, "--no-owner", "--no-acl", f"--dbname={name}", str(path))
    said = _run(program, *arguments, environ=pg_programs.environment(parameters, database=name))
    if said and strict:
        raise RestoreError(f"The dump cannot be restored: {said}")


def _restored(server: Server, name: str) -> dict[str, int]:
    with psycopg.connect(**{**server.parameters, "dbname": name}, autocommit=True) as scratch:
        return _rows(scratch)


def _compare(dumped: Mapping[str, int], restored: Mapping[str, int]) -> None:
    wrong = [f"{name} ({dumped.get(name, 'none')}, restored {restored.get(name, 'none')})"
             for name in sorted({*dumped, *restored}) if dumped.get(name) != restored.get(name)]  # fmt: skip
    if wrong:
        raise RestoreError(f"{len(wrong)} tables hold other numbers of rows after the restore: {', '.join(wrong)}"[:TOLD])


def _run(program: Path, *arguments: str, environ: Mapping[str, str]) -> str:
    """Run a program to its end, out of the way of others, and not longer than we live. Returns what went wrong, or nothing."""
    nice = shutil.which("nice")
    gently = [nice, "-n", "10"] if nice else []
    leash = [sys.executable, "-E", "-S", str(settings.BASE_DIR / LEASH), str(os.getpid())]
    command = [*leash, *gently, str(program), "--no-password", *arguments]
    done = subprocess.run(command, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    said = " ".join(done.stderr.decode(errors="replace").split())
    return "" if done.returncode == 0 else said[:TOLD] or f"it ended with {done.returncode}"


def _mib(size: int) -> str:
    return f"{size // 1024**2:,} MiB"
