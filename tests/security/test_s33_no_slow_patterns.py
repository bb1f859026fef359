"""S33: no regular expression that somebody may enter keeps a report waiting."""

import time

import pytest

from sentinel_site.lib import matchers

LONGEST = {"room": "a" * 1023 + "!"}
CATASTROPHIC = [
    "(a|a)*b", "(a|aa)+$", "(a?){40}a{40}", "(a+)+b", "(.*)*x", "((a)|(a))*b", "(a|a)*?b", ".*.*.*.*.*x", "a*a*a*a*a*a*b",
    "a{0,999}a{0,999}a{0,999}b", "([a]|a)+b", "(x+x+)+y", "(.?.?.?.?.?)*b", "(a{1,30}){1,30}b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_the_worst_label_is_matched_at_once(pattern):
    matcher = matchers.parse(f'room=~"{pattern}"')
    begun = time.process_time()

    matcher.holds(LONGEST)

    assert time.process_time() - begun < 0.3


@pytest.mark.parametrize("pattern", ["(?=(a|a)*b)a", r"(a)\1", "((a{100}){100}){100}", ".{0,999}" * 50])
def test_what_cannot_be_bounded_is_refused(pattern):
    with pytest.raises(matchers.MatcherError, match="RE2"):
        matchers.parse(f'room=~"{pattern}"')
