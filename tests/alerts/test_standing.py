"""How long a silence holds what, and quickly finding it among many."""

from datetime import timedelta

import pytest

from alerts import standing
from alerts.models import Silence
from sentinel_site.lib import matchers
from tests.conftest import HOUR, NOON, SECOND

WEEK = timedelta(days=7)


def silence(*texts: str, lasts=HOUR) -> Silence:
    return Silence(matchers=list(texts), reason="works", starts_at=NOON, ends_at=NOON + lasts)


@pytest.mark.parametrize(
    ("seconds", "holds"), [(-1, False), (0, True), (1, True), (3599, True), (3600, False), (3601, False)]
)  # fmt: skip
def test_it_holds_from_its_beginning_until_just_before_its_end(seconds, holds):
    (found,) = standing.index_of([silence("a=1")]).find({"a": "1"})

    assert found.until(2, at=NOON + seconds * SECOND) == (NOON + HOUR if holds else None)


def test_a_p1_is_held_for_eight_hours_at_most():
    (found,) = standing.index_of([silence("a=1", lasts=WEEK)]).find({"a": "1"})

    assert found.until(1, at=NOON + 8 * HOUR - SECOND) == NOON + 8 * HOUR
    assert found.until(1, at=NOON + 8 * HOUR) is None
    assert found.until(2, at=NOON + 8 * HOUR) == NOON + WEEK


def test_what_cannot_be_read_or_says_nothing_silences_nothing():
    assert standing.index_of([silence("((("), silence(), silence("a=~(?=b)")]).find({"a": "b"}) == []


def test_an_expression_that_would_backtrack_for_ever_is_answered():
    index = standing.index_of([silence(f"host=~(a+)+{n}$") for n in range(20)] + [silence("host=~(a|aa)+b?")])

    assert len(index.find({"host": "a" * 1000})) == 1
    assert index.find({"host": "a" * 1000 + "!"}) == []


@pytest.mark.parametrize(
    "texts",
    [
        ("host=db1",), ("host=~db.*",), ("host=~db.*", "site!=b"), ("host!=web",), ("host!~web.*", "site=a"), ("site=~a|b", "host=~.*1"),
        ("gone=~",), ("gone=~|x", "host=db1"), ("host=~.*1", "gone="), ('host=~"(?i)DB1"',),
    ],
)  # fmt: skip
def test_among_many_it_finds_what_holds_and_nothing_else(texts):
    others = [(matchers.parse_all([f"host=~other{n}-.*", "site=a"]), f"other {n}") for n in range(30)]
    index = matchers.Index([*others, (matchers.parse_all(texts), "this")])

    assert index.find({"host": "db1", "site": "a"}) == ["this"]
    assert index.find({"host": "other7-x", "site": "a"})[:1] == ["other 7"]


def test_expressions_too_large_to_be_asked_together_are_asked_one_by_one():
    large = [(matchers.parse_all([f"host=~(([a-z]{{1,50}}{n}){{1,8}}x)?db{n}"]), n) for n in range(60)]

    assert matchers.Index(large).find({"host": "db41"}) == [41]
