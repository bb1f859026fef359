"""Label matchers."""

import pytest

from sentinel_site.lib import matchers

LABELS = {"room": "12", "site": "a b", "empty": ""}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("room=12", True), ("room=1", False), ("room!=12", False), ("room!=1", True), ('site="a b"', True), ("site=a b", True),
        ('room=~"1.*"', True), ('room=~"2"', False), ('room=~"1"', False), ("room!~2.*", True), ('room!~"1.*"', False), ("absent=", True),
        ('absent=~".+"', False), ("absent!=x", True), ("empty=", True), (" room = 12 ", True), ('room="1\\2"', True),
    ],
)  # fmt: skip
def test_a_matcher_holds_for_whole_values(text, holds):
    assert matchers.parse(text).holds(LABELS) is holds


@pytest.mark.parametrize("text", ["", "room", "=12", "room=~(", 'room=~"(?=a)b"', 'room=~"((a{100}){100}){100}"', "x" * 600, "1room=2"])
def test_what_cannot_be_read_is_refused_with_a_text(text):
    with pytest.raises(matchers.MatcherError, match=r".{20,}"):
        matchers.parse(text)


def test_all_must_hold():
    assert matchers.all_hold(matchers.parse_all(["room=12", 'site=~"a.*"']), LABELS)
    assert not matchers.all_hold(matchers.parse_all(["room=12", "site=b"]), LABELS)
