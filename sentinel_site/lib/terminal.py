"""Printing for people at a terminal, and for programs that read what is printed.

What is printed came from outside: a title may hold a sequence that clears the screen, or hides an address behind a word. No control
character reaches the output, and no text is taken for markup. On a terminal there are tables and colours; elsewhere one line for each
row, its values between tabs, and instants in UTC: that form does not change.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TextIO

from django.utils import timezone

from sentinel_site.lib import spans

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_CLASS: Final = r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
"""Besides the control characters of ASCII: those after it, what turns the direction of writing, and what cannot be encoded."""
_CONTROL: Final = re.compile(rf"[\x00-\x1f{_CLASS}]")
_IN_JSON: Final = re.compile(f"[{_CLASS}]")
_BREAKS: Final = re.compile(r"\r\n|[\t\n\r\x0b\x0c\x85\u2028\u2029]")
_NOTHING: Final = "-"
SHORT: Final = 18
"""So much of an id tells it from others that were born in the same millisecond."""
LEAST: Final = 16
"""So narrow a column may become whose texts are broken."""
Value = Any
"""What may stand in a table: text, a Cell, an aware instant, a number, or None."""


class Cell(NamedTuple):
    """Text with a style of `rich`, which only a terminal shows."""

    text: object
    style: str = ""


def clean(text: object) -> str:
    """``text`` on one line: breaks become blanks, and each character that could steer a terminal becomes U+FFFD."""
    return _CONTROL.sub("\ufffd", _BREAKS.sub(" ", str(text)))


def clean_lines(text: object) -> str:
    """``text`` with its lines, each of them clean."""
    return "\n".join(clean(line) for line in str(text).splitlines())


def as_json(value: Any, *, indent: int | None = None) -> str:
    """``value`` as JSON that can be shown on any terminal: what `clean` would replace is escaped, all else is as REST writes it."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return _IN_JSON.sub(lambda found: json.dumps(found[0])[1:-1], text)


class Screen:
    """Where a command prints. ``out`` is the stream itself, without Django's wrapper."""

    def __init__(self, out: TextIO, *, colour: bool = True) -> None:
        self._out = out
        self._colour = colour
        self.terminal = bool(getattr(out, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"

    @cached_property
    def console(self) -> "Console":
        """The terminal. NO_COLOR is respected; nothing is read as markup."""
        from rich.console import Console  # noqa: PLC0415 (only what prints on a terminal needs it)

        no_color = None if self._colour else True
        return Console(file=self._out, force_terminal=True, no_color=no_color, markup=False, emoji=False, highlight=False)

    def say(self, text: object, style: str = "") -> None:
        """Print ``text`` and end the line; lines of the text stay lines."""
        if not self.terminal:
            self._out.write(f"{clean_lines(text)}\n")
            return
        self.console.print(clean_lines(text), style=style or None, soft_wrap=True)

    def document(self, value: Any) -> None:
        """Print one JSON document: on several lines at a terminal, on one elsewhere."""
        self._out.write(f"{as_json(value, indent=2 if self.terminal else None)}\n")

    def item(self, value: Any) -> None:
        """Print a JSON document on a line of its own, at once."""
        self._out.write(f"{as_json(value)}\n")
        self._out.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Value]], *, wide: Sequence[str] = ()) -> None:
        """Print rows. At a terminal ``columns`` head them, and those in ``wide`` are broken when it is narrow."""
        if self.terminal:
            self.console.print(self.grid(columns, rows, wide=wide))
            return
        for row in rows:
            self._out.write("\t".join(self._plain(value) for value in row) + "\n")

    def fields(self, pairs: Iterable[tuple[str, Value]]) -> None:
        """Print names with their values, a line each; at a terminal without those that are empty."""
        if not self.terminal:
            self.table((), pairs)
            return
        rows = [(Cell(name, "bold"), value) for name, value in pairs if value not in (None, "", [])]
        self.console.print(self.grid(("name", "value"), rows, wide=("value",), heads=False))

    def grid(
        self, columns: Sequence[str], rows: Iterable[Sequence[Value]], *, wide: Sequence[str] = (), heads: bool = True, cut: bool = False
    ) -> "Table":
        """The table of `rich` that ``table`` prints at a terminal. ``cut``: each row is one line, for which what is ``wide`` is cut off."""
        from rich.table import Table  # noqa: PLC0415 (only what prints on a terminal needs it)
        from rich.text import Text  # noqa: PLC0415 (as above)

        grid = Table(box=None, show_header=heads, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0), expand=cut)
        for name in columns:
            broken, rest = name in wide and not cut, 1 if name in wide and cut else None
            overflow: Literal["fold", "ellipsis"] = "fold" if broken else "ellipsis"
            grid.add_column(name, no_wrap=not broken, overflow=overflow, min_width=LEAST if broken else None, ratio=rest)
        for row in rows:
            cells = [value if isinstance(value, Cell) else Cell(value) for value in row]
            grid.add_row(*(Text(self._shown(cell.text), style=cell.style) for cell in cells))
        return grid

    def flush(self) -> None:
        """Hand over what was printed so far."""
        self._out.flush()

    def moment(self, at: datetime | None) -> str:
        """An instant: by the site's clock at a terminal, elsewhere in UTC."""
        if at is None:
            return "" if self.terminal else _NOTHING
        if self.terminal:
            return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def near(self, moment: datetime | None, *, at: datetime) -> Value:
        """An instant in a list: how far from ``at`` at a terminal, elsewhere itself."""
        return spans.beside(moment, at=at) if moment and self.terminal else moment

    def short(self, pk: str) -> str:
        """An id in a list: as much of it as tells it from others at a terminal, elsewhere all of it."""
        return pk[:SHORT] if self.terminal else pk

    def _shown(self, value: Value) -> str:
        return self.moment(value) if isinstance(value, datetime) else "" if value is None else clean(value)

    def _plain(self, value: Value) -> str:
        value = value.text if isinstance(value, Cell) else value
        return self.moment(value) if isinstance(value, datetime) else _NOTHING if value in (None, "") else clean(value)
