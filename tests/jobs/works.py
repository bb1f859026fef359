"""Work for tests: what may go wrong in a job, each in a callable of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.contrib.auth.models import User
from django.db import connection

from sentinel_site.lib.registry import Outcome, job, progress


@job("tests.work", title="Work")
def work(*, days: int = 1, name: str = "") -> dict:
    sys.stdout.write(f"working {days}\n")
    return {"days": days, "name": name}


@job("tests.warn", title="Warn")
def warn() -> Outcome:
    return Outcome({"odd": 1}, "Somebody should look at it.", warning=True)


@job("tests.fail", title="Fail")
def fail() -> None:
    sys.stdout.write("about to fail\n")
    raise ValueError("no such luck\x00")


@job("tests.leave", title="Leave")
def leave() -> None:
    sys.exit("enough")


@job("tests.die", title="Die")
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job("tests.wrong", title="Return what cannot be kept")
def wrong() -> dict:
    return {"when": object()}


@job("tests.shout", title="Print a lot")
def shout() -> None:
    for n in range(40_000):
        sys.stdout.write(f"line {n}\n")


@job("tests.escape", title="Leave something behind that has a group of its own")
def escape() -> dict:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    return {"child": child.pid}


@job("tests.write", title="Write to the database")
def write() -> dict:
    User.objects.create_user("made-by-a-job")
    return {"backend": connection.connection.info.backend_pid}


@job("tests.hang", title="Hang, and start something that hangs, deaf to SIGTERM")
def hang(*, folder: str, deaf: bool = False) -> None:
    """Writes the ids of both processes to ``folder``/pids when they are ready."""
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    code = (
        "import signal, time; "
        + ("signal.signal(signal.SIGTERM, signal.SIG_IGN); " if deaf else "")
        + "print(1, flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child.stdout.readline()
    progress("hanging", 1, 2)
    note = Path(folder) / "part"
    note.write_text(f"{os.getpid()} {child.pid}")
    note.rename(Path(folder) / "pids")
    time.sleep(600)
