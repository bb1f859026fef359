"""The kinds of contact methods that this version can send to."""

from collections.abc import Mapping
from typing import Final

from notifications.enums import Transport as Kind
from notifications.models import ContactMethod
from notifications.transports import apprise, base, email, push, slack, sms, voice, webhook

TRANSPORTS: Final[Mapping[str, base.Transport]] = {
    Kind.EMAIL: email, Kind.WEBHOOK: webhook, Kind.PUSH: push, Kind.SLACK: slack, Kind.SMS: sms, Kind.VOICE: voice, Kind.APPRISE: apprise,
}  # fmt: skip
_REVISERS: Final[Mapping[str, base.Reviser]] = {Kind.SLACK: slack}


def revisers() -> Mapping[str, base.Reviser]:
    """The transports that can change a message after it was sent, as things are set up."""
    return {kind: transport for kind, transport in _REVISERS.items() if transport.revises()}


def gives_receipts(method: ContactMethod) -> bool:
    """Whether the provider of ``method`` tells what became of a message, so that silence means something."""
    ask = getattr(TRANSPORTS.get(method.kind), "gives_receipts", None)
    return bool(ask and ask(method))


def unready(method: ContactMethod) -> str:
    """Why nothing can be sent to ``method``, as things are set up; empty when it can. It reads the address."""
    ask = getattr(TRANSPORTS.get(method.kind), "unready", None)
    return missing(method.kind) or (ask(method.address) if ask else "")


def missing(kind: str) -> str:
    """Why nothing can be sent to methods of ``kind`` here; empty when it can."""
    if kind not in TRANSPORTS:
        return f"this version has no transport for {Kind(kind).label if kind in Kind.values else kind}"
    return TRANSPORTS[kind].missing()
