"""The kinds of contact methods that this version can send to."""

from collections.abc import Mapping
from typing import Final

from notifications.enums import Transport as Kind
from notifications.models import ContactMethod
from notifications.transports import apprise, base, email, push, sms, voice, webhook

TRANSPORTS: Final[Mapping[str, base.Transport]] = {
    Kind.EMAIL: email, Kind.WEBHOOK: webhook, Kind.PUSH: push, Kind.SMS: sms, Kind.VOICE: voice, Kind.APPRISE: apprise,
}  # fmt: skip


def gives_receipts(method: ContactMethod) -> bool:
    """Whether the provider of ``method`` tells what became of a message, so that silence means something."""
    ask = getattr(TRANSPORTS.get(method.kind), "gives_receipts", None)
    return bool(ask and ask(method))


def missing(kind: str) -> str:
    """Why nothing can be sent to methods of ``kind`` here; empty when it can."""
    if kind not in TRANSPORTS:
        return f"this version has no transport for {Kind(kind).label if kind in Kind.values else kind}"
    return TRANSPORTS[kind].missing()
