"""`manage.py rollup`: count the statistics behind the dashboards anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from sentinel_site import statistics
from sentinel_site.lib.typed_instants import FORMS, NotUnderstood


class Command(BaseCommand):
    """Makes the roll-ups of a stretch again from what is still there."""

    help = "Count the statistics behind the dashboards anew. What retention deleted meanwhile stays as it was counted."

    def add_arguments(self, parser: CommandParser) -> None:
        """From when to when."""
        parser.add_argument("--since", default="", metavar="WHEN", help=f"else from the beginning: {FORMS}")
        parser.add_argument("--until", default="", metavar="WHEN", help="else to now")

    def handle(self, *_args: object, **options: Any) -> None:
        """Say how far it is, line by line."""
        try:
            done = statistics.rebuild_typed(options["since"], options["until"], at=timezone.now(), progress=self._say)
        except NotUnderstood as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write("Counted anew: " + ", ".join(f"{days} days of {name}" for name, days in done.items()))

    def _say(self, name: str, done: int, of: int) -> None:
        if done == of or done % 10 == 0:
            self.stderr.write(f"{name}: {done} of {of} days")
