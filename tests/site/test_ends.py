"""Of a long stream the beginning and the end are kept, whatever parts it comes in."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel_site.lib.ends import Ends


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_what_is_kept_does_not_depend_on_the_parts(parts):
    ends = Ends(10, 7)
    for part in parts:
        ends.add(part)

    whole = b"".join(parts)
    assert (ends.head, ends.tail, ends.size) == (whole[:10], whole[10:][-7:], len(whole))


def test_it_never_holds_more_than_twice_the_end():
    ends = Ends(10, 100)
    for _ in range(1000):
        ends.add(b"x" * 1000)

    assert (len(ends._tail) <= 200, ends.size) == (True, 1_000_000)
