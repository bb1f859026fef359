"""A pytest plugin: one real PostgreSQL for the whole run, and a real Valkey for each of its processes, in a directory of their own.

It is loaded before Django's settings. Processes of a parallel run inherit the servers by the environment. They share no Valkey: what
one publishes would be heard in tests of another, and what is counted there by address would be counted together.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sentinel_site import embedded

MARK = "SENTINEL_TEST_SERVERS"
_valkeys: list["subprocess.Popen[bytes]"] = []


def _start() -> None:
    data_dir = Path(tempfile.mkdtemp(prefix="sentinel-test-"))
    data_dir.chmod(0o711)
    (data_dir / "static").mkdir()  # or whitenoise warns that it is not there
    places = embedded.Places(data_dir)
    embedded.start_postgres(places, fsync=False)
    atexit.register(_stop, places)
    os.environ[MARK] = str(data_dir)
    os.environ["SENTINEL_DATA_DIR"] = str(data_dir)
    os.environ["DATABASE_URL"] = places.database_url("postgres")
    os.environ["REDIS_URL"] = _valkey(places)
    for name in (
        "EMAIL_URL",
        "ANYMAIL_BACKEND",
        "GEMINI_API_KEY",
        "FIREBASE_CREDENTIALS",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_BASE_URL",
        "SENTINEL_BASE_URL",
        "SENTINEL_DEBUG",
    ):
        os.environ.pop(name, None)
    for name in [name for name in os.environ if name.startswith("TWILIO_")]:
        del os.environ[name]


def _valkey(places: embedded.Places) -> str:
    """Start one, and return its address."""
    _valkeys.append(subprocess.Popen(embedded.valkey_command(places)))
    return places.redis_url()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: Sequence[Any]) -> None:
    """Give each process of a parallel run a Valkey of its own."""
    for number, spec in enumerate(specs):
        places = embedded.Places(Path(os.environ[MARK]) / f"process{number}")
        places.data_dir.mkdir()
        places.sockets.mkdir(mode=0o700, exist_ok=True)
        spec.env["REDIS_URL"] = _valkey(places)


def _stop(places: embedded.Places) -> None:
    for valkey in _valkeys:
        valkey.terminate()
    for valkey in _valkeys:
        valkey.wait(60)
    embedded.stop_postgres(places)
    shutil.rmtree(places.data_dir, ignore_errors=True)


if MARK not in os.environ:
    _start()
