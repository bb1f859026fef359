"""`manage.py up`: starts everything. `manage.py` runs it before Django is loaded; this class is for `manage.py help`."""

from django.core.management.base import BaseCommand, CommandParser

from sentinel_site import up


class Command(BaseCommand):
    """Starts the servers, web, worker, watchdog and monitor, and keeps them running."""

    help = "Start everything (servers, web, worker, watchdog, monitor) and keep it running."

    def add_arguments(self, parser: CommandParser) -> None:
        """The same options as `up.main` takes."""
        up.add_arguments(parser)

    def handle(self, **_options: object) -> None:
        """Not reached from the command line."""
        raise SystemExit("run it as: manage.py up")
