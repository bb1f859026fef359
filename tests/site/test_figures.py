"""Numbers and days stand as the reader writes them, in lists, forms and alerts."""

import ast
import re
from datetime import UTC, datetime

import pytest
from django.utils import translation

from alerts import windows
from devices import sentences
from devices.models import AlertRule
from sentinel_site.lib import estimates, figures
from tests.test_architecture import APPS, ROOT, modules, place, tree

OURS = ("sentinel_site/lib/figures.py", "sentinel_site/lib/cron.py")
NOT_FOR_READERS = (
    "management",
    "devices/simulator",
    "devices/drivers",
    "doctor",
    "embedded",
    "self_dump",
    "sentinel_site/up",
    "supervisor",
)
"""What programs, terminals and logs read."""


def said(language, say):
    with translation.override(language):
        return say()


@pytest.mark.parametrize(("value", "english", "french"), [
    (1234567, "1,234,567", "1\u00a0234\u00a0567"), (0.25, "0.25", "0,25"), (87.4, "87.4", "87,4"), (-3, "-3", "-3"),
    (1e-9, "0", "0"), (80.0, "80", "80"), (1 / 3, "0.333333", "0,333333"),
])  # fmt: skip
def test_a_number_is_written_as_the_reader_writes_it(value, english, french):
    assert (said("en", lambda: figures.number(value)), said("fr", lambda: figures.number(value))) == (english, french)


@pytest.mark.parametrize(("value", "digits", "shown"), [
    (84.97, 1, "85.0"), (64.96, 1, "65.0"), (28.999999999999996, None, "29"), (99.99999999, None, "100"), (-0.04, 1, "0.0"), (2.5, 0, "2"),
])  # fmt: skip
def test_a_number_is_rounded_and_not_cut_off(value, digits, shown):
    assert said("en", lambda: figures.number(value, digits)) == shown


@pytest.mark.parametrize(("share", "shown"), [(0.29, "29%"), (0.57, "57%"), (0.996, "100%")])
def test_a_share_is_rounded_and_not_cut_off(share, shown):
    assert said("en", lambda: figures.percent(share)) == shown


def test_a_threshold_is_written_as_the_reader_writes_it():
    rule = AlertRule(metric="temperature", comparison="above", threshold=37.5, sustained_seconds=0, weekdays=[])

    assert said("fr", lambda: sentences.of_rule(rule)) == "Température au-dessus de 37,5 °C"


def test_the_day_of_a_window_is_named_in_the_reader_s_language():
    at = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)

    assert [said(code, lambda: windows.shown(at, "Europe/Paris")) for code in ("en", "fr")] == [
        "Mon 2 March 2026, 02:05",
        "lun. 2 mars 2026, 02:05",
    ]


def test_how_many_there_are_about_is_said_in_the_reader_s_language():
    class Many(estimates.EstimatePaginator):
        count = 1_234_567

    assert [said(code, lambda: Many([], 10).total) for code in ("en", "fr")] == ["about 1,235,000", "environ 1\u00a0235\u00a0000"]


def test_no_number_for_readers_is_grouped_or_named_in_english_only():
    """``f"{n:,}"`` and ``f"{at:%a %b}"`` know one language: `figures.number` and `date_format` know the reader's."""
    found = []
    for path in modules(*APPS):
        for node in ast.walk(tree(path)):
            spec = node.format_spec if isinstance(node, ast.FormattedValue) else None
            text = "".join(str(part.value) for part in spec.values if isinstance(part, ast.Constant)) if spec else ""
            found += [place(path)] if "," in text.partition("%")[0] or any(name in text for name in ("%a", "%A", "%b", "%B")) else []

    assert sorted({where for where in found if not any(part in where for part in (*OURS, *NOT_FOR_READERS))}) == []


def test_months_are_shortened_as_french_shortens_them():
    """Django's ``M`` says “Mar” for “mars” and “Aoû” for “août”; ``N`` knows better."""
    pages = [path for path in (ROOT / "templates").rglob("*.*") if re.search(r"""date:(["'])[^"']*M""", path.read_text())]
    code = [place(path) for path in modules(*APPS) if re.search(r"""date_format\([^\n]*["'][^"'%]*\bM\b[^"'%]*["']\)""", path.read_text())]

    assert (pages, code) == ([], [])
