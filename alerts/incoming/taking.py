"""Acting on what came in: alerts are raised, acknowledged and resolved, and every message is kept as a report with its verdict.

What follows upon each other is done in that order. Consecutive triggers are one batch for intake; everything else is a transaction of
its own, because an alert must not be locked after the event counter (see record.py). Sent again after a failure, it does the rest.
"""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.utils import IntegrityError, OperationalError
from django.utils.translation import gettext as _

from alerts import folding, intake, lifecycle, ownership, routing, tongues
from alerts.enums import OPEN, Resolution, Verdict
from alerts.errors import InvalidReport, UnknownSource
from alerts.folding import NewReport
from alerts.incoming import seen
from alerts.incoming.contract import Action, Incoming
from alerts.models import Alert, Report
from sentinel_site.lib import ids

MAX_REFUSALS: Final = 20
"""So many refused reports of one message are kept; a broken sender must not fill the table."""
CAME_BEFORE: Final = "this very message came before"
NOT_OPEN: Final = "no alert with this key is open"
NOT_YOURS: Final = "another user's key reported this alert; use that key, or that of a user who may answer alerts"
LIVES: Final = "lives depend on this alert: only a user who may answer alerts can acknowledge it"
ANSWER: Final = "alerts.answer_alert"
T = TypeVar("T")
logger = logging.getLogger(__name__)


class Taken(NamedTuple):
    """What became of one Incoming: its verdict, its alert if it has one, and why when nothing was done."""

    verdict: Verdict
    alert_id: UUID | None = None
    reason: str = ""


def take(items: Sequence[Incoming], *, at: datetime, by: User) -> list[Taken]:
    """Do what ``items`` say, in their order; answers in that order. All of it is committed on return.

    ``by`` is the user whose key brought them. Without an open alert, or the right to close it, nothing is done and the report says so.
    What is refused is kept and told to people (intake.refuse). Raises DatabaseError when not all of it could be stored.
    """
    taken: list[Taken] = []
    for is_trigger, group in groupby(items, key=lambda item: item.action == Action.TRIGGER):
        run = list(group)
        taken += _trigger(run, at=at, by=by) if is_trigger else [_other(item, at=at, by=by) for item in run]
    refused = [(item, result) for item, result in zip(items, taken, strict=True) if result.verdict == Verdict.REJECTED]
    for item, result in refused[:MAX_REFUSALS]:
        _refuse(item.report, result, at=at, by=by)
    return taken


def keep(report: NewReport, taken: Taken, *, at: datetime, by: User) -> None:
    """Keep ``report`` with what became of it, where intake does not do so itself."""
    source = routing.table().sources.get(report.source)
    Report.objects.create(
        id=ids.uuid7(at), source=source, source_slug=report.source[:60], received_at=at, verdict=taken.verdict, reason=taken.reason[:500],
        alert_id=taken.alert_id, reported_by=by, raw=json.loads(report.raw),
    )  # fmt: skip


def _trigger(run: Sequence[Incoming], *, at: datetime, by: User) -> list[Taken]:
    if any(item.event for item in run):
        return _again(lambda: _trigger_new(run, at=at, by=by))
    return [_taken(outcome) for outcome in intake.accept([item.report for item in run], at=at, by_id=by.pk)]


def _trigger_new(run: Sequence[Incoming], *, at: datetime, by: User) -> list[Taken]:
    """Those of ``run`` that did not come before; the others are kept as dropped."""
    keys = [seen.key(item.report.source, item.event, user_id=by.pk) if item.event else "" for item in run]
    claimed = seen.claim((key for key in keys if key), at=at)
    fresh: list[int] = []
    for place, key in enumerate(keys):
        if not key or key in claimed:
            fresh.append(place)
            claimed.discard(key)
    taken = [Taken(Verdict.DROPPED, reason=CAME_BEFORE)] * len(run)
    for place in sorted(set(range(len(run))) - set(fresh)):
        keep(run[place].report, taken[place], at=at, by=by)
    outcomes = intake.accept([run[place].report for place in fresh], at=at, by_id=by.pk) if fresh else []
    for place, outcome in zip(fresh, outcomes, strict=True):
        taken[place] = _taken(outcome)
    seen.release(keys[place] for place in fresh if keys[place] and taken[place].verdict == Verdict.REJECTED)
    return taken


def _other(item: Incoming, *, at: datetime, by: User) -> Taken:
    if item.action == Action.TEST:
        return _again(lambda: _test(item, at=at, by=by))
    if item.report.source not in routing.table().sources:
        return _taken(UnknownSource(item.report.source))
    if item.action != Action.IGNORE:
        return _again(lambda: _close(item, at=at, by=by))
    dropped = Taken(Verdict.DROPPED, reason=item.why)
    keep(item.report, dropped, at=at, by=by)
    return dropped


def _test(item: Incoming, *, at: datetime, by: User) -> Taken:
    """Raised and resolved in one transaction: it is seen in the list, and its first step is never due."""
    (outcome,) = intake.accept([item.report._replace(dedup_key=f"test:{ids.uuid7(at)}")], at=at, by_id=by.pk)
    if not isinstance(outcome, InvalidReport):
        alert = Alert.objects.get(pk=outcome.alert_id)
        note = item.note or tongues.note(lambda: _("a test of the connection"))
        lifecycle.resolve(alert, by=by, at=at, resolution=Resolution.TEST, note=note)
    return _taken(outcome)


def _close(item: Incoming, *, at: datetime, by: User) -> Taken:
    """Acknowledge or resolve the open alert with this key, and keep the report. Nothing is done that ``by`` may not do."""
    report = item.report
    if item.event and not seen.claim([seen.key(report.source, item.event, user_id=by.pk)], at=at):
        taken = Taken(Verdict.DROPPED, reason=CAME_BEFORE)
        keep(report, taken, at=at, by=by)
        return taken
    rows = Alert.objects.select_for_update(of=["self"], no_key=True).select_related("source")
    alert = rows.filter(source__slug=report.source, dedup_key=_key(report), status__in=OPEN).first()
    reason = _objection(item.action, alert, by)
    taken = Taken(Verdict.DROPPED if reason else Verdict.APPLIED, alert.pk if alert else None, reason)
    keep(report, taken, at=at, by=by)
    if alert is not None and not reason:
        if item.action == Action.ACKNOWLEDGE:
            lifecycle.acknowledge(alert, by=by, at=at, note=item.note)
        else:
            lifecycle.resolve(alert, by=by, at=at, resolution=Resolution.RECOVERED, note=item.note)
    return taken


def _objection(action: Action, alert: Alert | None, by: User) -> str:
    """Why ``by`` may not do this; empty when it may. What reports may end what it raised, and nothing else."""
    if alert is None:
        return NOT_OPEN
    if by.has_perm(ANSWER):
        return ""
    if not ownership.is_raised_by(alert.pk, by):
        return NOT_YOURS
    return LIVES if action == Action.ACKNOWLEDGE and alert.life_safety else ""


def _key(report: NewReport) -> str:
    """The key intake gave the alert, when the message names none itself."""
    source = routing.table().sources[report.source]
    return folding.dedup_key(report, source, report.severity or source.severity)


def _taken(outcome: intake.Outcome) -> Taken:
    if isinstance(outcome, InvalidReport):
        return Taken(Verdict.REJECTED, reason=str(outcome))
    return Taken(Verdict.ACCEPTED if outcome.created else Verdict.FOLDED, outcome.alert_id)


def _refuse(report: NewReport, taken: Taken, *, at: datetime, by: User) -> None:
    intake.refuse(slug=report.source, subject=report.subject, errors=[("report", taken.reason)], raw=report.raw, at=at, by_id=by.pk)


def _again(work: Callable[[], T]) -> T:
    """``work`` in a transaction, up to three times: a deadlock, or a source deleted since the routing table was read, is tried anew."""
    for last_try in (False, False, True):
        try:
            with transaction.atomic():
                return work()
        except (IntegrityError, OperationalError):
            if last_try or transaction.get_connection().in_atomic_block:
                raise
            logger.warning("what came in is taken once more", exc_info=True)
            routing.forget()
    raise AssertionError("unreachable")
