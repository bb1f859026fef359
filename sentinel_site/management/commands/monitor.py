"""`manage.py monitor`: the only process that talks to devices."""

import asyncio
import signal

from django.core.management.base import BaseCommand
from django.utils import timezone

from devices.drivers.nl43_files import probe_ftp
from devices.monitor import Monitor
from devices.publishing import Publisher
from devices.ruling import Ruling
from sentinel_site import beats
from sentinel_site.models import ProcessBeat


class Command(BaseCommand):
    """Talks to devices; one or more may run, and share them."""

    help = "Talk to devices: watch them day and night, do what people ask of them, and judge what they measure."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Run until SIGTERM or SIGINT."""
        asyncio.run(_run())


async def _run() -> None:
    monitor = Monitor(ruling=Ruling(), publisher=Publisher(), beat=_beat, probe=probe_ftp)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, monitor.stop)
    await monitor.run()


def _beat() -> None:
    beats.beat(ProcessBeat.Role.MONITOR, at=timezone.now())
