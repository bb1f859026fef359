"""Signed messages: whether a source's own secret made this one. The secret is needed besides the API key, not instead of it.

Two forms are known. Grafana's: ``X-Grafana-Alerting-Signature``, the HMAC-SHA-256 of the body in hex, or, with
``X-Grafana-Alerting-Timestamp`` (seconds), of ``<timestamp>:<body>``; such a message is good for five minutes. And the one that GitHub made
common: ``X-Hub-Signature-256: sha256=<hex>`` of the body.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction

from alerts.models import Source, WebhookSecret
from sentinel_site.lib.crypto import UndecryptableError

SIGNATURE, TIMESTAMP, HUB = "X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp", "X-Hub-Signature-256"
WINDOW_SECONDS: Final = 300


class SignatureError(Exception):
    """The message is not signed with its source's secret; the text says what to do."""


def secret_of(source_id: int) -> str:
    """The secret of the source; empty when it has none. Raises UndecryptableError."""
    found = WebhookSecret.objects.filter(pk=source_id).first()
    return found.secret if found else ""


def set_secret(source: Source, secret: str) -> None:
    """Give the source this secret; without one its messages need no signature. The old one is not read: it may be unreadable."""
    with transaction.atomic():
        WebhookSecret.objects.filter(pk=source.pk).defer("secret").delete()
        if secret:
            WebhookSecret.objects.create(source=source, secret=secret)


def unreadable() -> list[str]:
    """The names of the sources whose secret cannot be decrypted: their messages are refused."""
    return [name for pk, name in WebhookSecret.objects.order_by("pk").values_list("pk", "source__name") if not _is_readable(pk)]


def _is_readable(source_id: int) -> bool:
    try:
        secret_of(source_id)
    except UndecryptableError:
        return False
    return True


def check(secret: str, headers: Mapping[str, str], body: bytes, *, at: datetime) -> None:
    """Raise SignatureError unless ``body`` is signed with ``secret``, and no older than five minutes when it says when."""
    given, stamp = headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, "")
    if not given:
        given, stamp = headers.get(HUB, "").removeprefix("sha256="), ""
    if not given:
        raise SignatureError(f"This source has a secret: sign the body with it and send {SIGNATURE} or {HUB}.")
    signed = f"{stamp}:".encode() + body if stamp else body
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), given.strip().lower().encode()):
        raise SignatureError("The signature is not that of this source's secret. Set the same secret on both sides.")
    if stamp and not (stamp.isascii() and stamp.isdigit() and abs(at.timestamp() - int(stamp[:12])) <= WINDOW_SECONDS):
        raise SignatureError("The message is older than five minutes, or comes from the future: set the clocks, and send it anew.")
