"""Who is changing configuration by a command: whoever starts it. Told to sentinel_site/lib/configuration.py."""

import getpass
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from sentinel_site.lib import configuration
from sentinel_site.lib.configuration import Acting, Via

LOOPS: Final = frozenset({"up", "watchdog", "monitor", "qcluster", "runjob", "scan_backups", "runserver", "bootstrap", "migrate"})
"""Commands that are Sentinel itself: what they change is nobody's doing."""
WORDED: Final = frozenset({"alert", "apikey", "job", "oncall", "silence"})
"""Commands whose second word says what they do. Nothing else that was typed is kept: it may be a secret."""
_WORD: Final = re.compile(r"[a-z_-]{1,30}")


def acting(arguments: Sequence[str]) -> AbstractContextManager[Acting | None]:
    """Within, changes of configuration are those of whoever started `manage.py` with ``arguments``."""
    return configuration.acting(actor(arguments))


def actor(arguments: Sequence[str]) -> Acting | None:
    """Who acts in `manage.py` with these arguments; None for what Sentinel does by itself."""
    words = [word for word in arguments[: 2 if set(arguments[:1]) & WORDED else 1] if _WORD.fullmatch(word)]
    if not words or words[0] in LOOPS:
        return None
    return Acting(Via.COMMAND, where=lambda: f"manage.py {' '.join(words)}, started by {_system_user()}")


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        return "somebody"
