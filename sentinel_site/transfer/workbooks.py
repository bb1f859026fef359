"""Spreadsheets (.xlsx) beside CSV: what comes is made into CSV right away, what goes out has cells of the right kind.

Both are done by a program of its own (workbook_file.py), which is killed when it takes too long: no library is safe with every such file.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel

from sentinel_site.lib import confined, csvtext
from sentinel_site.transfer.files import Unreadable, kinds_of

SECONDS: Final = 45
ZIP: Final = b"PK\x03\x04"
OLD: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
SEPARATOR: Final = ";"
"""With it, texts such as 0,5 and 24/12/2026 in cells of text are understood as in other files of a spreadsheet."""


def is_one(data: bytes) -> bool:
    """Whether this is a spreadsheet's file, of whichever kind, and no text."""
    return data.startswith((ZIP, OLD))


def as_csv(data: bytes) -> tuple[str, str]:
    """The first sheet as CSV, and what is to be said about it. Raises Unreadable."""
    if data.startswith(OLD):
        if ENCRYPTED in data:
            raise Unreadable(_("The file is encrypted. Save it without a password."))
        raise Unreadable(_("This is an old spreadsheet (.xls). Save it as .xlsx, or as “CSV UTF-8”."))
    found = json.loads(_done("read", data))
    text = "".join(csvtext.line(line, SEPARATOR) for line in found["lines"])
    if not found["others"]:
        return text, ""
    named = {"sheet": found["sheet"][:60], "others": ", ".join(name[:60] for name in found["others"][:5])}
    return text, _("Only the first sheet, “%(sheet)s”, was read. There is something in these, too: %(others)s.") % named


def made(form: type[BaseModel], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A spreadsheet of ``rows``, with instants by the site's clock. Raises Unreadable for a text that it cannot hold."""
    kinds = kinds_of(form)
    table = {"columns": list(columns), "rows": [[_cell(row.get(name), kinds[name]) for name in columns] for row in rows]}
    return _done("write", json.dumps(table, default=str).encode())


def _done(what: str, given: bytes) -> bytes:
    try:
        return confined.run("sentinel_site.transfer.workbook_file", what, given=given, seconds=SECONDS)
    except confined.Unanswered as error:
        too_much = _("The spreadsheet takes too long or too much memory. Copy the cells into a new one, or use CSV.")
        raise Unreadable(str(error) or too_much) from None


def _cell(value: Any, may: set[str]) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and "date-time" in may:
        return _local(value)
    return {"at": value} if isinstance(value, str) and "date" in may and "1900-03-01" <= value <= "9999" else value


def _local(text: str) -> Any:
    """An instant by the site's clock; as text where that shows it twice (when clocks go back), or a spreadsheet knows no such year."""
    try:
        at = datetime.fromisoformat(text)
        here = timezone.localtime(at, timezone.get_default_timezone()).replace(tzinfo=None, fold=0)
    except (ValueError, OverflowError):  # no instant, or none that this zone can show
        return text
    again = here.replace(tzinfo=timezone.get_default_timezone())
    return {"at": here.isoformat()} if again == at and 1901 <= here.year <= 9998 else text
