"""An AI's opinion on a picture: asked for after the escalation runs, and able to raise a priority, never to do less.

A TriageOpinion row is the queue entry; a task is only a hint to look at it. One opinion is asked for at a time, in the
whole house, so that a slow AI and a flood of pictures cannot keep the worker from its other tasks: who finishes one
passes on to the next. After GIVE_UP an opinion helps nobody any more, and is given up.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from alerts import escalation, gemini, images, record, routing
from alerts.enums import EventKind, LogKind, Severity, TriageMode
from alerts.errors import ConfigurationError, NoOpinion
from alerts.gemini import Answer
from alerts.models import Alert, TriageOpinion
from alerts.routing import Choice
from sentinel_site.lib import queue, wake

LEASE: Final = timedelta(seconds=45)
"""Longer than two calls take, shorter than the sweep that looks after lost ones needs to matter."""
GIVE_UP: Final = timedelta(minutes=10)
logger = logging.getLogger(__name__)


def request(alert_id: UUID, *, at: datetime) -> TriageOpinion | None:
    """Ask for an opinion on the alert's picture, some time soon. None: the source does not want one, or there is no key.

    Belongs to the transaction that keeps the picture.
    """
    if not gemini.available() or not Alert.objects.filter(pk=alert_id, source__triage=True).exists():
        return None
    opinion = TriageOpinion.objects.create(alert_id=alert_id, queued_at=at)
    queue.enqueue("alerts.tasks.triage", str(opinion.pk))
    return opinion


def run(opinion_id: UUID, *, at: datetime) -> bool:
    """Get the opinion and write it down. False: it is done, in another worker's hands, or has to wait for its turn.

    Takes up to 16 s, in no transaction, and touches the alert only to write the result. Raises nothing of the AI's.
    """
    if not _claim(opinion_id, at=at):
        return False
    started = time.monotonic()
    opinion = TriageOpinion.objects.select_related("alert__source").get(pk=opinion_id)
    answer: Answer | NoOpinion
    try:
        answer = gemini.ask(_picture(opinion, at=at), timeout_seconds=settings.GEMINI_SECONDS)
    except NoOpinion as error:
        answer = error
    finished_at = at + timedelta(seconds=time.monotonic() - started)
    _settle(opinion, answer, lease=at + LEASE, at=finished_at)
    run_waiting(at=finished_at)
    return True


def run_waiting(*, at: datetime) -> int:
    """Give up opinions that are too old, and hint at the next one that waits, if none is being asked for.

    The newest comes first: it is about the alert people look at now. Returns how many still wait.
    """
    for opinion in _queued().filter(queued_at__lte=at - GIVE_UP).filter(_free(at)).select_related("alert__source"):
        if _claim(opinion.pk, at=at, alone=False):
            _settle(opinion, NoOpinion("The AI could not be asked in time."), lease=at + LEASE, at=at)
    waiting = list(_queued().filter(_free(at)).order_by("-queued_at").values_list("pk", flat=True))
    if waiting and not _busy(at):
        queue.enqueue("alerts.tasks.triage", str(waiting[0]))
    return len(waiting)


def _queued() -> QuerySet[TriageOpinion]:
    return TriageOpinion.objects.filter(state=TriageMode.QUEUED)


def _free(at: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lte=at)


def _busy(at: datetime) -> bool:
    return _queued().filter(leased_until__gt=at).exists()


def _claim(opinion_id: UUID, *, at: datetime, alone: bool = True) -> bool:
    """Take the opinion in hand; ``alone``: only while no other one is. A dead worker's claim runs out."""
    if alone and _busy(at):
        return False
    return bool(_queued().filter(_free(at), pk=opinion_id).update(leased_until=at + LEASE))


def _picture(opinion: TriageOpinion, *, at: datetime) -> bytes:
    """The bytes to show. Raises NoOpinion when it is too late to ask, or there is nothing to show."""
    alert = opinion.alert
    if not gemini.available():
        raise NoOpinion("There is no GEMINI_API_KEY.")
    if not alert.is_open:
        raise NoOpinion("The alert was closed before the AI was asked.")
    if opinion.queued_at <= at - GIVE_UP:
        raise NoOpinion("The AI could not be asked in time.")
    try:
        return images.path_of(alert.image).read_bytes()
    except (OSError, ValueError):
        raise NoOpinion("The picture is gone.") from None


def _settle(opinion: TriageOpinion, answer: Answer | NoOpinion, *, lease: datetime, at: datetime) -> None:
    """Write the outcome on the opinion, the alert's record and the live feed, and raise the priority if it says so."""
    choice = _choice(opinion.alert, Severity(answer.verdict.severity), at=at) if isinstance(answer, Answer) else None
    with transaction.atomic():
        alert = Alert.objects.select_for_update(of=["self"]).get(pk=opinion.alert_id)
        fields, detail = _outcome(alert, answer, choice)
        mine = _queued().filter(pk=opinion.pk, leased_until=lease)
        if not mine.update(done_at=at, leased_until=None, **fields):
            return  # the lease ran out and another worker has it, or has done it
        record.write([record.Entry(alert.pk, LogKind.TRIAGE, None, detail)], at=at)
        raised = choice is not None and escalation.raise_priority(
            alert.pk, choice.snapshot, priority=choice.priority, severity=fields["severity"], at=at, why="AI opinion"
        )
        events = [(EventKind.TRIAGE, alert.pk)] + ([(EventKind.ESCALATED, alert.pk)] if raised else [])
        record.announce(events, at=at, wake_also=(wake.DUE,) if raised else ())


def _outcome(alert: Alert, answer: Answer | NoOpinion, choice: Choice | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of the opinion, and the detail of its log entry."""
    if isinstance(answer, NoOpinion):
        reason = str(answer)[:300]
        return {"state": TriageMode.NO_OPINION, "reason": reason}, {"state": TriageMode.NO_OPINION.value, "reason": reason}
    verdict = answer.verdict.model_dump()
    raised_to = choice.priority if choice and alert.is_open and choice.priority < alert.priority else alert.priority
    fields = {
        "state": TriageMode.DONE, **verdict, "model_name": answer.model, "latency_ms": answer.latency_ms, "tokens": answer.tokens,
        "priority_before": alert.priority, "priority_after": raised_to,
    }  # fmt: skip
    return fields, {"state": TriageMode.DONE.value, **verdict, "model": answer.model, "priority": [alert.priority, raised_to]}


def _choice(alert: Alert, severity: Severity, *, at: datetime) -> Choice | None:
    """Where the alert would go if its source had said ``severity`` at ``at``; None when no route can say."""
    labels = routing.labels_of(source=alert.source.slug, type=alert.type, severity=severity, subject=alert.subject, labels=alert.labels)
    try:
        return routing.table().choose(alert.source, labels, severity, at=at)
    except (ConfigurationError, KeyError):
        logger.exception("no route says where the AI's %s leads for alert %s", severity, alert.pk)
        return None
