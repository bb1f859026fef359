"""S33: no regular expression that somebody may enter keeps a report waiting."""

import time
from contextlib import suppress

import pytest

from notifications import overrides
from notifications.sandbox import TemplateRefused
from sentinel_site.lib import matchers

LONGEST = {"room": "a" * 1023 + "!"}
CATASTROPHIC = [
    "(a|a)*b", "(a|aa)+$", "(a?){40}a{40}", "(a+)+b", "(.*)*x", "((a)|(a))*b", "(a|a)*?b", ".*.*.*.*.*x", "a*a*a*a*a*a*b",
    "a{0,999}a{0,999}a{0,999}b", "([a]|a)+b", "(x+x+)+y", "(.?.?.?.?.?)*b", "(a{1,30}){1,30}b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_the_worst_label_is_matched_at_once(pattern):
    matcher = matchers.parse(f'room=~"{pattern}"')
    begun = time.thread_time()

    matcher.holds(LONGEST)

    assert time.thread_time() - begun < 5  # a pattern that tries every way takes years


@pytest.mark.parametrize("pattern", ["(?=(a|a)*b)a", r"(a)\1", "((a{100}){100}){100}", ".{0,999}" * 50])
def test_what_cannot_be_bounded_is_refused(pattern):
    with pytest.raises(matchers.MatcherError, match="RE2"):
        matchers.parse(f'room=~"{pattern}"')


@pytest.mark.parametrize("text", [
    "<" * 20_000, "<" * 900_000, "< on" * 5000, "{#" * 10_000, "=" + " " * 19_000, "<" + "on \t" * 4990, "href" + " " * 19_000,
    "{{" * 10_000,
], ids=range(8))  # fmt: skip
def test_the_worst_message_text_is_looked_at_at_once(text):
    begun = time.thread_time()

    with suppress(TemplateRefused):
        overrides.accept("html", text)

    assert time.thread_time() - begun < 5  # quadratic, it takes minutes
