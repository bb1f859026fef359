"""The commands that the README, the manual, ARCHITECTURE and CHANGELOG show: found, and taken apart as a shell does."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = [*(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES = {str(path.relative_to(ROOT)): path.read_text() for path in FILES}
SHELLS = ("sh", "bash", "console", "shell")
FENCED = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^ *```", re.M | re.S)
PROMPT = re.compile(r"^\s*\$ (.+)", re.M)
CRON = re.compile(r"^(?:[\d*/,-]+ ){5}(.+)", re.M)
INLINE = re.compile(r"`([^`\n]+)`")
NAMED = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\S*python3? )?(?:manage\.py|make|sentinelctl|amtool|docker|curl|wget) (?!…)")
WORD = re.compile(r"^(?:alert|silence|oncall|job) [a-z]")
REMARK = re.compile(r"(^|\s)#(?=\s).*", re.M)
PLACE = re.compile(r"<[a-z][\w -]*>")
SOME_ID = "0b8f0b5e-9d2e-4b7e-8a51-1d6f8f3f9c11"
ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
BETWEEN = ";&|()<>\n"


@dataclass(frozen=True)
class Block:
    """A block between fences: its page, its language, and what stands in it."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Shown:
    """One command: its page, its words without variables that are set for it, and whether a reader copies it out of a block."""

    page: str
    words: tuple[str, ...]
    copied: bool

    @property
    def django(self) -> tuple[str, ...]:
        """The words behind ``manage.py``, or behind ``sentinelctl`` which stands for it; none when it is another program."""
        for number, word in enumerate(self.words):
            if word.endswith("manage.py") or (number == 0 and word == "sentinelctl"):
                return self.words[number + 1 :]
        return ()

    @property
    def program(self) -> str:
        return self.words[0]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def blocks(page: str) -> list[Block]:
    return [Block(page, language, text) for _, language, text in FENCED.findall(PAGES[page])]


def scripts(block: Block) -> list[str]:
    """What a shell would read of ``block``: all of it, what stands behind a prompt, or the commands of a crontab."""
    if block.language in SHELLS:
        return [block.text]
    return [] if block.language not in ("", "text") else [*PROMPT.findall(block.text), *CRON.findall(block.text)]


def filled(text: str, **places: str) -> str:
    """With something in every place that a reader fills: what ``places`` name ("ping_key"), an id, or a word."""
    return PLACE.sub(lambda place: places.get(place[0][1:-1].replace(" ", "_")) or (SOME_ID if "id" in place[0] else "yours"), text)


def taken_apart(script: str) -> Iterator[tuple[str, ...]]:
    """Its simple commands, also those in ``$( … )``; redirections and variables that are set are no words of theirs."""
    text = REMARK.sub(r"\1", script.replace("\\\n", " "))
    lexer = shlex.shlex(filled(text), posix=True, punctuation_chars=BETWEEN)
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    words: list[str] = []
    redirected = False
    for word in [*lexer, "\n"]:
        if set(word) <= set(BETWEEN):
            redirected = bool(set(word) & set("<>"))
            if not redirected:
                yield from _command(words)
                words = []
        elif redirected:
            redirected = False
        else:
            words.append(word)


def _command(words: list[str]) -> Iterator[tuple[str, ...]]:
    while words and ASSIGNED.match(words[0]):
        words = words[1:]
    if words and words != ["…"]:
        yield tuple(words)


def all_shown() -> list[Shown]:
    """Every command, page by page: those of blocks, then those within sentences."""
    found = []
    for page, text in PAGES.items():
        for block in blocks(page):
            found += [Shown(page, words, copied=True) for script in scripts(block) for words in taken_apart(script)]
        sentences = FENCED.sub("", text)
        spans = [span for span in INLINE.findall(sentences) if NAMED.match(span) or (page == "docs/cli.md" and WORD.match(span))]
        found += [Shown(page, words, copied=False) for span in spans for words in taken_apart(_whole(span))]
    return found


def _whole(span: str) -> str:
    return f"manage.py {span}" if WORD.match(span) else span
