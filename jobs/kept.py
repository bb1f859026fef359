"""What of a run's result is kept, and how much of it: text and JSON that PostgreSQL can store, bounded."""

from collections.abc import Mapping
from typing import Any, Final

from sentinel_site.lib import jsontext

MESSAGE: Final = 1000
ERROR: Final = 32_000
OUTPUT: Final = 32_000
STATS_BYTES: Final = 64 * 1024


def text(value: str, length: int) -> str:
    """``value`` as it can be stored, cut at ``length`` characters."""
    return str(jsontext.cleaned(value[: length + 1]))[:length] if len(value) <= length else str(jsontext.cleaned(value[: length - 1])) + "…"


def tail(value: str, length: int) -> str:
    """The end of ``value``, at most ``length`` characters, as it can be stored."""
    return str(jsontext.cleaned(value if len(value) <= length else "…" + value[1 - length :]))


def mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    """``value`` as it can be stored; what is too large is left out, and said."""
    try:
        found = dict(value)
        size = len(jsontext.dump(found))
    except jsontext.JsonError:
        found = jsontext.cleaned(dict(value))
        size = len(jsontext.dump(found))
    return found if size <= STATS_BYTES else {"left_out": f"{size} bytes of JSON; at most {STATS_BYTES} are kept"}


def result(*, stats: Mapping[str, Any] | None, message: str, error: str, output: str) -> dict[str, Any]:
    """The fields of a run that say what came of it."""
    return {
        "stats": mapping(stats or {}),
        "message": text(message, MESSAGE),
        "error": tail(error, ERROR),
        "output": tail(output, OUTPUT),
    }
