"""What commands print: nothing that steers a terminal, nothing taken for markup, a plain form that does not change."""

import io
import json
import re
from datetime import UTC, datetime

import pytest

from sentinel_site.lib.terminal import Cell, Screen, as_json, clean, clean_lines

NOON = datetime(2026, 3, 2, 12, 0, 5, 123456, tzinfo=UTC)
HOSTILE = "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\ \x9b2J\r\x07[bold red]x[/] \u202egpj.exe\nnext\ttab"


class Tty(io.StringIO):
    """A terminal, as far as a program can tell."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def tty(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    return Tty()


def test_nothing_that_steers_a_terminal_is_left():
    said = clean(HOSTILE)

    assert said.isprintable()
    assert "[bold red]x[/]" in said
    assert clean_lines("one\x1b[2J\r\ntwo\x9b") == "one\ufffd[2J\ntwo\ufffd"


def test_json_says_the_same_without_what_steers_a_terminal():
    text = as_json({"title": HOSTILE, "é": ["\U000e0041", "\x7f"]})

    assert text.isprintable()
    assert json.loads(text) == {"title": HOSTILE, "é": ["\U000e0041", "\x7f"]}
    assert "é" in text


def test_elsewhere_a_row_is_a_line_with_tabs_and_instants_in_utc():
    out = io.StringIO()

    Screen(out).table(("a", "b"), [[1, Cell(HOSTILE, "red"), NOON], ["", None, "x"]])

    first, second = out.getvalue().splitlines()
    assert first.split("\t") == ["1", clean(HOSTILE), "2026-03-02T12:00:05Z"]
    assert second == "-\t-\tx"


def test_a_terminal_gets_a_table_whose_texts_are_no_markup(tty):
    Screen(tty).table(("no.", "title"), [[Cell(7, "bold"), HOSTILE]], wide=("title",))

    shown = tty.getvalue()
    assert "[bold red]x[/]" in shown
    assert "\x1b[1m" in shown
    assert re.sub(r"\x1b\[[\d;]*m|\n", "", shown).isprintable()


def test_no_colour_is_shown_to_who_wants_none(tty, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    Screen(tty).table(("title",), [[Cell("late", "red")]])

    assert "31m" not in tty.getvalue()
    assert "late" in tty.getvalue()


def test_a_dumb_terminal_is_none(tty, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    assert not Screen(tty).terminal
