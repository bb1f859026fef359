"""Telephone numbers, as people write them and as networks need them."""

import pytest

from sentinel_site.lib import telephone


@pytest.mark.parametrize("text", ["+33612345678", "+33 6 12 34 56 78", "+33.6.12.34.56.78", "0033 6 12-34-56-78", "(+33) 612 345 678"])
def test_what_is_written_between_the_digits_goes(text):
    assert telephone.e164(text) == "+33612345678"


@pytest.mark.parametrize("text", [
    "", "+", "0612345678", "612345678", "+0612345678", "+33 (0)6 12 34 56 78", "+1234567890123456", "+33612345678x", "call me",
    "+３３６１２３４５６７８", "+33612345678\n+33612345679", "\0",
])  # fmt: skip
def test_what_is_no_number_is_refused_with_what_to_write(text):
    with pytest.raises(ValueError, match=r"write it with \+ and the country"):
        telephone.e164(text)
