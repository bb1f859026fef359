"""Telephone numbers as the whole world writes them (E.164): +33612345678."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.A)
_BETWEEN: Final = re.compile(r"[\s().\-/\u2010-\u2015\u00a0\u202f]+")
FIX: Final = "is not a telephone number; write it with + and the country, for example +33612345678"


def e164(text: str) -> str:
    """``text`` without what people write between the digits. Raises ValueError, which says what to write, when it is no number."""
    number = _BETWEEN.sub("", text)
    if number.startswith("00"):
        number = "+" + number[2:]
    if not _NUMBER.fullmatch(number) or number.startswith("+330"):  # +33 (0)6...: the 0 is not dialled from abroad
        raise ValueError(FIX)
    return number
