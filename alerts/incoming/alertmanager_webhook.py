"""Alertmanager's webhook (version 4), read: pure. Each alert counts by its own status, and is the same alert as if Prometheus had sent it.

Alertmanager says when an alert is over. That it says nothing for hours only means that nothing changed, so what fires is over after
FIRES_FOR alone, should its end have been lost.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from alerts import alertmanager, tongues
from alerts.alertmanager import Posted
from alerts.folding import NewReport
from alerts.incoming import contract
from alerts.incoming.contract import Action, FormatError, Incoming

FIRES_FOR: Final = timedelta(days=7)
_HASH: Final = re.compile(r"[0-9a-f]{16}")


class Webhook(NamedTuple):
    """What one message says: activities that fire or are over, and what is no activity."""

    posted: list[Posted]
    items: list[Incoming]


def read(value: Any, source: str, *, at: datetime) -> Webhook:
    """The alerts of the message, the last one of each label set. Raises FormatError."""
    posted: dict[str, Posted] = {}
    items: list[Incoming] = []
    for item in alerts_of(value):
        each = read_one(item, at=at)
        if each is None:
            items.append(unreadable(item, source, at=at))
        else:
            posted[each.label_hash] = each
    return Webhook(list(posted.values()), items + truncated(value, source, at=at))


def alerts_of(value: Any) -> list[Any]:
    """The list of alerts in the message. Raises FormatError."""
    alerts = value.get("alerts") if isinstance(value, dict) else None
    if not isinstance(alerts, list) or not alerts:
        raise FormatError(
            'There is no list of "alerts" in it. Leave the payload as it is; one of your own goes to /integrations/json/<mapping>.'
        )
    if len(alerts) > contract.MAX_ITEMS:
        raise FormatError(f"It has {len(alerts)} alerts; send at most {contract.MAX_ITEMS} at once (max_alerts in the receiver).")
    return alerts


def read_one(item: Any, *, at: datetime) -> Posted | None:
    """One alert of the message; None when it names no label, and so nothing."""
    if not isinstance(item, dict):
        return None
    labels = _texts(item.get("labels"))
    if not labels:
        return None
    named = item.get("fingerprint")
    label_hash = named if isinstance(named, str) and _HASH.fullmatch(named) else alertmanager.label_hash(labels)
    over = item.get("status") == "resolved"
    starts_at = contract.instant(item.get("startsAt")) or at
    ends_at = min(contract.instant(item.get("endsAt")) or at, at) if over else at + FIRES_FOR
    if over and ends_at < starts_at:
        ends_at = at
    url = contract.url(item.get("generatorURL"))
    return Posted(label_hash, labels, _texts(item.get("annotations")), min(starts_at, at), ends_at, not over, url, contract.raw(item))


def unreadable(item: Any, source: str, *, at: datetime) -> Incoming:
    """An alert without labels says too little to be found again; people are told what there is of it."""
    notes = _texts(item.get("annotations")) if isinstance(item, dict) else {}
    report = NewReport(
        source, title=notes.get("summary") or "An alert without labels", description=notes.get("description", ""), type="unlabelled",
        raw=contract.raw(item),
    )  # fmt: skip
    return Incoming(Action.TRIGGER, contract.bounded(report, at=at))


def _left_out(missing: int, group: str) -> dict[str, str]:
    why = _("Its sender cuts messages at a number of alerts (max_alerts, or the contact point's limit). Look there: %(group)s")
    title = _("%(count)d alerts were left out of a message") % {"count": missing}
    return {"title": title, "description": why % {"group": group}}


def truncated(value: Mapping[str, Any], source: str, *, at: datetime) -> list[Incoming]:
    """An alert for those that the sender left out of the message, if it did."""
    missing = value.get("truncatedAlerts")
    if not isinstance(missing, int) or missing <= 0:
        return []
    group = contract.text(value.get("groupKey"))
    shown = contract.cut(group, contract.MAX_LABEL_TEXT)
    report = NewReport(
        source, type="truncated", subject=contract.text(value.get("receiver")), **tongues.report(lambda: _left_out(missing, shown)),
        dedup_key=f"truncated:{group}", labels=contract.labels(_texts(value.get("groupLabels"))),
        links=contract.links([("Where it comes from", value.get("externalURL"))]),
        raw=contract.raw({name: each for name, each in value.items() if name != "alerts"}),
    )  # fmt: skip
    return [Incoming(Action.TRIGGER, contract.bounded(report, at=at))]


def _texts(value: Any) -> dict[str, str]:
    """The texts of an object, as many and as long as activities may have."""
    found: dict[str, str] = {}
    room = alertmanager.MAX_LABEL_CHARACTERS
    for name, each in value.items() if isinstance(value, dict) else ():
        said = contract.text(each)
        room -= len(name) + len(said)
        if name and said and room >= 0 and len(found) < alertmanager.MAX_FOREIGN_LABELS:
            found[name] = said
    return found
