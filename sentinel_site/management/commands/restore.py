"""`manage.py restore`: load a backup of Sentinel's own database into an empty one (docs/operations.md)."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from sentinel_site import restoring
from sentinel_site.embedded import EmbeddedError
from sentinel_site.lib.pg_programs import NoProgramError
from sentinel_site.up import StartError

RESTORED = """Restored {tables} tables from {dump}.
Make sure that the old installation is stopped, or people are told by both. Then start with `manage.py up` and sign in as before."""
UNREADABLE = """{count} addresses cannot be read: this is not the encryption key of the lost installation. Put its secrets/ in place (or
SENTINEL_ENCRYPTION_KEYS) before you start, and run `manage.py doctor` then."""


def _finish() -> int:
    """What is said about the restored rows, as far as they are of this version: an older one's are migrated at the next start."""
    try:
        restoring.end_our_run(at=timezone.now())
        return restoring.unreadable_addresses()
    except DatabaseError:
        return 0
    finally:  # the server is stopped next: a pool that is still filling would complain of it
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has it


class Command(BaseCommand):
    """Restores a dump."""

    help = "Load a backup of Sentinel's own database (<store>/sentinel-itself/*.dump) into an empty database, while Sentinel is stopped."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The file."""
        parser.add_argument("dump", type=Path, help="the .dump file")

    def handle(self, *_args: object, **options: Path) -> None:
        """Restore, and say what to do next."""
        dump = options["dump"].expanduser().resolve()
        if not dump.is_file():
            raise CommandError(f"There is no file {dump}.")
        try:
            with restoring.database(settings.EMBEDDED) as url:
                tables = restoring.restore(dump, url)
                unreadable = _finish()
        except (restoring.RestoreRefusedError, StartError, EmbeddedError, NoProgramError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(RESTORED.format(tables=tables, dump=dump))
        if unreadable:
            raise CommandError(UNREADABLE.format(count=unreadable))
