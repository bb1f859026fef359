"""A process that ends with the one which forked it, however that one ends, and leaves that one's connections alone."""

import ctypes
import os
import signal
import sys
from typing import Any, Final

from django.db import connections

PR_SET_PDEATHSIG: Final = 1
_libc: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
_inherited: Final[list[Any]] = []


def die_with(parent: int) -> None:
    """Kill this process as soon as ``parent``, which forked it, is gone. Linux alone can; elsewhere it goes on."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def own_connections() -> None:
    """The parent's connections are neither used nor closed here: closing one would end the parent's session. This process has no pool."""
    for connection in connections.all(initialized_only=True):
        pools = getattr(connection, "_connection_pools", {})
        _inherited.append((connection, connection.connection, dict(pools)))
        pools.clear()
        del connections[connection.alias]
    for database in connections.settings.values():  # its threads would cost more than the one connection that is needed
        database["OPTIONS"].pop("pool", None)
