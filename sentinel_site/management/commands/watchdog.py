"""`manage.py watchdog`: runs the clock of the house until it is told to stop."""

import signal

from django.core.management.base import BaseCommand

from sentinel_site.watchdog import Watchdog


class Command(BaseCommand):
    """Takes due steps and deliveries at once; one or more may run."""

    help = "Take due escalation steps, time-outs and deliveries at once, and watch the other processes."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Run until SIGTERM or SIGINT."""
        watchdog = Watchdog()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watchdog.stop())
        watchdog.run()
