"""Saying afterwards whether an alert was useful, noise, a duplicate or a test. On record, and without any effect on the alert.

Feedback silences nobody and resolves nothing: a wrong tap in the night costs nothing but a wrong number in the noise report (noise/),
which proposes nothing about what anybody called useful.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from alerts import describe, record
from alerts.enums import EventKind, LogKind, Usefulness
from alerts.models import Alert, Feedback
from alerts.record import By
from notifications.models import RecipientGroup

WORDS: Final = frozenset(Usefulness.values)


def give(alert: Alert, word: str, *, by: By, at: datetime, note: str = "", named: str = "") -> Feedback:
    """Write down what ``by`` says of ``alert``; whoever says it again in other words has changed their mind. The same again is quiet.

    ``named``: the name that somebody in a group's channel gave. Raises ValueError for a word that there is not.
    """
    word, actor = Usefulness(word), record.actor(by)
    name = named.strip()[:100] or actor.name or "Sentinel"
    with transaction.atomic():
        Alert.objects.select_for_update(of=["self"], no_key=True).get(pk=alert.pk)
        before = Feedback.objects.filter(alert=alert, who=_who(by, named=named)).first()
        if before is not None and before.word == word and not note:
            return before
        said, _ = Feedback.objects.update_or_create(
            alert=alert, who=_who(by, named=named), defaults={"actor": name, "word": word, "at": at}
        )  # fmt: skip
        detail = {"word": word.value, **({"who": name} if named else {}), **({"note": note} if note else {})}
        record.write([record.Entry(alert.pk, LogKind.FEEDBACK, by, detail)], at=at)
        record.announce([(EventKind.FEEDBACK, alert.pk)], at=at)
    return said


def own(alert: Alert, by: By) -> str:
    """What ``by`` said of ``alert``; empty when nothing."""
    return Feedback.objects.filter(alert=alert, who=_who(by)).values_list("word", flat=True).first() or ""


def own_of(alerts: Sequence[Alert], by: By) -> dict[Any, str]:
    """What ``by`` said, by alert."""
    return dict(Feedback.objects.filter(alert__in=alerts, who=_who(by)).values_list("alert_id", "word"))


def of(alert: Alert) -> list[dict[str, Any]]:
    """Everything that was said of ``alert``, oldest first."""
    return [
        {"by": each.actor, "feedback": each.word, "at": describe.instant(each.at)}
        for each in Feedback.objects.filter(alert=alert).order_by("at", "id")
    ]


def _who(by: By, *, named: str = "") -> str:
    """A recipient and the user behind it are one person."""
    if isinstance(by, RecipientGroup):
        return f"group:{by.pk}:{named.strip().casefold()[:100]}"
    actor = record.actor(by)
    return f"recipient:{actor.recipient_id}" if actor.recipient_id else f"user:{actor.user_id}"
