"""One scan, measured from inside: seconds, counts, memory at rest and how much it grew, in both of its processes. Prints JSON."""

import json
import resource
import sys
import time
from pathlib import Path

import django


def kib(name: str) -> int:
    """A line of /proc/self/status."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def main() -> None:
    """See the module. The first argument only says, as for manage.py, that no page is served."""
    django.setup()
    from django.db import connection
    from django.utils import timezone

    from backups import scanner

    connection.ensure_connection()
    rest = kib("VmRSS")
    begun = time.perf_counter()
    counts = scanner.run(trigger="bench", clock=timezone.now)
    seconds = time.perf_counter() - begun
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # what was there before the fork is counted in it
    grown = kib("VmHWM") - rest + max(0, beside - rest)
    found = {"seconds": seconds, "counts": counts, "rest_mib": rest / 1024, "grown_mib": grown / 1024}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
