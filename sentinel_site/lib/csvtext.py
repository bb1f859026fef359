"""Lines of CSV in which no spreadsheet finds a formula, whichever character it parts cells at. Pure.

A spreadsheet parts a line where its country does: a file with commas is cut at each ``;`` in France, and one with semicolons at each ``,``
in England. Quotes count only where a cell begins, so that they do not help: of ``a,"b;=1+1"`` are made ``a,"b`` and the formula ``=1+1"``.
So a text gets an apostrophe wherever a formula could begin for anybody: at its beginning, and after each comma, semicolon, tab and new line
in it, with blanks and quotes between or not. `unguarded` takes exactly those away. JSON needs none: there the sign is written ``\\u003d``.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

PARTS: Final = ",;\t\r\n"
_FORMULA: Final = "=+\\-@＝＋－＠"
_BETWEEN: Final = r'(?:[^\S\t\r\n]|["\u200b-\u200f\u2060\ufeff])*'
"""What spreadsheets, or those who clean their cells, take away before a cell: blanks, signs without a width, and quotes."""
_BEGINS: Final = rf"(?:\A|(?<=[{PARTS}]))(?='{{0}}{_BETWEEN}[{_FORMULA}])|\A(?='{{0}}[\t\r\n])"
GUARD: Final = re.compile(_BEGINS.format("*"))
GUARDED: Final = re.compile(f"(?:{_BEGINS.format('+')})'")
QUOTED: Final = re.compile(rf'[{PARTS}"]|\A\s|\s\Z')
_STRING: Final = re.compile(r'(?:, )?"(?:[^"\\]|\\.)*"')
_IN_STRING: Final = re.compile(rf"([,;]'*{_BETWEEN})([{_FORMULA}])")
Cell = str | int | float | list[Any] | dict[str, Any] | None


def line(cells: Iterable[Cell], delimiter: str = ",") -> str:
    """One line with its end. Text is guarded, numbers have a point, None is empty, truth is true or false, lists are JSON."""
    return f"{delimiter.join(map(_cell, cells))}\r\n"


def guarded(text: str) -> str:
    """``text`` with an apostrophe wherever a formula could begin."""
    return GUARD.sub("'", text)


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return GUARDED.sub("", text)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = _json(value) if isinstance(value, list | dict) else guarded(str(value))
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if QUOTED.search(text) else text


def _json(value: Any) -> str:
    """JSON of one line: it holds no tab, and structure never begins a formula but by a number, so that strings alone are looked at."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _STRING.sub(lambda string: _IN_STRING.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", string[0]), text)
