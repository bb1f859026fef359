"""The look at the agents' folders: collect what is reported, verify and store what it is about, decide, and put the reports away.

One scan at a time, wherever it runs: whoever scans holds an advisory lock on a connection of its own. What is done with the reports is
said in parts.py; a large scan is shared among processes (sharing.py). One that is killed anywhere is made good by the next.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from backups import deposit, entries, scans, sharing, store_alerts
from backups.parts import Scope
from backups.scans import Running
from sentinel_site.lib import garbage, registry

SECOND: Final = 1.0
AT_ONCE: Final = timedelta(0)
Clock = Callable[[], datetime]


def run(*, trigger: str = "", clock: Clock, settled: timedelta = AT_ONCE) -> dict[str, Any]:
    """Scan, and again as long as somebody asked for it meanwhile. Returns the counts of the last one.

    With no ``trigger`` only if somebody asked for one. What lies there counts as written ``settled`` earlier: for files known to be whole.

    While another one scans this returns at once: that one does what was asked for. Raises what made the scan fail; the Scan says it too.
    """
    counts: dict[str, Any] = {}
    while True:
        with lock() as holder:
            if holder is None:
                return counts or {"skipped": "another scan is running"}
            scan, trigger = scans.begin(trigger, at=clock()), ""
            if scan is not None:
                counts = _one(scan, holder, clock, settled)
        if not scans.waiting().exists():  # whoever asked while the lock was still held went away, and trusts in us
            return counts


def _one(scan: Running, holder: int, clock: Clock, settled: timedelta) -> dict[str, Any]:
    try:
        with garbage.seldom():
            return _whole(scan, holder, clock, settled)
    except Exception as error:  # raised again; the scan's row says why it ended
        scan.finish({}, at=clock(), error=f"{type(error).__name__}: {error}")
        raise


def _whole(scan: Running, holder: int, clock: Clock, settled: timedelta) -> dict[str, Any]:
    """From the first folder to the last report, and the record of it. Returns the counts."""
    at = scan.started_at
    root = deposit.root(settings.SENTINEL_BACKUP_DEPOSIT)
    with root as folder:
        places = deposit.places(folder)
        known = set(deposit.agents(chain.from_iterable(places.values())).values())
        with sharing.ran(Scope(folder, holder, at, at + settled), list(places.values()), _Progress(scan)) as done:
            entries.checked(known - done.agents, at=at)  # other processes take their leave meanwhile
            store_alerts.say(done.problems, at=at)
            counts = dict(sorted(done.counts.items()))
            scan.finish(counts, at=clock())
    return counts


class _Progress:
    """Says how far a scan is, at most once a second."""

    def __init__(self, scan: Running) -> None:
        self._scan, self._said_at = scan, 0.0

    def __call__(self, what: str, done: int, of: int | None) -> None:
        if time.monotonic() - self._said_at >= SECOND:
            self._said_at = time.monotonic()
            registry.progress(what, done, of)
            self._scan.progress(what, done, of)


@contextmanager
def lock() -> Iterator[int | None]:
    """The scanner's lock, on a connection of its own: the process of PostgreSQL that holds it. None while somebody else has it."""
    parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname", "sslmode") if parameters.get(name)}
    with psycopg.connect(make_conninfo("", **known), autocommit=True, connect_timeout=5, keepalives_idle=60) as held:
        row = held.execute("SELECT pg_try_advisory_lock(%s), pg_backend_pid()", [scans.LOCK]).fetchone()
        try:
            yield row[1] if row and row[0] else None
        finally:
            with suppress(psycopg.Error):  # at once: closing the connection gives it up a little later
                held.execute("SELECT pg_advisory_unlock_all()")
