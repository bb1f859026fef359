"""A push service and the browser behind it: what comes is checked as they would check it, and read with the browser's own key."""

import base64
import hashlib
import json
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def derived(secret, salt, info, length):
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


class Browser:
    """One browser's subscription at the push service at ``url``."""

    def __init__(self, url, path="/push/abc"):
        self.key, self.secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self.point = self.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        keys = {"p256dh": text(self.point), "auth": text(self.secret)}
        self.subscription = json.dumps({"endpoint": url + path, "expirationTime": None, "keys": keys}, separators=(",", ":"))

    def read(self, body):
        """The message in ``body`` (aes128gcm, RFC 8188 and 8291)."""
        salt, size, mine = body[:16], body[20], body[21 : 21 + body[20]]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), mine))
        secret = derived(shared, self.secret, b"WebPush: info\0" + self.point + mine, 32)
        cipher = AESGCM(derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16))
        plain = cipher.decrypt(derived(secret, salt, b"Content-Encoding: nonce\0", 12), body[21 + size :], None)
        assert plain.endswith(b"\2")
        return json.loads(plain[:-1])


def claims_of(header):
    """What the header Authorization says, once its signature was checked with the key it names; and that key."""
    scheme, _, rest = header.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, body, signature = parts["t"].split(".")
    r, s = (int.from_bytes(raw(signature)[place : place + 32], "big") for place in (0, 32))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(parts["k"]))
    key.verify(encode_dss_signature(r, s), f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    assert (scheme, json.loads(raw(head))) == ("vapid", {"typ": "JWT", "alg": "ES256"})
    return json.loads(raw(body)), parts["k"]


def topic(thread):
    return hashlib.sha256(thread.encode()).hexdigest()[:32]
