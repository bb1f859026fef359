"""Rows of configuration as CSV and JSON, and back. Bounded before it is parsed.

A cell holds text as it is, anything else as JSON. Where a spreadsheet would find a formula in a text stands an apostrophe, which is taken
away again (`sentinel_site/lib/csvtext.py`).
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel

from sentinel_site.lib import csvtext, jsontext
from sentinel_site.lib.instants import instant

MAX_BYTES: Final = 512 * 1024
MAX_ROWS: Final = 2000
WORDS: Final = {"vrai": "true", "faux": "false", "oui": "true", "non": "false", "wahr": "true", "falsch": "false"}
"""What spreadsheets in other languages make of true and false."""
COMMA: Final = re.compile(r"[+-]?\d+,\d+")
DAY_FIRST: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})([ T].*)?")
Row = dict[str, Any]


class Unreadable(Exception):
    """The file as a whole cannot be used; the text says why and what to do."""


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, delimiter: str = ",") -> str:
    """A table with a header, for spreadsheets and for `read`. Spreadsheets of countries with a decimal comma want ``;``."""
    lines = [columns, *([row.get(column) for column in columns] for row in rows)]
    return "".join(csvtext.line(line, delimiter) for line in lines)


def to_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """A list of objects."""
    return json.dumps(list(rows), ensure_ascii=False, indent=1, default=str)


def read(data: bytes, form: type[BaseModel]) -> list[Row]:
    """The rows of a file, as values for ``form``. Raises Unreadable."""
    if len(data) > MAX_BYTES:
        raise Unreadable(_("The file has more than %(n)s KiB. Split it.") % {"n": MAX_BYTES // 1024})
    text = text_of(data)
    if "\x00" in text:
        raise Unreadable(_("The file holds a NUL character. It is no text."))
    rows = _json_rows(text) if _is_json(text) else _csv_rows(text, form)
    if not rows:
        raise Unreadable(_("The file has no rows. Its first line names the columns, each further one is a row."))
    if len(rows) > MAX_ROWS:
        raise Unreadable(_("The file has more than %(n)s rows. Split it.") % {"n": MAX_ROWS})
    return rows


class Unclear(NamedTuple):
    """A date in a cell of ``row`` that could be meant with the month first, and how it is read."""

    row: int
    column: str
    cell: str
    day: date


def unclear_dates(text: str, form: type[BaseModel]) -> list[Unclear]:
    """The dates such as 03/04/2026, of a file that can be read: the same signs are another day in the United States."""
    table = _Table([], [], {}, comma=False) if _is_json(text) else _table(text, form)
    found = []
    for row, line in enumerate(table.lines if table.comma else (), start=1):
        for column, cell in zip(table.columns, line, strict=False):
            day = DAY_FIRST.fullmatch(cell.strip()) if table.kinds[column] & {"date", "date-time"} else None
            if day and day[1].lstrip("0") != day[2].lstrip("0") and 1 <= int(day[1]) <= 12 and 1 <= int(day[2]) <= 12 and int(day[3]):
                found.append(Unclear(row, column, cell.strip(), date(int(day[3]), int(day[2]), int(day[1]))))
    return found


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in {"[", "{"}


def text_of(data: bytes) -> str:
    """What a CSV or JSON file says. Raises Unreadable."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(_("The file is not UTF-8. Save it as “CSV UTF-8”.")) from None


def _json_rows(text: str) -> list[Row]:
    try:
        rows = jsontext.read(text.encode())
        jsontext.check(rows)
    except jsontext.JsonError as error:
        raise Unreadable(_("The file is no JSON that can be used: %(error)s.") % {"error": error}) from None
    if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
        raise Unreadable(_("JSON must be a list of objects, as the export writes it."))
    return rows


def _csv_rows(text: str, form: type[BaseModel]) -> list[Row]:
    table = _table(text, form)
    return [_values(table.columns, line, table.kinds, comma=table.comma) for line in table.lines]


class _Table(NamedTuple):
    """A CSV file in its cells. ``comma``: numbers may have a decimal one, and days come before months."""

    columns: Sequence[str]
    lines: Sequence[Sequence[str]]
    kinds: Mapping[str, set[str]]
    comma: bool


def _table(text: str, form: type[BaseModel]) -> _Table:
    delimiter = _delimiter(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [line for line in _bounded(reader) if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise Unreadable(
            _("The file is no CSV that can be read: %(error)s (line %(line)s).") % {"error": error, "line": reader.line_num}
        ) from None
    if not lines:
        return _Table([], [], {}, comma=False)
    columns = [cell.strip() for cell in lines[0]]
    if len(set(columns)) != len(columns) or not all(columns):
        raise Unreadable(_("The first line must name every column, each once."))
    kinds = kinds_of(form)
    if unknown := sorted(set(columns) - set(kinds)):
        raise Unreadable(
            _("There is no column “%(name)s”. The columns are: %(known)s.") % {"name": unknown[0][:60], "known": ", ".join(kinds)}
        )
    for number, line in enumerate(lines[1:], start=2):
        if len(line) > len(columns):
            raise Unreadable(_("Line %(line)s has more cells than the first line has columns. Is a comma not quoted?") % {"line": number})
    return _Table(columns, lines[1:], kinds, comma=delimiter != ",")


def _delimiter(head: str) -> str:
    """What parts the cells of a file whose first line is ``head``: a tab where text was copied out of a spreadsheet."""
    return max((",", ";", "\t"), key=head.count)


def _bounded(reader: Any) -> Iterable[list[str]]:
    for number, line in enumerate(reader):
        if number > MAX_ROWS:
            raise Unreadable(_("The file has more than %(n)s rows. Split it.") % {"n": MAX_ROWS})
        yield line


def _values(columns: Sequence[str], line: Sequence[str], kinds: Mapping[str, set[str]], *, comma: bool) -> Row:
    """What a line says; an empty cell of what can be neither empty nor nothing says nothing. ``comma``: numbers may have a decimal one."""
    found: Row = {}
    for column, cell in zip(columns, line, strict=False):
        may = kinds[column]
        if cell == "":
            if "string" in may and "null" not in may:
                found[column] = ""
            elif may & {"null", "array"}:
                found[column] = None if "null" in may else []
        elif may & {"array", "object"}:
            found[column] = _json_cell(csvtext.unguarded(cell))
        else:
            found[column] = _plain(csvtext.unguarded(cell), may, comma=comma)
    return found


def _plain(cell: str, may: set[str], *, comma: bool) -> str:
    """A cell as a form reads it, whatever a spreadsheet made of it: VRAI, 0,5, 24/12/2026 and times without a zone, meant by the site's."""
    if "boolean" in may:
        return WORDS.get(cell.strip().casefold(), cell)
    if comma and "number" in may and COMMA.fullmatch(cell.strip()):
        return cell.strip().replace(",", ".")
    if comma and may & {"date", "date-time"} and (day := DAY_FIRST.fullmatch(cell.strip())):
        cell = f"{day[3]}-{day[2]:0>2}-{day[1]:0>2}{day[4] or ''}"
    return _instant(cell) if "date-time" in may else cell


def _instant(cell: str) -> str:
    """An instant as REST writes it, so that two ways to write one are one; what is none is left to the form."""
    try:
        at = datetime.fromisoformat(cell.strip())
        return instant(at if at.tzinfo else at.replace(tzinfo=timezone.get_default_timezone()))
    except (ValueError, OverflowError):
        return cell


def _json_cell(cell: str) -> Any:
    try:
        return jsontext.read(cell.encode())
    except jsontext.JsonError:
        return cell  # the form says what is wrong with it


def kinds_of(form: type[BaseModel]) -> dict[str, set[str]]:
    """What each column may hold, by the form's own schema."""
    schema = form.model_json_schema(by_alias=True)
    found = {}
    for name, field in schema["properties"].items():
        each = [_resolved(option, schema) for option in field.get("anyOf", [field])]
        found[name] = {option.get("type", "string") for option in each} | {option["format"] for option in each if "format" in option}
    return found


def _resolved(option: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = option.get("$ref", "").rpartition("/")[2]
    return schema["$defs"][name] if name else option
