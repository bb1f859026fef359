"""`manage.py check_story FILE`: whether this installation made exactly this file. Exit code 1 when it did not."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from alerts import story_file

LARGEST: Final = 50 * 1024 * 1024


class Command(BaseCommand):
    """Checks the digest and the seal of the story of an alert."""

    help = "Say whether this installation made exactly this file (the story of an alert, as JSON). Exit code 1 when it did not."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The file."""
        parser.add_argument("file", type=Path)

    def handle(self, *_args: object, file: Path, **_options: Any) -> None:
        """Say it in a sentence."""
        found = _read(file)
        if not story_file.is_genuine(found):
            self.stdout.write(self.style.ERROR("No: it was changed, or another installation made it."))
            sys.exit(1)
        made = found["generated"]
        self.stdout.write(self.style.SUCCESS(f"Yes: made here at {made['at']} for {made['by']}, and unchanged. SHA-256 {found['sha256']}"))


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > LARGEST:
            raise CommandError(f"{file} is too large to be the story of an alert.")
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise CommandError(f"{file} is no JSON.") from None
