"""Answering from outside: which alerts it is about, who answers, and what the answer does.

A message is answered by its link or through its transport (a button, an SMS, a key on the telephone). What went to a
person is answered as that person. A link that went to a group's own channel asks who is there: a member of the group,
or else the group itself, with the name that was written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts import describe, escalation, feedback, lifecycle
from alerts.enums import Promise, Resolution, Usefulness
from alerts.errors import IllegalTransition
from alerts.models import Alert
from notifications import links, outbox
from notifications.answers import Answer, Reply
from notifications.enums import DeliveryStatus, Transport
from notifications.links import LinkError
from notifications.models import Delivery, Notification, Recipient, RecipientGroup
from sentinel_site.lib import english

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
GONE: Final = gettext_noop("What this link was about is no longer kept. Sign in to see what is open now.")
LEFT: Final = gettext_noop("This link belongs to somebody who is no longer told about alerts. Sign in to answer.")


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
    def usefulness(self) -> list[tuple[str, str]]:
        """What can be said of an alert afterwards."""
        return [(word, _(str(label))) for word, label in Usefulness.choices]

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
        raise LinkError(_(LEFT))
    alerts = _alerts_of(link.thread)
    if not alerts:
        raise LinkError(_(GONE))
    said = feedback.own_of(alerts, recipient) if recipient else {}
    for alert in alerts:
        alert.said = said.get(alert.pk, "")
    return Visit(link, alerts, recipient, group, _told(link.thread))


def take(visit: Visit, *, answer: str, which: str, person: str = "", name: str = "", at: datetime) -> None:
    """Give ``answer`` (a key of ANSWERS) to the alert ``which``, or to all that a page showed (``Visit.everything`` then).

    A word of Usefulness is kept as what the person says of the alert, whatever its status. Raises AnswerError when it is not
    understood or nobody says who answers, IllegalTransition when the one alert is closed already. Of several, those that are
    closed are passed over.
    """
    if answer not in ANSWERS and answer not in feedback.WORDS:
        raise AnswerError(_("That answer is not known. Press one of the buttons."))
    newest = which.removeprefix(ALL) if which.startswith(ALL) else ""
    chosen = [alert for alert in visit.alerts if str(alert.pk) == which or str(alert.pk) <= newest]
    if not chosen:
        raise AnswerError(_("That alert does not belong to this link. Press one of the buttons."))
    by, note = _who(visit, person=person, name=name)
    if answer in feedback.WORDS:
        for alert in chosen:
            feedback.give(alert, answer, by=by, named=name if by == visit.group else "", at=at)
        return
    for alert in chosen:
        try:
            _give(alert, answer, by=by, note=note, at=at)
        except IllegalTransition:
            if len(chosen) == 1:
                raise
    outbox.receive(visit.link.delivery_id, status=DeliveryStatus.SEEN, at=at, detail="answered by its link")


def reply(delivery: Delivery, answer: Answer, *, via: str, person: Recipient | None = None, name: str = "", at: datetime) -> Reply | None:
    """Give ``answer``, which came through a transport, to every open alert that ``delivery`` told about.

    None when the delivery is about no alert (a test). Whoever answers a message has seen it. A closed alert takes no
    answer, and the reply says so. Not to be called inside a transaction.
    """
    note = delivery.notification
    alerts = _alerts_told(note)
    if not alerts:
        return None
    by = person or note.recipient or note.group
    remark = f"via {english.label(Transport, via)}" + (f", answered by {name.strip()[:100]}" if name.strip() and person is None else "")
    given = [alert for alert in alerts if by is not None and _give_if_open(alert, answer, by=by, note=remark, at=at)]
    outbox.receive(delivery.pk, status=DeliveryStatus.SEEN, at=at, detail=f"answered by {via}")
    speaker = person or note.recipient
    with translation.override(speaker.language if speaker else settings.LANGUAGE_CODE):
        return _said(answer, given) if given else Reply(_("It was closed before you answered. Nothing more is to be done."), taken=False)


def _alerts_told(note: Notification) -> list[Alert]:
    """The alerts a message was about; a bundled one, only those it named: the group may have grown since."""
    alerts = _alerts_of(note.thread)
    named = {alert["id"] for alert in note.context.get("alerts") or ()}
    return [alert for alert in alerts if not named or str(alert.pk) in named]


def _give_if_open(alert: Alert, answer: Answer, *, by: Recipient | RecipientGroup, note: str, at: datetime) -> bool:
    try:
        if answer == Answer.PASS_ON:
            escalation.escalate_now(alert, by=by, at=at)
        elif answer != Answer.SEEN:
            _give(alert, answer, by=by, note=note, at=at)
        return alert.is_open
    except IllegalTransition:
        return False


def _said(answer: Answer, given: Sequence[Alert]) -> Reply:
    which = f"#{given[0].number} {given[0].own_title}" if len(given) == 1 else _("%(count)d alerts") % {"count": len(given)}
    said = {
        Answer.SEEN: _("Noted: you have seen %(which)s. Nobody has taken it yet."),
        Answer.PASS_ON: _("Passed on: the next people are told about %(which)s."),
        Answer.HANDLED: _("Resolved: %(which)s."),
        Answer.FALSE_ALARM: _("Closed as a false alarm: %(which)s."),
    }
    return Reply(said.get(answer, _("You have it: %(which)s. Nobody else is called.")) % {"which": which}, taken=True)


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
        raise AnswerError(_("Say who you are first, so that the others know who has it."))
    return visit.group, f"answered by {name.strip()[:100]}"


def _alerts_of(thread: str) -> list[Alert]:
    kind, _, key = thread.partition(":")
    try:
        found = Q(pk=UUID(key)) if kind == "alert" else Q(group_id=UUID(key))
    except ValueError:
        return []
    return list(describe.readable().filter(found).order_by("priority", "id")[:LIMIT])


def _told(thread: str) -> list[str]:
    """The names of those who were told in the thread, each once, in the order they were told."""
    rows = Notification.objects.filter(thread=thread).select_related("recipient", "group").order_by("id")
    return list(dict.fromkeys(str(row.recipient or row.group) for row in rows))
