"""Pages on paper: whatever the text is, it stands within the margins, in the order in which it is read, and in bounded time."""

import pytest

from sentinel_site.lib import paper, paper_text
from tests.pictures import jpeg

WIDTHS = dict.fromkeys(range(32, 0x10000), 500.0)
HEBREW = "\u05e9\u05dc\u05d5\u05dd"
MARGINS = paper.Margins("Site", "Alert #1", ["Made", "SHA-256"], "Page %(page)d of %(pages)d")


def lines(text, width=100.0, **more):
    return paper_text.lines(text, WIDTHS, size=10, width=width, **more)


def test_words_are_broken_where_they_must_be():
    assert lines("a long sentence of words") == ["a long sentence of", "words"]
    assert lines("x" * 45) == ["x" * 20, "x" * 20, "x" * 5]
    assert lines("  two blanks\n\nan empty line") == ["  two blanks", "", "an empty line"]


def test_a_text_of_any_length_takes_so_many_lines_at_the_most():
    found = lines("w " * 100_000, most=3)

    assert (len(found), found[-1][-1]) == (3, "…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é", "plain é"), ("\u202eevil\u202c", "evil"), ("a\x07\x1b[31m", "a\ufffd\ufffd[31m"), ("\u4e2d", "\u25a1"),
        ("a\tb\r\nc\u2028d", "a    b\nc\nd"), ("\ud800", "\ufffd"), ("soft\u00adhyphen", "softhyphen"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_seen_to_be_missing(text, shown):
    assert paper_text.printable(text, range(0x20, 0x400)) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("plain\né", "plain\né"), ("\u202eevil", "evil"), ("a\x00b", "a\ufffdb"), ("zero\u200bwidth", "zerowidth")]
)
def test_nothing_turns_the_writing_of_a_page_around(text, shown):
    assert paper_text.safe(text) == shown


def test_what_is_written_from_right_to_left_is_turned_around_and_its_numbers_are_not():
    assert paper_text.visual(f"to {HEBREW} at 12") == f"to {HEBREW[::-1]} at 12"
    assert paper_text.visual(f"{HEBREW} 12 (abc)") == f"(abc) 12 {HEBREW[::-1]}"
    assert paper_text.visual("only latin é") == "only latin é"


@pytest.mark.parametrize("kept", [0, 100, -200])
def test_a_picture_that_breaks_off_is_refused_at_once(kept):
    with pytest.raises(OSError, match=r"(?i)cannot identify|truncated"):
        paper.Paper(MARGINS).picture(jpeg((640, 480))[:kept])


def test_a_document_has_as_many_pages_as_it_takes_and_an_empty_one_has_one():
    full, empty = paper.Paper(MARGINS), paper.Paper(MARGINS)
    full.heading("A heading")
    full.text("word " * 8000)
    full.pair("A label", "value " * 2000)

    assert full.pdf(title="T", author="A", language="fr").count(b"/Type /Page\n") > 5
    assert empty.pdf(title="T", author="A", language="en").count(b"/Type /Page\n") == 1


def test_greek_cyrillic_and_hebrew_are_in_the_fonts():
    page = paper.Paper(MARGINS)

    assert page.lines(f"Ελληνικά Кириллица {HEBREW} œuvre", size=9, bold=True, width=500) == [f"Ελληνικά Кириллица {HEBREW} œuvre"]
