"""What people read has French: every text marked in code and pages, in the file that is read at run time."""

import ast
import gettext
import re

import pytest

from tests.test_architecture import APPS, ROOT, modules, place, tree

FOLDER = ROOT / "locale" / "fr" / "LC_MESSAGES"
MARKS = {"_", "gettext", "gettext_noop", "gettext_lazy", "ngettext"}
TAG = re.compile(r'{% translate "([^"]+)"')
TEXT = re.compile(r'^(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) (.*)\n((?:".*"\n)*)', re.M)


def compiled(name: str) -> gettext.GNUTranslations:
    with (FOLDER / f"{name}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def parts(name: str) -> list[tuple[str, str]]:
    """Every entry of the .po file: what it is (msgid, msgid_plural, msgstr …), and its text."""
    lines = TEXT.findall((FOLDER / f"{name}.po").read_text())
    return [(kind, "".join(ast.literal_eval(line) for line in [first, *more.splitlines()])) for kind, first, more in lines]


def written(name: str) -> dict[str, str]:
    """The texts of the .po file and their (first) translation."""
    found, text, context = {}, "", ""
    for kind, value in parts(name):
        if kind == "msgctxt":
            context = f"{value}\x04"
        elif kind == "msgid":
            text, context = f"{context}{value}", ""
        elif kind in {"msgstr", "msgstr[0]"}:
            found[text] = value
    return {text: value for text, value in found.items() if text}


def marked() -> dict[str, str]:
    """Every text marked for translation, and where."""
    found = {}
    for path in modules(*APPS):
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") in MARKS
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found[node.args[0].value] = f"{place(path)}:{node.lineno}"
    for page in (ROOT / "templates").rglob("*.html"):
        found |= dict.fromkeys(TAG.findall(page.read_text()), page.name)
    return found


def test_every_text_that_is_marked_has_french():
    known = {text for kind, text in parts("django") if kind.startswith("msgid")}

    assert {text: where for text, where in marked().items() if text not in known} == {}


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_the_compiled_file_says_what_the_written_one_says(name):
    """After a change of the .po file: msgfmt -o django.mo django.po."""
    catalogue = compiled(name)

    said = {text: {catalogue.gettext(text), catalogue.ngettext(text, text, 1)} - {text} or {text} for text in written(name)}

    assert said == {text: {value} for text, value in written(name).items()}
