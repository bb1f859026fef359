"""`manage.py scan_backups`: one scan of the backup agents' folders, now."""

import json
import signal
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.utils import timezone

from backups import scanner

LONGEST_SECONDS: Final = 6 * 3600


class Command(BaseCommand):
    """Prints the counts as JSON. While another scan runs it leaves the work to that one."""

    help = "Look at what backup agents reported, verify and store their files, and decide. Prints the counts as JSON."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who starts it."""
        parser.add_argument("--trigger", default="", help="Who starts it; without it, only what was asked for is done.")

    def handle(self, *_args: object, **options: Any) -> None:
        """Scan. A scan that hangs, on a disk that does not answer, is ended after six hours."""
        signal.alarm(LONGEST_SECONDS)
        counts = scanner.run(trigger=options["trigger"], clock=timezone.now)
        self.stdout.write(json.dumps(counts))
