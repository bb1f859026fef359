"""Ports for programs that take their port by number: nobody else may take it between the choice and the start, or before a restart."""

import os
import random
import socket
from pathlib import Path

FIRST, LAST = 10_000, 60_000
_choice = random.Random(os.getpid())


def free_port():
    """A port of 127.0.0.1 that is free, and that the kernel gives nobody who asks for any port at all."""
    for _ in range(1000):
        port = _choice.randrange(FIRST, _first_given())
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def _first_given():
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(given.read_text().split()[0]) if given.exists() else LAST
    return first if first > FIRST + 1000 else LAST
