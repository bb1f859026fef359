"""What people read has French: every text marked in code, pages and scripts, in the file that is read at run time. No word is unmarked."""

import ast
import gettext
import io
import re

import pytest
from babel.messages.pofile import read_po

from tests import wording
from tests.test_architecture import APPS, ROOT, modules, place, tree

FOLDER = ROOT / "locale" / "fr" / "LC_MESSAGES"
MARKS = {"_", "gettext", "gettext_noop", "gettext_lazy", "ngettext", "ngettext_lazy"}
TORN = re.compile(r"(?<=\S) [:;!?»](?!\w)|^ [:;!?»]|« |\u202f")
"""A French sign after a space that breaks, or after one that old telephones show as a box."""
PERCENT = re.compile(r"%(\(\w+\)\S*?[sdf]|[sd]\b)")
BRACES = re.compile(r"{(\w*)}")
PAGES = sorted(path for path in (ROOT / "templates").rglob("*.html") if not {"admin", "notifications", "unfold"} & set(path.parts))
MESSAGES = sorted((ROOT / "templates" / "notifications" / "fr").iterdir())
SCRIPTS = sorted((ROOT / "static" / "live").glob("*.js"))


def entries(name):
    """Every entry of the .po file that is a text."""
    return [entry for entry in read_po(io.BytesIO((FOLDER / f"{name}.po").read_bytes())) if entry.id]


def texts(value):
    return [value] if isinstance(value, str) else list(value)


def known(name):
    return {text for entry in entries(name) for text in texts(entry.id)}


def compiled(name: str) -> gettext.GNUTranslations:
    with (FOLDER / f"{name}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def marked() -> dict[str, str]:
    """Every text marked for translation in code and pages, and where."""
    found = {}
    for path in modules(*APPS):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and (getattr(node.func, "id", "") in MARKS or getattr(node.func, "attr", "") in MARKS):
                plain = [each.value for each in node.args[:2] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
                found |= dict.fromkeys(plain, f"{place(path)}:{node.lineno}")
    for page in (ROOT / "templates").rglob("*.html"):
        found |= dict.fromkeys(wording.marked_in_page(page), page.name)
    return found


def meant() -> set[tuple[str, str]]:
    """Every text that is marked with what it means there, as it has two meanings: the meaning, and the text."""
    calls = [node for path in modules(*APPS) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    said = [node.args for node in calls if getattr(node.func, "id", "").startswith("pgettext") and isinstance(node.args[0], ast.Constant)]
    found = {(str(meaning.value), str(text.value)) for meaning, text, *_ in said}
    tagged = [re.findall(r'{% translate "([^"]+)" context "([^"]+)"', page.read_text()) for page in (ROOT / "templates").rglob("*.html")]
    return found | {(meaning, text) for page in tagged for text, meaning in page}


def places(text):
    """The places of a sentence, in whichever way they are written: %(name)s and {name}."""
    return sorted({*PERCENT.findall(text), *BRACES.findall(text)})


def test_every_text_that_is_marked_has_french():
    french = known("django")

    assert {text: where for text, where in marked().items() if text not in french} == {}


def test_every_text_with_two_meanings_has_french_for_each():
    french = {(entry.context, text) for entry in entries("django") for text in texts(entry.id)}

    assert {pair for pair in meant() if pair not in french} == set()


def test_every_text_that_scripts_say_has_french():
    french = known("djangojs")
    said = {text: script.name for script in SCRIPTS for text in wording.marked_in_script(script)}

    assert {text: where for text, where in said.items() if text not in french} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_page_has_a_word_that_is_not_marked(page):
    assert {text for text in wording.bare_in_page(page) if not set(re.findall(r"[^\W\d_]{2,}", text)) <= wording.NAMES} == set()


def test_no_script_has_a_word_that_is_not_marked():
    french = known("djangojs")
    found = {(script.name, text) for script in SCRIPTS for text in wording.words_of_script(script) if text not in french}

    assert sorted(found) == []


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_french_is_complete_and_nothing_is_left_to_check(name):
    wrong = [entry.id for entry in entries(name) if entry.fuzzy or not all(texts(entry.string))]

    assert wrong == []


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_french_signs_stay_with_their_words(name):
    """A no-break space (U+00A0) before : ; ! ? » and after «; `notifications/gsm.py` writes a plain one into an SMS."""
    assert [text for entry in entries(name) for text in texts(entry.string) if TORN.search(text)] == []


def test_french_signs_of_messages_stay_with_their_words():
    said = {path.name: re.sub(r"{[{%].*?[%}]}|&\w+;|style=\"[^\"]*\"", "x", path.read_text()) for path in MESSAGES}

    assert {name: TORN.findall(text) for name, text in said.items() if TORN.search(text)} == {}


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_french_apostrophes_are_those_of_print(name):
    assert [text for entry in entries(name) for text in texts(entry.string) if re.search(r"[A-Za-zé]'[^\W\d_]{2}", text)] == []


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_french_sentences_have_the_places_of_the_english_ones(name):
    both = [(texts(entry.id), texts(entry.string)) for entry in entries(name)]

    assert [english[0] for english, french in both if [text for text in french if places(text) not in allowed(english)]] == []


def allowed(english):
    """A singular may leave the number out."""
    return [places(text) for text in english] + [[name for name in places(english[0]) if name not in {"n", "(n)d", "count", "(count)d"}]]


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_the_compiled_file_says_what_the_written_one_says(name):
    """After a change of the .po file: msgfmt -o django.mo django.po."""
    said = compiled(name)._catalog
    written = {}
    for entry in entries(name):
        first, *_ = texts(entry.id)
        first = f"{entry.context}\x04{first}" if entry.context else first
        written |= {first: entry.string} if isinstance(entry.string, str) and entry.string else {}
        written |= {(first, form): text for form, text in enumerate(entry.string)} if not isinstance(entry.string, str) else {}

    assert {text: french for text, french in said.items() if text} == written
