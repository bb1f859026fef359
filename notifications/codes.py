"""The code that proves an address. It is worked out from a secret and never stored: what the database holds reveals none."""

import hashlib
import hmac
from typing import Final

from notifications.models import ContactMethod
from sentinel_site.lib import crypto

DIGITS: Final = 8
_PURPOSE: Final = "verification-code"


def code_of(method: ContactMethod, nonce: str) -> str:
    """The code (digits) that proves the address ``method`` has now, for one ``nonce``: another address has another code."""
    about = f"{method.pk}:{method.address_digest}:{nonce}".encode()
    drawn = int.from_bytes(hmac.new(crypto.derive(_PURPOSE), about, hashlib.sha256).digest()[:8], "big")
    return f"{drawn % 10**DIGITS:0{DIGITS}d}"
