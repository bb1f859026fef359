"""Web Push: a browser's subscription, its messages encrypted for it alone (RFC 8291), and the signature of who sends (RFC 8292, VAPID).

The key that signs is SENTINEL_VAPID_PRIVATE_KEY or, when that is not set, derived from the oldest of SENTINEL_ENCRYPTION_KEYS: there is
nothing to make, to store or to lose beside those. Whoever changes it makes browsers subscribe anew, which their next visit does.
"""

import base64
import binascii
import ipaddress
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from notifications import http
from notifications.errors import PermanentError
from sentinel_site.lib import crypto

ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points the curve P-256 has: a private key is a number from 1 to one less."""
RECORD: Final = 4096
LONGEST: Final = 3993
"""Bytes that a push service carries at least: with the head of the body they are 4096."""
SIGNED_FOR: Final = timedelta(hours=12)
MAX_ENDPOINT: Final = 2000


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached, and what only it can read with."""

    endpoint: str
    public_key: bytes
    secret: bytes


def is_subscription(address: str) -> bool:
    """Whether ``address`` is a browser's subscription. A token of Firebase is never one."""
    return address.startswith("{")


def read(text: str) -> Subscription:
    """The subscription that ``text`` is: what ``JSON.stringify(subscription)`` says in the browser.

    Raises ValueError with what is wrong with it, to be read after "This address".
    """
    try:
        found = json.loads(text)
        endpoint, keys = found["endpoint"], found["keys"]
        public_key, secret = _bytes(keys["p256dh"]), _bytes(keys["auth"])
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise ValueError("is not a browser's subscription: send what JSON.stringify(subscription) says") from None
    if not isinstance(endpoint, str) or len(endpoint) > MAX_ENDPOINT or len(public_key) != 65 or len(secret) != 16:
        raise ValueError("is not a browser's subscription: its endpoint or its keys have the wrong length")
    if why := refusal(endpoint):
        raise ValueError(why)
    return Subscription(endpoint, public_key, secret)


def written(text: str) -> str:
    """The subscription ``text`` as it is kept: always the same for the same browser. Raises ValueError as `read` does."""
    found = read(text)
    keys = {"auth": encoded(found.secret), "p256dh": encoded(found.public_key)}
    return json.dumps({"endpoint": found.endpoint, "keys": keys}, separators=(",", ":"))


def refusal(endpoint: str) -> str:
    """Why nothing is sent to ``endpoint``; empty when it belongs to a push service of SENTINEL_WEB_PUSH_HOSTS."""
    try:
        to = http.target(endpoint)
    except PermanentError as error:
        return f"cannot be used: {error}"
    if not any(_fits(to.host.rstrip(".").lower(), known) for known in settings.SENTINEL_WEB_PUSH_HOSTS):
        return f"belongs to {to.host[:80]}, which is no push service of SENTINEL_WEB_PUSH_HOSTS"
    if to.scheme != "https" and not _is_here(to.host):
        return "cannot be used: a push service speaks https"
    return ""


def public_key() -> str:
    """What a browser needs to subscribe (``applicationServerKey``)."""
    return encoded(_point(_signing_key()))


def authorization(endpoint: str, *, at: datetime) -> str:
    """The header that says to the push service of ``endpoint`` who sends; good for twelve hours from ``at`` and there alone."""
    to = http.target(endpoint)
    port = "" if to.port == (443 if to.scheme == "https" else 80) else f":{to.port}"
    claims = {"aud": f"{to.scheme}://{to.host}{port}", "exp": int((at + SIGNED_FOR).timestamp()), "sub": settings.SENTINEL_VAPID_SUBJECT}
    signed = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    key = _signing_key()
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"vapid t={signed}.{encoded(signature)}, k={encoded(_point(key))}"


def encrypt(to: Subscription, plain: bytes, *, salt: bytes = b"", sender: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """``plain`` (LONGEST bytes at most) as a body (aes128gcm) that only the browser can read. ``salt`` and ``sender`` are new each time."""
    salt, sender = salt or os.urandom(16), sender or ec.generate_private_key(ec.SECP256R1())
    mine = _point(sender)
    shared = sender.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to.public_key))
    secret = _hkdf(shared, salt=to.secret, info=b"WebPush: info\0" + to.public_key + mine, length=32)
    key = _hkdf(secret, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _hkdf(secret, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    head = salt + RECORD.to_bytes(4, "big") + bytes([len(mine)]) + mine
    return head + AESGCM(key).encrypt(nonce, plain + b"\2", None)


def encoded(raw: bytes) -> str:
    """``raw`` in base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.rstrip("=").encode("ascii") + b"=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


def _fits(host: str, known: str) -> bool:
    known = known.lower()
    return host.endswith(known[1:]) and host != known[2:] if known.startswith("*.") else host == known


def _is_here(host: str) -> bool:
    """This very machine, which only tests name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _signing_key() -> ec.EllipticCurvePrivateKey:
    own = settings.SENTINEL_VAPID_PRIVATE_KEY
    number = int.from_bytes(_bytes(own) if own else crypto.derive("web-push"), "big")
    return ec.derive_private_key(number % (ORDER - 1) + 1 if not own else number, ec.SECP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
