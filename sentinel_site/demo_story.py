"""A sample alert with its whole story behind it: a loud machine three hours ago, somebody who was told, went there and was done."""

import math
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from alerts import escalation, feedback, lifecycle
from alerts.enums import Promise, Usefulness
from alerts.errors import IllegalTransition
from alerts.models import Alert
from devices import readings, rule_events
from devices.enums import Closing, RulePhase
from devices.models import AlertRule, RuleEvent
from devices.readings import NewReading
from devices.rules import Clear, Onset, State
from devices.simulator import sound
from notifications import outbox
from notifications.enums import DeliveryStatus, Transport
from notifications.models import Delivery, Recipient
from notifications.outbox import Outcome

AGO: Final = timedelta(hours=3)
STEP_SECONDS: Final = 1.25
BEFORE, LOUD, AFTER = 310, 190, 330
"""Seconds of samples before the machine is loud, while it is, and afterwards."""
SILENT: Final = range(40, 75)
"""Within so many seconds after it grew loud nothing was heard of the meter."""
SUSTAINED: Final = 5
QUIET_LEVEL, LOUD_LEVEL = 58.0, 91.0


def run(*, at: datetime, device: str, person: str) -> Alert | None:
    """Make the story on the first rule of ``device`` (its slug), with ``person`` who answers; once. None when it is there or cannot be."""
    rule = AlertRule.objects.select_related("device__source").filter(device__slug=device).first()
    answering = Recipient.objects.filter(name=person).first()
    if rule is None or answering is None or RuleEvent.objects.filter(device__slug=device).exists():
        return None
    began = at - AGO
    readings.store([NewReading(rule.device_id, when, {"lp": level}) for when, level in _samples(began)])
    return _story(rule, answering, began)


def _samples(began: datetime) -> list[tuple[datetime, float]]:
    found = []
    for number in range(int((BEFORE + LOUD + AFTER) / STEP_SECONDS)):
        seconds = number * STEP_SECONDS - BEFORE
        if int(seconds) not in SILENT:
            found.append((began + timedelta(seconds=seconds), _level(number, seconds)))
    return found


def _level(number: int, seconds: float) -> float:
    """A workshop at work, and a machine that howls with the beat of what is loose in it."""
    howls = 0 <= seconds < LOUD
    swing = 2.5 * math.sin(seconds / 7) + 3 * (sound.chance(7, number) - 0.5)
    return round((LOUD_LEVEL if howls else QUIET_LEVEL) + swing, 1)


def _story(rule: AlertRule, person: Recipient, began: datetime) -> Alert | None:
    """Each thing at its instant, by the code that does it every day."""

    def after(seconds: float) -> datetime:
        return began + timedelta(seconds=seconds)

    onset_at = after(SUSTAINED)
    onset = Onset(onset_at, began, 90.4, 93.6)
    state = State(phase=RulePhase.ACTIVE, begun_at=began, onset_at=onset_at, peak=onset.peak, last_at=onset_at)
    with transaction.atomic():
        event = rule_events.begin(rule, onset, state, at=onset_at)
    alert = Alert.objects.filter(pk__in=RuleEvent.objects.filter(pk=event.pk).values("alert")).first() if event else None
    if alert is None:
        return None
    for seconds in (SUSTAINED, SUSTAINED + 60):
        escalation.advance_due(at=after(seconds))
    for message in _sent(alert, after(SUSTAINED + 0.4)):
        outbox.receive(message.pk, status=DeliveryStatus.DELIVERED, at=after(21))
        outbox.receive(message.pk, status=DeliveryStatus.SEEN, at=after(84))
    _answered(alert, person, began)
    clear = Clear(after(LOUD + SUSTAINED), Closing.CLEARED, 57.2, 94.8, onset_at)
    with transaction.atomic():
        rule_events.end(rule, clear, State(ended_at=clear.at, last_at=clear.at), at=clear.at)
    _sent(alert, clear.at + timedelta(seconds=0.4))
    feedback.give(alert, Usefulness.USEFUL, by=person, at=after(900), note="")
    return alert


def _sent(alert: Alert, at: datetime) -> list[Delivery]:
    """What waited at ``at`` of this alert, said to be accepted: nobody is to get a message about three hours ago.

    A message about something real that waits since then is taken as well, and nothing is said of it: its lease is over long ago.
    """
    claimed = outbox.claim(Transport.EMAIL, limit=10, at=at, lease_seconds=60)
    messages = [each for each in claimed if each.notification.thread == alert.thread]
    outcomes = [Outcome(each, DeliveryStatus.SENT, provider_id=f"demo-{each.pk}", took_ms=380) for each in messages]
    outbox.settle(outcomes, at=at + timedelta(seconds=0.4))
    return messages


def _answered(alert: Alert, person: Recipient, began: datetime) -> None:
    try:
        lifecycle.acknowledge(alert, by=person, at=began + timedelta(seconds=102), promise=Promise.ON_MY_WAY)
        lifecycle.comment(alert, by=person, at=began + timedelta(seconds=170), note="A belt guard is loose; the machine is switched off.")
    except IllegalTransition:  # it ended otherwise, which is a story as well
        return
