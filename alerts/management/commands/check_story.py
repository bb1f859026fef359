"""`manage.py check_story FILE`: whether this installation made exactly this file. Exit code 1 when it did not."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from alerts import story_file
from sentinel_site.lib.terminal import clean

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
        told = f"Yes: made here at {made['at']} for {clean(made['by'])}, and unchanged. SHA-256 {found['sha256']}"
        self.stdout.write(self.style.SUCCESS(told))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a name stands twice: people would read the one, and the seal be of the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > LARGEST:
            raise CommandError(f"{file} is too large to be the story of an alert.")
        return json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise CommandError(f"{file} is no JSON, or says something twice.") from None
