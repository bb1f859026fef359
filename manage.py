#!/usr/bin/env python
"""Sentinel's command line: `manage.py up`, `manage.py doctor`, and Django's own commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from sentinel_site import embedded, up, welcome


def main() -> None:
    """Run a management command with Sentinel's settings; `up` goes first, for its options decide what the settings say.

    `restore` is refused without the keys of the lost installation before the settings make new ones.
    """
    if sys.argv[1:2] == ["up"]:
        sys.exit(up.main(sys.argv[2:]))
    if sys.argv[1:] in ([], ["help"], ["--help"], ["-h"]):
        print(welcome.text())  # noqa: T201 (this is the command line)
    if sys.argv[1:2] == ["restore"]:
        up.require_keys()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel_site.settings")
    from sentinel_site import commanding  # noqa: PLC0415 (`up` goes without Django's models)

    try:
        with commanding.acting(sys.argv[1:]):
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, embedded.EmbeddedError) as error:
        sys.exit(f"sentinel: {error}")


if __name__ == "__main__":
    main()
