"""Commands of one domain with a word for each thing they do: `manage.py alert ack 1042`.

What they promise: exit code 0 when it is done; 1 when it was refused or failed (REST's 401, 403, 409, 5xx); 2 when what was typed makes no
sense (422); 3 when there is nothing by that name, or nothing to list (404). Whatever goes wrong is one line on stderr.

Who acts is a user of Sentinel, named by ``--as`` or SENTINEL_CLI_USER, with that user's permissions. Reading needs no name: who may start
this process reads the database anyway; with a name, that user's permissions count.
"""

import contextlib
import os
import re
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Final, TextIO, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import ValidationError as FormInvalid
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone, translation
from psycopg_pool import PoolTimeout
from pydantic import ValidationError as ModelInvalid

from sentinel_site.lib import configuration, permissions, typed_instants
from sentinel_site.lib.problems import Problem
from sentinel_site.lib.terminal import Screen, clean

REFUSED, USAGE, NOTHING = 1, 2, 3
CODES: Final = {404: NOTHING, 422: USAGE}
NOBODY: Final = (
    "Say who acts: add --as <user name>, or set SENTINEL_CLI_USER. The name goes into the record, and that user's permissions count."
)
AWAY: Final = (
    "The database does not answer, or not in time. Does Sentinel run, and is this its environment (SENTINEL_DATA_DIR or DATABASE_URL)? "
    "`manage.py doctor` says more."
)
NAME, TRACEBACK = "sentinel", "--traceback"


class Layout(RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Help with examples whose lines stay lines."""


def failed(text: str, code: int = REFUSED) -> CommandError:
    """The error that ends a command with ``code``, and one line."""
    return CommandError(clean(text), returncode=code)


@dataclass(frozen=True)
class Call:
    """One call of a subcommand: what was typed, where to print, and the instant."""

    screen: Screen
    options: Mapping[str, Any]
    at: datetime

    def __getitem__(self, name: str) -> Any:
        return self.options[name]

    @property
    def json(self) -> bool:
        """Whether JSON is wanted."""
        return bool(self.options.get("json"))

    def instant(self, name: str) -> datetime | None:
        """The instant that was typed for the option ``name``; None when there was none. Raises NotUnderstood."""
        text = self.options.get(name)
        zone: Any = timezone.get_default_timezone()
        return typed_instants.instant(text, at=self.at, zone=zone) if text else None

    def actor(self, *wanted: str) -> User:
        """Who acts, and has the permissions ``wanted``. Raises CommandError and Problem."""
        user = self.named
        if user is None:
            raise failed(NOBODY, USAGE)
        for permission in wanted:
            permissions.require_of(user, permission)
        if acting := configuration.current():
            acting.by = lambda: user
        return user

    def reader(self, *wanted: str) -> User | None:
        """Who reads: None when nobody is named. Raises CommandError and Problem."""
        user = self.named
        for permission in wanted:
            if user is not None:
                permissions.require_of(user, permission)
        return user

    @cached_property
    def named(self) -> User | None:
        """The user who is named, whatever they may do; None when nobody is. Raises CommandError for one who is not there."""
        name = self.options.get("as_user") or settings.SENTINEL_CLI_USER
        user = User.objects.filter(username=name).first() if name else None
        if name and user is None:
            raise failed(f"There is no user {name}. --as and SENTINEL_CLI_USER take the name by which somebody signs in.")
        if user and not user.is_active:
            raise failed(f"The user {name} is switched off, and may do nothing.")
        return user


class Shell(BaseCommand):
    """A command with subcommands. ``refused`` and ``invalid`` are the app's own errors whose text says what to do."""

    requires_system_checks = ()
    suppressed_base_arguments = {"--version", "--verbosity", "--settings", "--pythonpath", TRACEBACK, "--force-color", "--skip-checks"}
    examples: ClassVar[str] = ""
    refused: ClassVar[tuple[type[Exception], ...]] = ()
    invalid: ClassVar[tuple[type[Exception], ...]] = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """With examples at the end of the help."""
        return super().create_parser(prog_name, subcommand, formatter_class=Layout, epilog=self.examples, **kwargs)

    def word(
        self, actions: Any, name: str, run: Callable[[Call], None], *, says: str, examples: str = "", lists: bool = False
    ) -> CommandParser:
        """Add a subcommand, which ``run`` carries out. ``lists``: what it answers are pages of items."""
        parser: CommandParser = actions.add_parser(name, help=says, description=says, epilog=examples, formatter_class=Layout)
        parser.set_defaults(run=run)
        parser.add_argument("--as", dest="as_user", metavar="USER", help="who acts: a user of Sentinel; else SENTINEL_CLI_USER")
        parser.add_argument("--json", action="store_true", help="print what REST answers, as one JSON document")
        if lists:
            parser.add_argument("--ndjson", action="store_true", help="print each item as JSON on a line of its own")
            parser.add_argument("--limit", type=int, metavar="N", help="how many at the most: 50, or all of them with --ndjson")
            parser.add_argument("--cursor", default="", metavar="NEXT", help="go on after the page before, whose `next` this is")
        return parser

    def handle(self, *_args: object, **options: Any) -> None:
        """Carry out the subcommand; every foreseen error ends as one line with its exit code."""
        colour = not options.get("no_color")
        screen = Screen(cast(TextIO, getattr(self.stdout, "_out")), colour=colour)  # noqa: B009 (Django keeps the stream to itself)
        call = Call(screen, options, timezone.now())
        with translation.override("en"), self._errors():
            _check(options)
            options["run"](call)

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django does it, but errors are one line, begin with the program's name, and are never a traceback unless asked for."""
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a title may hold what this terminal has no letters for
        for database in connections.settings.values():  # a pool would try again for ten seconds, and log each time
            database["OPTIONS"].pop("pool", None)
        loud = [*argv[:2], TRACEBACK, *(word for word in argv[2:] if word != TRACEBACK)]  # raises what Django would print
        if TRACEBACK in argv:
            super().run_from_argv(loud)
            return
        try:
            super().run_from_argv(loud)
            sys.stdout.flush()
        except CommandError as error:
            self._end(str(error), error.returncode)
        except BrokenPipeError:  # who read has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            self._end("stopped.", REFUSED)
        except Exception as error:  # nobody reads a traceback in the night
            self._end(f"It failed: {type(error).__name__}: {error}. With --traceback it says where.", REFUSED)

    def note(self, text: str) -> None:
        """Tell people something besides what is printed."""
        self.stderr.write(clean(text), str)

    def ask(self, question: str) -> bool:
        """Whether somebody says yes. Raises CommandError when nobody can be asked."""
        if not sys.stdin.isatty():
            raise failed("Nobody can be asked here: add --yes.", USAGE)
        self.stderr.write(f"{clean(question)} [y/N] ", str, ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _end(self, text: str, code: int) -> None:
        self.stderr.write(f"{NAME}: {clean(text)}", str)
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        sys.exit(code)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except Problem as problem:
            raise failed(problem.detail, CODES.get(problem.status, REFUSED)) from problem
        except ModelInvalid as error:
            found = [f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors()]
            raise failed("; ".join(found), USAGE) from error
        except FormInvalid as error:
            raise failed(" ".join(error.messages), USAGE) from error
        except typed_instants.NotUnderstood as error:
            raise failed(str(error), USAGE) from error
        except ObjectDoesNotExist as error:
            raise failed("There is nothing here by that name or number.", NOTHING) from error
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise failed(f"{AWAY} ({str(error).strip().partition(chr(10))[0]})") from error
        except Exception as error:
            if isinstance(error, (*self.invalid, *self.refused)):
                raise failed(str(error), USAGE if isinstance(error, self.invalid) else REFUSED) from error
            raise


def _check(options: Mapping[str, Any]) -> None:
    """Raises CommandError for what was not typed in UTF-8: the database could not keep it."""
    for name, value in options.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and re.search("[\ud800-\udfff]", text):
                raise failed(f"{name} is not UTF-8. Set the terminal, or LANG, to UTF-8.", USAGE)
