"""The worker: django-q2's cluster, in which the process that was started looks after the others itself.

django-q2's own command starts a guard and then only waits for it: a whole process more, of some 15 MiB.
"""

import gc
import os
import signal
from contextlib import suppress
from importlib import import_module
from multiprocessing import Event, current_process
from select import select
from typing import Final
from uuid import uuid4

from django_q.cluster import Sentinel
from django_q.humanhash import humanize
from setproctitle import setproctitle

SHARED: Final = (
    "sentinel_site.tasks", "alerts.tasks", "backups.tasks", "notifications.tasks", "devices.tasks", "jobs.tasks", "django_q.brokers.orm",
    *(f"notifications.transports.{kind}" for kind in ("email", "webhook", "push", "slack", "sms", "voice", "apprise")),
)  # fmt: skip
"""What the guard's children would load each for itself."""


class Stopping:
    """Whether the guard was asked to stop. A signal may ask at any moment, also while it is waited for: no lock is taken."""

    def __init__(self) -> None:
        self._asked = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """Ask."""
        self._asked = True
        with suppress(BlockingIOError):  # it was asked often enough
            os.write(self._writer, b".")

    def close(self) -> None:
        """Give back what it holds."""
        os.close(self._reader)
        os.close(self._writer)

    def is_set(self) -> bool:
        """Whether it was asked."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Wait until it is asked, or for so long. Returns whether it was."""
        if not self._asked:
            select([self._reader], [], [], seconds)
        return self._asked


def run() -> None:
    """Run tasks until SIGTERM or SIGINT, then finish those that were begun."""
    _share()
    stopping, cluster = Stopping(), uuid4()
    setproctitle(f"qcluster {current_process().name} {humanize(cluster.hex)}")
    guard = Sentinel(stopping, Event(), cluster, start=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    os.register_at_fork(after_in_child=_be_a_child)
    guard.start()


def _share() -> None:
    """Load what the children share before they are forked."""
    for name in SHARED:
        import_module(name)
    gc.collect()
    gc.freeze()  # a collection would write to, and so copy, every page they share


def _be_a_child() -> None:
    """The guard ends a child by SIGTERM; Ctrl-C, which all of them get, is the guard's business."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
