"""One scan, measured from inside: seconds, counts, memory at rest and how much it and the processes beside it grew. Prints JSON."""

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


def warm(place: Path) -> None:
    """Read the small files that are listed there, so that the kernel has them in memory."""
    listed = place / "listed"
    for line in listed.read_text().splitlines() if listed.exists() else ():
        (place / line.split("  ")[1]).read_bytes()


def main() -> None:
    """See the module. The first argument only says, as for manage.py, that no page is served; the second is where everything lies."""
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from backups import scanner

    connection.ensure_connection()
    warm(Path(sys.argv[2]))
    rest = kib("VmRSS")
    begun = time.perf_counter()
    counts = scanner.run(trigger="bench", clock=timezone.now)
    seconds = time.perf_counter() - begun
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # what was there before the fork is counted in it
    grown = kib("VmHWM") - rest + (settings.SENTINEL_SCAN_PROCESSES - 1) * max(0, beside - rest)  # of the largest of them
    found = {"seconds": seconds, "counts": counts, "rest_mib": rest / 1024, "grown_mib": grown / 1024}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
