"""Answering by a link: which alerts it is about, who answers, and what the answer does.

A link that went to a person answers as that person. One that went to a group's own channel asks who is there: a
member of the group, or else the group itself, with the name that was written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from alerts import lifecycle, queries
from alerts.enums import Promise, Resolution
from alerts.errors import IllegalTransition
from alerts.models import Alert
from notifications import links, outbox
from notifications.enums import DeliveryStatus
from notifications.links import LinkError
from notifications.models import Notification, Recipient, RecipientGroup

ALL: Final = "all-"
LIMIT: Final = 100
ACKNOWLEDGE, RESOLVE = "acknowledge", "resolve"
ANSWERS: Final = {
    "calling": (ACKNOWLEDGE, Promise.CALLING),
    "on_my_way": (ACKNOWLEDGE, Promise.ON_MY_WAY),
    "handling": (ACKNOWLEDGE, Promise.HANDLING),
    "handled": (RESOLVE, Resolution.HANDLED),
    "false_alarm": (RESOLVE, Resolution.FALSE_ALARM),
}
"""What the page's buttons say, and what they do."""
GONE: Final = "What this link was about is no longer kept. Sign in to see what is open now."
LEFT: Final = "This link belongs to somebody who is no longer told about alerts. Sign in to answer."


class AnswerError(Exception):
    """The answer cannot be taken; the text tells the person what to do."""


@dataclass(frozen=True)
class Visit:
    """What a link opens."""

    link: links.Answer
    alerts: Sequence[Alert]
    recipient: Recipient | None
    group: RecipientGroup | None
    told: Sequence[str]

    @property
    def open_alerts(self) -> list[Alert]:
        """Those that can still be answered."""
        return [alert for alert in self.alerts if alert.is_open]

    @property
    def everything(self) -> str:
        """How the page names all it shows: by the newest alert, so that one that came later is not taken unseen."""
        return f"{ALL}{max(alert.pk for alert in self.alerts)}"

    @property
    def members(self) -> list[Recipient]:
        """Who may say that it is them, when the link went to a group."""
        return list(self.group.members.filter(active=True)) if self.group else []


def visit(token: str, *, at: datetime) -> Visit:
    """What ``token`` opens at ``at``. Changes nothing. Raises LinkError."""
    link = links.read(token, at=at)
    recipient = Recipient.objects.filter(pk=link.recipient_id, active=True).first() if link.recipient_id else None
    group = RecipientGroup.objects.filter(pk=link.group_id).first() if link.group_id else None
    if recipient is None and group is None:
        raise LinkError(LEFT)
    alerts = _alerts_of(link.thread)
    if not alerts:
        raise LinkError(GONE)
    return Visit(link, alerts, recipient, group, _told(link.thread))


def take(visit: Visit, *, answer: str, which: str, person: str = "", name: str = "", at: datetime) -> None:
    """Give ``answer`` (a key of ANSWERS) to the alert ``which``, or to all that a page showed (``Visit.everything`` then).

    Raises AnswerError when it is not understood or nobody says who answers, IllegalTransition when the one alert is
    closed already. Of several, those that are closed are passed over.
    """
    if answer not in ANSWERS:
        raise AnswerError("That answer is not known. Press one of the buttons.")
    newest = which.removeprefix(ALL) if which.startswith(ALL) else ""
    chosen = [alert for alert in visit.alerts if str(alert.pk) == which or str(alert.pk) <= newest]
    if not chosen:
        raise AnswerError("That alert does not belong to this link. Press one of the buttons.")
    by, note = _who(visit, person=person, name=name)
    for alert in chosen:
        try:
            _give(alert, answer, by=by, note=note, at=at)
        except IllegalTransition:
            if len(chosen) == 1:
                raise
    outbox.receive(visit.link.delivery_id, status=DeliveryStatus.SEEN, at=at, detail="answered by its link")


def _give(alert: Alert, answer: str, *, by: Recipient | RecipientGroup, note: str, at: datetime) -> None:
    does, word = ANSWERS[answer]
    if does == ACKNOWLEDGE:
        lifecycle.acknowledge(alert, by=by, at=at, promise=word, note=note)
    else:
        lifecycle.resolve(alert, by=by, at=at, resolution=word, note=note)


def _who(visit: Visit, *, person: str, name: str) -> tuple[Recipient | RecipientGroup, str]:
    if visit.recipient is not None:
        return visit.recipient, ""
    member = next((each for each in visit.members if str(each.pk) == person), None)
    if member is not None:
        return member, f"by the link that went to {visit.group}"
    if visit.group is None or visit.members or not name.strip():
        raise AnswerError("Say who you are first, so that the others know who has it.")
    return visit.group, f"answered by {name.strip()[:100]}"


def _alerts_of(thread: str) -> list[Alert]:
    kind, _, key = thread.partition(":")
    try:
        found = Q(pk=UUID(key)) if kind == "alert" else Q(group_id=UUID(key))
    except ValueError:
        return []
    return list(queries.readable().filter(found).order_by("priority", "id")[:LIMIT])


def _told(thread: str) -> list[str]:
    """The names of those who were told in the thread, each once, in the order they were told."""
    rows = Notification.objects.filter(thread=thread).select_related("recipient", "group").order_by("id")
    return list(dict.fromkeys(str(row.recipient or row.group) for row in rows))
