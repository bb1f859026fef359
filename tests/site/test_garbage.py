"""Searching for garbage less often."""

import gc
from contextlib import suppress

from sentinel_site.lib import garbage


def test_within_it_searches_are_seldom_and_afterwards_as_before_whatever_happened():
    before = gc.get_threshold()

    with suppress(RuntimeError), garbage.seldom():
        meanwhile = gc.get_threshold()
        raise RuntimeError

    assert (meanwhile, gc.get_threshold()) == ((garbage.SELDOM, *before[1:]), before)
