"""Which alerts nobody is told about for now, why, and until when: silences, inhibitions (inhibiting.py) and flapping (flapping.py).

They keep people from being told and never hide. Alerts on which lives depend are exempt from all of it. Escalation
asks when a step is due, and again when the suppression ends: whatever is still true then is told.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F

from alerts import flapping, inhibiting, silencing
from alerts.models import Alert, Inhibition
from alerts.subjects import Found, Subject, labels_of
from sentinel_site.lib import prepared

CHANGING: Final = timedelta(seconds=5)
"""When to ask again about what is held back by something that somebody is changing right now."""
logger = logging.getLogger(__name__)
_ANY: Final = """
SELECT EXISTS (SELECT FROM alerts_silence WHERE starts_at <= %s AND ends_at > %s), EXISTS (SELECT FROM alerts_inhibition WHERE enabled)
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an alert is held back, as api.md's ``suppressed_by``, and when to ask again."""

    reasons: tuple[dict[str, Any], ...]
    until: datetime


def holds(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, Hold]:
    """The alerts of ``alerts`` that are held back at ``at``. Counts a hit for each reason that is new on its alert.

    Whoever changes or ends what holds them waits for the caller's transaction, and then finds them held: nobody is forgotten.
    """
    found = _settled(alerts, reasons(alerts, at=at), at=at)
    fresh = [(alert.pk, reason) for alert in alerts if alert.pk in found for reason in _fresh(alert, found[alert.pk])]
    silencing.remember([(reason["id"], pk) for pk, reason in fresh if reason["kind"] == "silence"], at=at)
    _count([reason for _, reason in fresh if reason["kind"] == "inhibition"])
    return found


def holds_if_any(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, Hold]:
    """Like `holds`; where that cannot be found out, nothing is held back: a row that was written past every form silences nobody."""
    try:
        with transaction.atomic():
            return holds(alerts, at=at)
    except OperationalError:  # the database's trouble, which passes
        raise
    except Exception:  # one row that nobody can read must not keep a call back for ever
        logger.exception("what holds alerts back could not be found out; they are told")
        return {}


def reasons(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, Hold]:
    """The alerts of ``alerts`` that are held back at ``at``. Changes nothing."""
    candidates = [Subject(alert, labels_of(alert)) for alert in alerts if not alert.life_safety]
    if not candidates:
        return {}
    ((any_silence, any_inhibition),) = prepared.run(_ANY, [at, at])
    why: dict[UUID, list[Found]] = {}
    for asked, find in ((any_silence, silencing.find), (any_inhibition, inhibiting.find), (True, flapping.find)):
        for pk, found in find(candidates, at=at).items() if asked else ():
            why.setdefault(pk, []).extend(found)
    return {pk: Hold(tuple(each.reason for each in found), max(each.until for each in found)) for pk, found in why.items()}


def names(reasons: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What tells one reason from another, whatever else is said of it: its kind and its id."""
    return [(reason["kind"], reason["id"]) for reason in reasons]


def _settled(alerts: Sequence[Alert], found: dict[UUID, Hold], *, at: datetime) -> dict[UUID, Hold]:
    """What is found when no silence and no flapping of it may change before this transaction ends.

    Where somebody changes one right now, who would not see what is about to be held: it is asked about again in a moment.
    """
    by_silence = {pk for pk, hold in found.items() if any(reason["kind"] == "silence" for reason in hold.reasons)}
    steady = not by_silence or silencing.keep_still()
    if by_silence and steady:
        again = reasons([alert for alert in alerts if alert.pk in by_silence], at=at)
        found = {pk: hold for pk, hold in found.items() if pk not in by_silence} | again
    unsure = set() if steady else by_silence
    flaps = {reason["id"] for hold in found.values() for reason in hold.reasons if reason["kind"] == "flapping"}
    moving = flaps - flapping.keep_still(flaps) if flaps else set()
    unsure |= {pk for pk, hold in found.items() if any(reason["id"] in moving for reason in hold.reasons)}
    return found | {pk: replace(found[pk], until=min(found[pk].until, at + CHANGING)) for pk in unsure}


def _fresh(alert: Alert, hold: Hold) -> list[dict[str, Any]]:
    known = set(names(alert.suppressed_by))
    return [reason for reason in hold.reasons if (reason["kind"], reason["id"]) not in known]


def _count(reasons: Sequence[Mapping[str, Any]]) -> None:
    ids = [reason["id"] for reason in reasons]
    for pk in sorted(set(ids)):
        Inhibition.objects.filter(pk=pk).update(hits=F("hits") + ids.count(pk))
