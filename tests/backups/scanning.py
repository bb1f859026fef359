"""Scans in real processes that can be killed: one parent that has loaded everything, and forks one for each."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.web import ROOT, environment


class Scanners:
    """``with Scanners() as scanners: pid = scanners.start(farm)``."""

    def __enter__(self):
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "tests.backups.scanning"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=environment(DJANGO_SETTINGS_MODULE="sentinel_site.settings", PYTHONPATH=str(ROOT)),
        )  # fmt: skip
        return self

    def __exit__(self, *_error):
        self.parent.stdin.close()
        self.parent.wait(60)
        self.parent.stdout.close()

    def start(self, farm):
        """The process that scans now."""
        return self._ask(farm.deposit.parent)

    def kill(self, pid):
        """Kill -9, unless it has ended. Returns what `ended` says."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return self.ended()

    def ended(self):
        """Wait for the end of one. Returns its status as `os.wait` gives it."""
        return self._ask("wait")

    def _ask(self, line):
        self.parent.stdin.write(f"{line}\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())


def serve():
    """For each line: fork a scan of that place and say its process, or wait for one and say how it ended."""
    import django

    django.setup()
    from backups import job_callables  # noqa: F401  (loads what a scan needs)

    for line in sys.stdin:
        if line == "wait\n":
            print(os.wait()[1], flush=True)  # noqa: T201
        elif pid := os.fork():
            print(pid, flush=True)  # noqa: T201
        else:
            scan(Path(line.strip()))
            os._exit(0)


def scan(place):
    """One scan of the farm at ``place``."""
    from django.conf import settings

    from tests.backups.farm import Farm

    Farm(place, settings).scan()


if __name__ == "__main__":
    serve()
