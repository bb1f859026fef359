"""Lines of CSV in which no spreadsheet finds a formula, whichever character it parts cells at."""

import csv
import io
import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_site.lib import csvtext

SEPARATORS = (",", ";", "\t")
TRICKY = st.text(st.sampled_from(list("=+-@＝,;\t\r\n\"' \u200b\ufeff\xa0a1|")), max_size=14)
TEXT = TRICKY | st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=14)


def opened(text, separator):
    """What a spreadsheet makes of a file: quotes count where a cell begins, and not inside of one."""
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]


def formulas(text):
    found = [cell for separator in SEPARATORS for cell in opened(text, separator)]
    return [cell for cell in found if cell.strip().strip('"\u200b\ufeff').strip()[:1] in set("=+-@＝＋－＠") and cell.strip()]


@given(st.lists(TEXT | st.lists(TEXT, max_size=3), min_size=1, max_size=4), st.sampled_from(SEPARATORS))
@example(["a", "Ann;=1+1;b"], ",")
@example(["a", 'Ann;"=1+1;b'], ",")
@example(["a", "Ann,=1+1"], ";")
@example(["a", "Ann\n=1+1"], ",")
@example(["a", ["x;=1+1;", "=1"]], ",")
@example(["a", ["x", "=1"]], ";")
def test_no_separator_of_a_spreadsheet_makes_a_formula(cells, separator):
    assert formulas(csvtext.line(cells, separator) * 2) == []


@given(TEXT)
@example(";\t'=")
@example("\t=1")
@example("''=1;''=1")
def test_every_text_comes_back(text):
    assert csvtext.unguarded(csvtext.guarded(text)) == text


@given(st.lists(TEXT | st.integers() | st.lists(TEXT), max_size=3))
@example([1, -2, "a;'=x"])
def test_json_says_the_same_and_has_nothing_that_would_be_taken_away(value):
    (cell,) = opened(csvtext.line([value]), ",")

    assert (json.loads(cell), csvtext.unguarded(cell)) == (value, cell)


def test_what_is_no_text_is_written_as_it_is():
    assert csvtext.line([None, True, -5, 0.25, "a", "a;b", {"a": "=1, -2"}], ";") == ';true;-5;0.25;a;"a;b";"{""a"": ""=1, \\u002d2""}"\r\n'


@pytest.mark.parametrize("text", [";" + " " * 200_000, ";" * 200_000, "'" * 200_000, ',"' * 100_000, "; '" * 60_000])
def test_a_long_text_takes_no_longer_than_its_length(text):
    begun = time.process_time()
    csvtext.line([text, [text]])

    assert csvtext.unguarded(csvtext.guarded(text)) == text
    assert time.process_time() - begun < 10
