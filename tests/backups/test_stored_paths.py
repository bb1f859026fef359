"""Templates of stored files: what may stand in them, and what becomes of what is filled in."""

import pytest
from django.core.exceptions import ValidationError

from sentinel_site.lib import stored_paths

VALUES = {"company": "ACME", "city": "New York", "database": "ledger", "year": "2026", "filename": "ledger.sql.gz"}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{company}/{city}/{year}/{database}/{filename}", "ACME/New York/2026/ledger/ledger.sql.gz"),
        ("all/{database}-{year}.gz", "all/ledger-2026.gz"), ("{neighborhood}/{filename}", "_/ledger.sql.gz"),
    ],
)  # fmt: skip
def test_a_template_is_filled_in(template, path):
    assert "/".join(stored_paths.fill(template, VALUES)) == path


@pytest.mark.parametrize(
    "template",
    [
        "/{filename}", "../{filename}", "a/../{filename}", "a/./{filename}", "a//{filename}", "{filename}/", "a/{nobody}/{filename}",
        "{company}",
        "{company.__class__}/{filename}", "{0}/{filename}", "{}/{filename}", "{filename", "a\\{filename}", "a\x00/{filename}",
        ".hidden/{filename}",
        "a/.{filename}", "~\n/{filename}", "C:/{filename}", "x/" * 12 + "{filename}", "{company!r}/{filename}", "{filename:>9}",
        "%s/{filename}",
    ],
)  # fmt: skip
def test_a_template_that_leads_elsewhere_is_refused_on_save(template):
    with pytest.raises(ValidationError):
        stored_paths.check_template(template)


@pytest.mark.parametrize(
    "value",
    [
        "..",
        ".",
        "../../etc",
        "a/b",
        "a\\b",
        "a\x00b",
        ".ssh",
        "a\nb",
        "∕etc∕passwd",
        "／etc",
        "%2e%2e%2f",
        "$(reboot)",
        "`id`",
        "a*",
        "x" * 5000,
    ],
)
def test_whatever_is_filled_in_is_one_plain_name(value):
    parts = stored_paths.fill("{company}/{filename}", {"company": value, "filename": value})

    assert len(parts) == 2
    for part in parts:
        assert part not in {"", ".", ".."}
        assert not set(part) & set("/\\\0\n∕／$`*%")
        assert not part.startswith(".")
        assert len(part.encode()) <= stored_paths.MAX_NAME_BYTES


def test_values_that_differ_stay_different():
    values = ["a/b", "a\\b", "a_b", "a:b", ".a_b", "a", ".a", "..a", "x" * 300 + "1", "x" * 300 + "2"]

    assert len({stored_paths.fill("{database}", {"database": value}) for value in values}) == len(values)


def test_a_mark_stands_before_the_ending():
    assert stored_paths.with_mark(("a", "ledger.sql.gz"), "12ab") == ("a", "ledger~12ab.sql.gz")
