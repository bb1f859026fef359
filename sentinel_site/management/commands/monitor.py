"""`manage.py monitor`: the only process that talks to devices. No device can be configured yet, so it only beats."""

import logging
import signal
import threading

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from sentinel_site import beats
from sentinel_site.models import ProcessBeat

BEAT_SECONDS = 10.0
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Talks to devices; one or more may run."""

    help = "Talk to devices. None can be configured in this version: the process only gives its sign of life."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Run until SIGTERM or SIGINT."""
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        logger.debug("no device is configured")
        while not stopping.is_set():
            try:
                beats.beat(ProcessBeat.Role.MONITOR, at=timezone.now())
            except DatabaseError as error:
                logger.warning("the monitor's beat could not be written: %s", error)
                close_old_connections()
            stopping.wait(BEAT_SECONDS)
