"""The kinds of contact methods that this version can send to."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final, cast

from notifications.enums import Transport as Kind
from notifications.models import ContactMethod
from notifications.transports import base
from sentinel_site.lib import english


class _Transports(Mapping[str, base.Transport]):
    """Kind → its module, loaded when it is first asked for: a process that sends nothing is smaller by their libraries."""

    _kinds = (Kind.EMAIL, Kind.WEBHOOK, Kind.PUSH, Kind.SLACK, Kind.SMS, Kind.VOICE, Kind.APPRISE)

    def __getitem__(self, kind: str) -> base.Transport:
        if kind not in self._kinds:
            raise KeyError(kind)
        return cast("base.Transport", import_module(f"notifications.transports.{Kind(kind)}"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


TRANSPORTS: Final = _Transports()


def revisers() -> Mapping[str, base.Reviser]:
    """The transports that can change a message after it was sent, as things are set up."""
    slack = cast("base.Reviser", TRANSPORTS[Kind.SLACK])
    return {Kind.SLACK: slack} if slack.revises() else {}


def gives_receipts(method: ContactMethod) -> bool:
    """Whether the provider of ``method`` tells what became of a message, so that silence means something."""
    ask = getattr(TRANSPORTS.get(method.kind), "gives_receipts", None)
    return bool(ask and ask(method))


def unready(method: ContactMethod) -> str:
    """Why nothing can be sent to ``method``, as things are set up; empty when it can. It reads the address."""
    ask = getattr(TRANSPORTS.get(method.kind), "unready", None)
    return lacking(method) or (ask(method.address) if ask else "")


def lacking(method: ContactMethod) -> str:
    """What has to be set up before anything can be sent to ``method``; empty when nothing. Cheap: the address is not read."""
    ask = getattr(TRANSPORTS.get(method.kind), "lacking", None)
    return str(ask(method)) if ask else missing(method.kind)


def missing(kind: str) -> str:
    """Why nothing can be sent to methods of ``kind`` here; empty when it can."""
    if kind not in TRANSPORTS:
        return f"this version has no transport for {english.label(Kind, kind)}"
    return TRANSPORTS[kind].missing()
