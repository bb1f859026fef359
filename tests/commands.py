"""Commands for tests, called in this process: what they print, and the code they end with."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

NAMED = ("--as", "robin")


def said(*words: str) -> str:
    """What a command prints to a program that reads it."""
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def rows(*words: str) -> list[list[str]]:
    """What it prints, as its lines' values."""
    return [line.split("\t") for line in said(*words).splitlines()]


def document(*words: str) -> Any:
    """The one JSON document that it prints."""
    return json.loads(said(*words, "--json"))


def refused(*words: str) -> tuple[int, str]:
    """The code and the line that a command ends with when it is not done."""
    with pytest.raises(CommandError) as caught:
        call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
    text = str(caught.value)
    assert text.isprintable(), "an error is one line that steers no terminal"
    return caught.value.returncode, text
