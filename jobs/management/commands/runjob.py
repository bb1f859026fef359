"""`manage.py runjob <run id>`: carry out one queued run in this process. Started by the worker; by hand it does the same."""

import signal
import sys
import threading
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from jobs import launching, runner


class Command(BaseCommand):
    """Exit code 0: the run was carried out, however it ended. 1: it was not to be started."""

    help = "Carry out one queued run, with its time-out, and write down what came of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The run's id."""
        parser.add_argument("run_id", type=UUID)

    def handle(self, *, run_id: UUID, **_options: Any) -> None:
        """SIGTERM and SIGINT stop the work, and are told as the reason."""
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        run = runner.run(
            run_id, worker=launching.instance(), patience_seconds=launching.OWN_PATIENCE_SECONDS, stopping=stopping
        )  # fmt: skip
        if run is None:
            self.stderr.write(f"Run {run_id} is not to be started: it has been taken, has ended, or its job runs.")
            sys.exit(1)
