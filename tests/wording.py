"""What pages and scripts say: texts that are marked for translation, and words that are not. Read from the files; nothing is run."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.jslexer import tokenize, unquote_string
from django.template.base import Lexer, TokenType
from django.utils.text import smart_split

NAMES = {
    "Android",
    "Chrome",
    "Edge",
    "Firefox",
    "Linux",
    "Notification",
    "Safari",
    "Windows",
    "Sentinel",
    "SHA",
    "UTC",
    "CSV",
    "PNG",
    "PDF",
    "JSON",
    "min",
    "Escape",
    "Enter",
    "Tab",
    "Accept",
    "Lp",
    "Leq",
    "Lmax",
    "Lmin",
    "Lpeak",
    "Leq,mov",
}
"""The same in every language, or read by nobody."""
SENTENCE = re.compile(r"[A-Z][a-zé]+(?:[ .,:…?!].*)?$|[a-z]+ [a-z]+ [a-z]+.*[.?!…]$", re.S)
LETTERS = re.compile(r"[^\W\d_]{2,}")
SPOKEN = {"title", "alt", "placeholder", "aria-label", "label"}
"""Attributes that people hear or read."""


def marked_in_page(page: Path) -> Iterator[str]:
    """Every text of a template that is marked: of translate, of blocktranslate, of _() in other tags."""
    block: list[str] | None = None
    for token in Lexer(page.read_text()).tokenize():
        words = token.contents.split(None, 1) if token.token_type == TokenType.BLOCK else [""]
        if words[0] == "blocktranslate":
            block = [""]
        elif words[0] == "plural" and block is not None:
            block.append("")
        elif words[0] == "endblocktranslate" and block is not None:
            yield from block
            block = None
        elif block is not None:
            block[-1] += f"%({token.contents})s" if token.token_type == TokenType.VAR else token.contents
        elif words[0] == "translate":
            text = next(iter(smart_split(words[1])))
            if text[0] in "\"'":
                yield text[1:-1]


class _Texts(HTMLParser):
    """Collects what a person reads of a page, with {} for what a template puts in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self.inside.append(tag)
        self.found += [value for name, value in attrs if name in SPOKEN or name.startswith("data-what") if value]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.found.append(data)


def bare_in_page(page: Path) -> set[str]:
    """The texts of a template that no tag translates."""
    source, hidden = "", False
    for token in Lexer(page.read_text()).tokenize():
        word = token.contents.split(None, 1)[0] if token.token_type == TokenType.BLOCK else ""
        hidden = word in {"blocktranslate", "comment"} or (hidden and word not in {"endblocktranslate", "endcomment"})
        source += token.contents if token.token_type == TokenType.TEXT and not hidden else ""
    reader = _Texts()
    reader.feed(source)
    return {text.strip() for text in reader.found if LETTERS.search(text)}


def marked_in_script(script: Path) -> set[str]:
    """Every text of a script that is said by words("…") or say("…") right there."""
    tokens = [token for token in tokenize(script.read_text(), jsx=False) if token.type not in {"linecomment", "multilinecomment"}]
    return {
        unquote_string(text.value)
        for name, bracket, text in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if name.value in {"words", "say", "gettext"} and bracket.value == "(" and text.type == "string"
    }


def words_of_script(script: Path) -> Iterator[str]:
    """The strings of a script that look like words for people: a capital and small letters, or a sentence."""
    for token in tokenize(script.read_text(), jsx=False):
        if token.type == "string":
            text = unquote_string(token.value)
            if SENTENCE.match(text) and text not in NAMES:
                yield text
