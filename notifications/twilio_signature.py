"""Whether a request comes from Twilio: its signature over the address it was told to call, and the whole form.

The address is built from SENTINEL_BASE_URL, whatever a proxy in front made of it. Twilio signs with the account's token
(SHA-1), or, when its header names an algorithm, with a webhook key of its own.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def genuine(path: str, form: Any, headers: Mapping[str, str]) -> bool:
    """Whether ``form`` (a QueryDict), POSTed to ``path`` with its query, was signed with one of our secrets."""
    from twilio import request_validator  # noqa: PLC0415 (only where Twilio is used)

    given, signature = headers.get("X-Twilio-Webhooks-Signature-Settings", ""), headers.get("X-Twilio-Signature", "")
    algorithm = request_validator.get_signature_algorithm(given)
    if not signature.isascii() or algorithm not in {request_validator.HMAC_SHA1, request_validator.HMAC_SHA256}:
        return False
    url = f"{settings.SENTINEL_BASE_URL}{path}"
    checks = [request_validator.RequestValidator(secret).validate(url, form, signature, algorithm) for secret in secrets() if signature]
    return any(checks)


def secrets() -> list[str]:
    """What Twilio may sign with; empty when nothing can be verified."""
    return [*settings.TWILIO_AUTH_TOKEN, *([settings.TWILIO_WEBHOOK_SECRET] if settings.TWILIO_WEBHOOK_SECRET else [])]
