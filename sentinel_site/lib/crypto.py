"""Secrets at rest: AES-256-GCM with a key id, so that keys can be rotated while old values are still read.

A stored value is ``v1.<key id>.<base64 of nonce and ciphertext>``. Keys are settings.SENTINEL_ENCRYPTION_KEYS, the
first one writes and every one reads. They are separate from SECRET_KEY, which signs the queue's payloads.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


class UndecryptableError(Exception):
    """A stored secret was written with a key that SENTINEL_ENCRYPTION_KEYS no longer holds."""


def encrypt(plain: str) -> str:
    """``plain`` as stored text. The empty string stays empty."""
    if not plain:
        return ""
    key_id, cipher = _ciphers()[0]
    nonce = os.urandom(12)
    sealed = nonce + cipher.encrypt(nonce, plain.encode(), key_id.encode())
    return f"v1.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def decrypt(stored: str) -> str:
    """The plain text of ``stored``. Raises UndecryptableError when no key fits or the value was altered."""
    if not stored:
        return ""
    _, key_id, body = stored.split(".", 2)
    sealed = base64.urlsafe_b64decode(body)
    for known_id, cipher in _ciphers():
        if known_id == key_id:
            try:
                return cipher.decrypt(sealed[:12], sealed[12:], key_id.encode()).decode()
            except InvalidTag:
                break
    raise UndecryptableError(f"no key in SENTINEL_ENCRYPTION_KEYS opens a value written with key {key_id}")


def signing_secret() -> str:
    """A new secret for signing by the Standard Webhooks convention."""
    return "whsec_" + base64.b64encode(os.urandom(24)).decode()


def digest(plain: str, *, purpose: str) -> str:
    """A keyed hash (HMAC-SHA-256, hex) for equality look-ups of secrets, different for each ``purpose``."""
    return hmac.new(derive(purpose), plain.encode(), hashlib.sha256).hexdigest()


def derive(purpose: str) -> bytes:
    """32 bytes for one ``purpose`` (a signature salt, a pepper), derived from the last (oldest) encryption key."""
    return _derive(settings.SENTINEL_ENCRYPTION_KEYS[-1], purpose)


@lru_cache(maxsize=64)
def _derive(key: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"sentinel", info=purpose.encode()).derive(key.encode())


def _ciphers() -> list[tuple[str, AESGCM]]:
    return [_cipher(key) for key in settings.SENTINEL_ENCRYPTION_KEYS]


@lru_cache(maxsize=16)
def _cipher(key: str) -> tuple[str, AESGCM]:
    material = _derive(key, "encryption")
    return hashlib.sha256(material).hexdigest()[:8], AESGCM(material)


if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField  # generic for the type checker only


class EncryptedTextField(_Text):
    """A text that is encrypted in the database and plain in Python. It cannot be searched; store a digest for that."""

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> str | None:
        """Decrypt what the database holds."""
        return None if value is None else decrypt(value)

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt what goes into the database."""
        value = super().get_prep_value(value)
        return None if value is None else encrypt(value)
