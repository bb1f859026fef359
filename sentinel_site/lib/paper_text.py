"""Text as it can be put on paper: without what a font cannot show, broken into lines, and right-to-left where it must be. Pure."""

import re
import unicodedata
from collections.abc import Container, Mapping
from itertools import groupby
from typing import Final

UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"
BOX: Final = "\N{WHITE SQUARE}"
"""Stands for a character that the font does not have."""
TAB: Final = "    "
MOST: Final = 20_000
"""Characters of one text that are laid out; a longer one is cut, and says so."""
_TOKEN: Final = re.compile(r"\s+|\S+")
_BREAKS: Final = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_MIRRORED: Final = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_RIGHT: Final = frozenset({"R", "AL"})
_DIGITS: Final = frozenset({"EN", "AN"})


def safe(text: str) -> str:
    """``text`` without what would make it look like another one on a page: marks that turn writing around, and control characters."""
    if text.isprintable():
        return text
    return "".join("" if unicodedata.category(char) == "Cf" else UNKNOWN if _steers(char) else char for char in text)


def printable(text: str, known: Container[int]) -> str:
    """``text`` with a sign in the place of what cannot be shown, and without what only steers the showing. Line breaks stay."""
    short = text if len(text) <= MOST else f"{text[:MOST]} … ({len(text) - MOST})"
    composed = unicodedata.normalize("NFC", _BREAKS.sub("\n", short).replace("\t", TAB))
    return (
        composed if composed.isascii() and composed.replace("\n", "").isprintable() else "".join(_shown(each, known) for each in composed)
    )


def lines(text: str, widths: Mapping[int, float], *, size: float, width: float, default: float = 600.0, most: int = 10_000) -> list[str]:
    """``text`` in lines of at most ``width``; ``widths`` are of characters in thousandths of ``size``. Words that are too long are broken.

    At most ``most`` lines, the last of which then ends with an ellipsis.
    """
    room = width * 1000 / size
    found: list[str] = []
    for paragraph in text.split("\n"):
        found += _wrapped(paragraph, widths, room, default)
        if len(found) > most:
            return [*found[: most - 1], found[most - 1].rstrip()[:-2] + "…"]
    return found


def visual(line: str) -> str:
    """``line`` in the order in which it is read from left to right on paper: what is written from right to left is turned around.

    The common cases of Unicode's algorithm: words and numbers of both directions, and brackets. Letters are not joined.
    """
    if line.isascii():
        return line
    classes = [unicodedata.bidirectional(char) for char in line]
    if not _RIGHT.intersection(classes):
        return line
    base = next((1 if each in _RIGHT else 0 for each in classes if each in _RIGHT or each == "L"), 0)
    return _turned(line, _levels(classes, base))


def _steers(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}


def _shown(char: str, known: Container[int]) -> str:
    category = unicodedata.category(char)
    if char == "\n" or (char == " "):
        return char
    if category == "Zs":
        return " "
    if category in {"Cf", "Mn"} and (category == "Cf" or ord(char) not in known):
        return ""
    return UNKNOWN if category in {"Cc", "Cs", "Cn", "Co"} else char if ord(char) in known else BOX


def _wrapped(paragraph: str, widths: Mapping[int, float], room: float, default: float) -> list[str]:
    found, line, used = list[str](), "", 0.0
    for token in _TOKEN.findall(paragraph):
        size = _size(token, widths, default)
        if used + size > room and not token.isspace():
            if line.strip():
                found.append(line.rstrip())
                line, used = "", 0.0
            if size + used > room:
                pieces = _pieces(token, widths, room, default)
                found += pieces[:-1]
                token, line, used = pieces[-1], "", 0.0
                size = _size(token, widths, default)
        line, used = line + token, used + size
    return [*found, line.rstrip()]


def _size(text: str, widths: Mapping[int, float], default: float) -> float:
    return sum(widths.get(code, default) for code in map(ord, text))


def _pieces(word: str, widths: Mapping[int, float], room: float, default: float) -> list[str]:
    """A word in pieces that fit, each with one character at least."""
    found, start, used = list[str](), 0, 0.0
    for place, char in enumerate(word):
        size = widths.get(ord(char), default)
        if used + size > room and place > start:
            found.append(word[start:place])
            start, used = place, 0.0
        used += size
    return [*found, word[start:]]


def _levels(classes: list[str], base: int) -> list[int]:
    """How deep each character is: even from left to right, odd from right to left."""
    strong = ["R" if each in _RIGHT else "L" if each == "L" else "D" if each in _DIGITS else "" for each in classes]
    sides = ["R" if each == "D" else each for each in strong] if "R" in strong else strong
    own = "R" if base else "L"
    before, after = _nearest(sides, own), _nearest(sides[::-1], own)[::-1]
    found = []
    for kind, left, right in zip(strong, before, after, strict=True):
        side = kind or (left if left == right else own)
        found.append({"R": 1, "L": 2 if base else 0, "D": 2 if base or left == "R" else 0}[side])
    return found


def _nearest(sides: list[str], own: str) -> list[str]:
    """The last side up to each place."""
    found, last = [], own
    for side in sides:
        last = side or last
        found.append(last)
    return found


def _turned(line: str, levels: list[int]) -> str:
    """From the deepest level on, every stretch of it is turned around; brackets in it look the other way."""
    chars = [(char.translate(_MIRRORED) if level % 2 else char, level) for char, level in zip(line, levels, strict=True)]
    for depth in range(max(levels), 0, -1):
        turned: list[tuple[str, int]] = []
        for deep, group in groupby(chars, lambda each: each[1] >= depth):  # noqa: B023  (used at once)
            stretch = list(group)
            turned += stretch[::-1] if deep else stretch
        chars = turned
    return "".join(char for char, _ in chars)
