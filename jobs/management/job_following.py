"""Following a run until it ends: a bar at a terminal, a line for each change elsewhere."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.db import InterfaceError, OperationalError, connection
from psycopg_pool import PoolTimeout

from jobs import run_queries
from jobs.enums import RUN_OPEN, RunStatus
from jobs.management import job_printing
from sentinel_site.lib.shell import Call

LOOK_SECONDS: Final = 0.5
WAITING_SECONDS: Final = 20
STILL: Final = "It still waits for a worker: `manage.py doctor` says whether one runs, `manage.py job log` what it is doing."
AWAY: Final = (OperationalError, InterfaceError, PoolTimeout)
Item = dict[str, Any]


def follow(call: Call, run_id: str, *, say: Callable[[str], Any]) -> Item:
    """Look at the run until it has ended, and return it as it is then. ``say`` tells people what keeps it waiting."""
    looks = _looks(run_id, say=say)
    if call.json:
        return deque(looks, maxlen=1)[-1]  # each holds what was printed so far: a long run has many
    return bar(call, looks) if call.screen.terminal else lines(call, looks)


def _looks(run_id: str, *, say: Callable[[str], Any]) -> Iterator[Item]:
    """The run, again and again, until it has ended; a database that is away is waited for."""
    began, told = time.monotonic(), False
    while True:
        try:
            item = run_queries.describe(run_queries.whole().get(pk=run_id))
        except AWAY:
            connection.close()
            time.sleep(LOOK_SECONDS)
            continue
        yield item
        if item["status"] not in RUN_OPEN:
            return
        if item["status"] == RunStatus.QUEUED and not told and time.monotonic() - began > WAITING_SECONDS:
            say(STILL)
            told = True
        time.sleep(LOOK_SECONDS)


def lines(call: Call, looks: Iterable[Item]) -> Item:
    """A line for each change; returns the last look."""
    said, item = "", Item()
    for item in looks:
        now = job_printing.progress(item)
        if now != said and item["status"] in RUN_OPEN:
            call.screen.say(f"{item['job']}: {now}")
            call.screen.flush()
        said = now
    return item


def bar(call: Call, looks: Iterable[Item]) -> Item:
    """A bar, gone in the end; returns the last look."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 (for a terminal only)

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    item = Item()
    with Progress(*columns, console=call.screen.console, transient=True) as shown:
        task = shown.add_task("", total=None)
        for item in looks:
            of, done = (_number(item["progress"].get(name)) for name in ("of", "done"))
            shown.update(task, description=f"{item['job']}: {job_printing.progress(item)}", total=of or None, completed=done or 0)
    return item


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
