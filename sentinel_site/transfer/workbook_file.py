"""Reading and writing a spreadsheet (.xlsx): a program of its own, because no library is safe with every such file, and for its memory.

    python -m sentinel_site.transfer.workbook_file read < file.xlsx > answer
    python -m sentinel_site.transfer.workbook_file write < table > file.xlsx

It takes at most MAX_BYTES, looks at what the archive says of its parts before it unpacks any, and is killed by its limits on time and
memory when the file is worse than that. ``read`` prints JSON: {"lines": [[text, …], …], "sheet": name, "others": [names of further sheets
that hold something]}, each cell as CSV would have it; ``write`` takes {"columns": […], "rows": [[cell, …], …]}, where an instant without
zone is {"at": "2026-12-24T08:00:00"}. Both print {"error": "what is wrong and what to do, in %(n)s words", "values": {"n": "few"}} where
they refuse. It knows no setting and no database. `workbooks.py` runs it.
"""

import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from sentinel_site.lib.confining import Refused, confine, gettext_noop

MAX_BYTES: Final = 512 * 1024
MAX_PARTS: Final = 500
MAX_PART_BYTES: Final = 8 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 24 * 1024 * 1024
MAX_ROWS: Final = 2000
MAX_SEEN_ROWS: Final = 20_000
"""Empty ones among them: people delete what is in rows, and not the rows."""
MAX_COLUMNS: Final = 100
MAX_SHEETS: Final = 20
MAX_SIGNS: Final = 512 * 1024
LONGEST_CELL: Final = 32_767
"""So many signs the format allows."""
EXACT: Final = 2**53
CPU_SECONDS: Final = 15
MEMORY_BYTES: Final = 512 * 1024 * 1024
WIDEST: Final = 60
ESCAPED: Final = re.compile(r"_x00([01][0-9A-Fa-f])_")
NO_XML: Final = re.compile(r"[\x00-\x08\x0b-\x1f]")
AMBIGUOUS: Final = re.compile(r"_x[0-9A-Fa-f]{4}_|x005F_|[\ufffe\uffff]")
"""What the format, or the library, would read as something else."""


def main() -> int:
    """See the module."""
    confine(cpu_seconds=CPU_SECONDS, memory_bytes=MEMORY_BYTES)
    try:
        if sys.argv[1] == "write":
            answer = written(**json.load(sys.stdin.buffer))
        else:
            answer = json.dumps(read(sys.stdin.buffer.read(MAX_BYTES + 1))).encode()
    except Refused as error:
        answer = error.document()
    except Exception as error:  # whatever a hostile file brings the library to
        text = gettext_noop("This is not a spreadsheet that can be read (%(error)s). Save it again as .xlsx, or as “CSV UTF-8”.")
        answer = Refused(text, error=type(error).__name__).document()
    sys.stdout.buffer.write(answer)
    return 0


def read(data: bytes) -> dict[str, Any]:
    """What the first sheet that people see says. Raises Refused."""
    _check(data)
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    sheets = book.worksheets
    if not sheets:
        raise Refused(gettext_noop("The spreadsheet has no sheet with cells."))
    first = next((sheet for sheet in sheets if sheet.sheet_state == "visible"), None)
    if first is None:
        raise Refused(gettext_noop("All sheets of the spreadsheet are hidden. Show the one that is meant, and save it again."))
    others = [sheet.title for sheet in sheets[:MAX_SHEETS] if sheet is not first and _holds_something(sheet)]
    return {"lines": _without_empty_columns(_lines(first)), "sheet": first.title, "others": others}


def _check(data: bytes) -> None:
    """Refuse what is too big, before it is unpacked; what it says of its size is all that is ever unpacked of it."""
    if len(data) > MAX_BYTES:
        raise Refused(gettext_noop("The file has more than %(n)s KiB. Split it."), n=MAX_BYTES // 1024)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):  # others know no bound
            raise Refused(gettext_noop("The spreadsheet is packed in an unusual way. Open it and save it again as .xlsx."))
        if any(part.flag_bits & 1 for part in parts):
            raise Refused(gettext_noop("The file is encrypted. Save it without a password."))
        names = {part.filename for part in parts}
        if "mimetype" in names or "xl/workbook.bin" in names or "Index/Document.iwa" in names:
            raise Refused(gettext_noop("This spreadsheet is of another kind (.ods, .xlsb, .numbers). Save it as .xlsx, or as “CSV UTF-8”."))
        sizes = [part.file_size for part in parts]
        if len(sizes) > MAX_PARTS or sum(sizes) > MAX_UNPACKED_BYTES or max(sizes, default=0) > MAX_PART_BYTES:
            raise Refused(gettext_noop("Unpacked, the spreadsheet is too big. Copy the cells into a new one, without pictures."))


def _lines(sheet: Any) -> list[list[str]]:
    """The rows that hold something, without the empty cells at their ends."""
    found: list[list[str]] = []
    signs = 0
    for row in _rows(sheet):
        line = [_text(cell) for cell in row]
        while line and not line[-1].strip():
            line.pop()
        if len(line) > MAX_COLUMNS:
            said = gettext_noop("Cell %(cell)s lies beyond column %(column)s, the last that is read. Delete it.")
            raise Refused(said, cell=row[len(line) - 1].coordinate, column=get_column_letter(MAX_COLUMNS))
        signs += sum(map(len, line))
        if line and len(found) > MAX_ROWS:
            raise Refused(gettext_noop("The file has more than %(n)s rows. Split it."), n=MAX_ROWS)
        if signs > MAX_SIGNS:
            raise Refused(gettext_noop("The file has more than %(n)s KiB. Split it."), n=MAX_SIGNS // 1024)
        if line:
            found.append(line)
    return found


def _rows(sheet: Any) -> Iterator[Any]:
    sheet.reset_dimensions()  # what the file says of its extent need not be so
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > MAX_SEEN_ROWS:
            raise Refused(gettext_noop("The sheet has something below row %(n)s. Delete the rows below the last one."), n=MAX_SEEN_ROWS)
        yield row


def _holds_something(sheet: Any) -> bool:
    sheet.reset_dimensions()
    rows = zip(range(MAX_ROWS), sheet.iter_rows(values_only=True), strict=False)
    return any(value not in (None, "") for _number, row in rows for value in row)


def _without_empty_columns(lines: list[list[str]]) -> list[list[str]]:
    """Each line as long as the first: a cell that is empty says so, as in the file that went out."""
    used = [place for place in range(MAX_COLUMNS) if any(line[place].strip() for line in lines if place < len(line))]
    width = len(lines[0]) if lines else 0
    return [[line[place] if place < len(line) else "" for place in used if place < max(width, len(line))] for line in lines]


def _text(cell: Any) -> str:
    """A cell as the CSV way takes it. Raises Refused."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        said = gettext_noop("Cell %(cell)s holds a formula. Copy the cells and paste them as values, then choose the file again.")
        raise Refused(said, cell=cell.coordinate)
    if cell.data_type == "e":
        said = gettext_noop("Cell %(cell)s holds an error (%(value)s). Write what is meant.")
        raise Refused(said, cell=cell.coordinate, value=str(value)[:20])
    if isinstance(value, str):
        if len(value) > LONGEST_CELL:
            raise Refused(gettext_noop("Cell %(cell)s holds more than %(n)s characters. Shorten it."), cell=cell.coordinate, n=LONGEST_CELL)
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    return _plain(value, cell.coordinate)


def _plain(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if value == value and abs(value) < 1e18 and value == int(value) else repr(value)
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="seconds" if value.second else "minutes")
    raise Refused(gettext_noop("Cell %(cell)s holds a length of time. Write it as text, as the export does."), cell=where)


def written(columns: list[str], rows: list[list[Any]]) -> bytes:
    """A workbook of one sheet. Text is text, whatever it begins with. Raises Refused for a text that the format cannot hold."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sentinel")
    sheet.freeze_panes = "A2"
    for number in range(len(columns)):
        longest = max(_width(row[number]) for row in [columns, *rows])
        sheet.column_dimensions[get_column_letter(number + 1)].width = min(longest, WIDEST) + 2
    sheet.append([_header(sheet, name) for name in columns])
    for number, row in enumerate(rows, start=2):
        sheet.append([_cell(sheet, value, f"{get_column_letter(place)}{number}") for place, value in enumerate(row, start=1)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _width(value: Any) -> int:
    return len("2026-12-24 08:00") if isinstance(value, dict) else len(str(value or "").partition("\n")[0])


def _header(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, name)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Any, where: str) -> Any:
    if isinstance(value, dict):
        at = datetime.fromisoformat(value["at"])
        cell = WriteOnlyCell(sheet, at)
        cell.number_format = "yyyy-mm-dd hh:mm" if "T" in value["at"] else "yyyy-mm-dd"
        return cell
    if isinstance(value, int) and abs(value) >= EXACT:
        value = str(value)
    if not isinstance(value, str) or not value:
        return None if value == "" else value
    text = NO_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
    if AMBIGUOUS.search(value) or len(text) > LONGEST_CELL:
        raise Refused(gettext_noop("A spreadsheet cannot hold what would be in cell %(cell)s. Take it out as CSV or JSON."), cell=where)
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.number_format = "s", "@"  # never a formula, nor when somebody edits it
    return cell


if __name__ == "__main__":
    sys.exit(main())
