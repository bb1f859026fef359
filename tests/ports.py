"""Ports for programs that take their port by number: nobody else may take it between the choice and the start, or before a restart.

Each process of a parallel run has ports of its own, and gives none twice: a server that is stopped meanwhile finds its port free.
"""

import os
import random
import socket
from pathlib import Path

FIRST, LAST = 10_100, 60_000
"""Chromium refuses to open 10080."""
PROCESSES = 16
_OWN = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
_choice = random.Random(os.getpid())
_given: set[int] = set()


def free_port():
    """A port of 127.0.0.1 that is free, and that the kernel gives nobody who asks for any port at all."""
    for _ in range(1000):
        port = _choice.randrange(FIRST + _OWN, _first_given(), PROCESSES)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _given.add(port)
            return port
    raise AssertionError("no port is free")


def _first_given():
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(given.read_text().split()[0]) if given.exists() else LAST
    return first if first > FIRST + 1000 else LAST
