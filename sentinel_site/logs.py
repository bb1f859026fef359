"""One log record, one line: control characters of foreign text are escaped and long messages are cut."""

import logging
import re
from typing import Final

MAX_LENGTH: Final = 4000
_ESCAPES: Final = {code: f"\\x{code:02x}" for code in [*range(32), 127, *range(128, 160)]} | {0x2028: "\\u2028", 0x2029: "\\u2029"}

_SECRETS: Final = re.compile(
    r"(/(?:a|proof|push|live/wall/open|media/alerts|push-tokens|ping|p|api/push)/|[?&](?:token|s)=|\back\+)[A-Za-z0-9_:.%-]{16,}"
    r"|(/push-tokens/)\{\S*"  # a browser's subscription, unquoted
)
"""Addresses that let their bearer in: who reads the log must not be able to answer in another's name."""


class LineFormatter(logging.Formatter):
    """Formats ``time LEVEL logger: message`` on one line; a traceback follows on lines of its own, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name is logging's)
        """The record's own line, escaped and bounded."""
        line = _SECRETS.sub(r"\1\2[token]", super().formatMessage(record).translate(_ESCAPES))
        return line if len(line) <= MAX_LENGTH else line[:MAX_LENGTH] + " [cut]"

    def formatException(self, ei: object) -> str:  # noqa: N802 (the name is logging's)
        """The traceback, each line indented so that no foreign text can pose as a record."""
        return "\n".join("    " + line for line in super().formatException(ei).splitlines())  # type: ignore[arg-type]


def is_news(record: logging.LogRecord) -> bool:
    """Whether a record of django.request tells anything new: /healthz says 503 to its caller, and is asked every few seconds."""
    return not (getattr(record, "status_code", 0) == 503 and record.args == ("Service Unavailable", "/healthz"))
