"""How a text fits into SMS segments, and how to make it fit.

The GSM alphabet carries 160 characters in one segment and 153 in each of several; one character outside of it, and the
whole message is UCS-2: 70, and 67 in each of several. So letters that the alphabet lacks are written with those it has,
as long as that leaves none outside: é, è, à and ù it has, ê and ç become e and c. Other scripts stay as they are.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

MAX_SEGMENTS: Final = 3
ALPHABET: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE: Final = frozenset("^{}\\[~]|€\f")
"""In the alphabet's extension: they count as two."""
_WRITTEN: Final = {
    "’": "'", "‘": "'", "‚": ",", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'", "`": "'", "´": "'",
    "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "…": "...", "•": "-", "·": "-", "×": "x", "÷": "/", "œ": "oe", "Œ": "OE", "º": "o",
    "ª": "a", "°": "", "²": "2", "³": "3", "µ": "u", "μ": "u", "½": "1/2", "¼": "1/4", "¾": "3/4", "©": "(c)", "®": "(r)", "™": "(tm)",
    "≤": "<=", "≥": ">=", "≠": "<>", "→": "->", "←": "<-", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th",
    "Þ": "Th", "ı": "i", "ẞ": "SS", "\t": " ", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
}  # fmt: skip


def plain(text: str) -> str:
    """``text`` in the GSM alphabet when that loses no letter; else as it is. Signs that no alphabet knows (emoji) are dropped."""
    written = "".join(_spell(char) for char in unicodedata.normalize("NFC", text).replace("n°", "no").replace("N°", "No"))
    return written if is_gsm(written) else text


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet has every character."""
    return all(char in ALPHABET or char in TWICE for char in text)


def segments(text: str) -> int:
    """How many segments ``text`` takes."""
    single, several = (160, 153) if is_gsm(text) else (70, 67)
    size = _size(text)
    return 1 if size <= single else -(-size // several)


def fit(parts: Sequence[str], end: str, *, limit: int = MAX_SEGMENTS) -> str:
    """``parts`` and ``end`` in one text of at most ``limit`` segments.

    ``end`` is never cut, and the first part only when nothing else is left to leave out; the others go first, the last
    before the rest.
    """
    end = plain(end)
    kept = [plain(part) for part in parts if part]
    while segments(_joined(kept, end)) > limit and len(kept) > 1:
        kept.pop()
    first = kept[0] if kept else ""
    while first and segments(_joined(kept, end)) > limit:
        first = first[:-1].rstrip()
        kept = [f"{first}..."]
    return _joined(kept, end)


def _joined(parts: Sequence[str], end: str) -> str:
    return " ".join([*parts, end] if end else parts)


def _size(text: str) -> int:
    if is_gsm(text):
        return len(text) + sum(char in TWICE for char in text)
    return len(text.encode("utf-16-le", "replace")) // 2


def _spell(char: str) -> str:
    if char in ALPHABET or char in TWICE:
        return char
    if char in _WRITTEN:
        return _WRITTEN[char]
    bare = "".join(each for each in unicodedata.normalize("NFKD", char) if not unicodedata.combining(each))
    if bare and all(each in ALPHABET or each in TWICE for each in bare):
        return bare
    return "" if unicodedata.category(char) in {"So", "Sk", "Cf", "Mn", "Me", "Cn", "Co", "Cc"} else char
