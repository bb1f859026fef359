"""A pytest plugin: one real PostgreSQL and one real Valkey for the whole run, in a directory of their own.

It is loaded before Django's settings. Workers of a parallel run inherit the servers by the environment.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from sentinel_site import embedded

MARK = "SENTINEL_TEST_SERVERS"


def _start() -> None:
    data_dir = Path(tempfile.mkdtemp(prefix="sentinel-test-"))
    data_dir.chmod(0o711)
    (data_dir / "static").mkdir()  # or whitenoise warns that it is not there
    places = embedded.Places(data_dir)
    embedded.start_postgres(places, fsync=False)
    valkey = subprocess.Popen(embedded.valkey_command(places))
    atexit.register(_stop, places, valkey)
    os.environ[MARK] = str(data_dir)
    os.environ["SENTINEL_DATA_DIR"] = str(data_dir)
    os.environ["DATABASE_URL"] = places.database_url("postgres")
    os.environ["REDIS_URL"] = places.redis_url()
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


def _stop(places: embedded.Places, valkey: "subprocess.Popen[bytes]") -> None:
    valkey.terminate()
    valkey.wait(60)
    embedded.stop_postgres(places)
    shutil.rmtree(places.data_dir, ignore_errors=True)


if MARK not in os.environ:
    _start()
