"""What flapped and is calm again: whoever was told that it flaps is told how it ended.

An alert that is open then is told itself, by its own policy: what held it back has ended. Only what is over needs a message of its own,
and it comes after what somebody took meanwhile without having been called.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from alerts import escalation, flapping, messages, policies
from alerts.enums import FINAL, OPEN
from alerts.models import Alert, Flapping, Source
from notifications import dispatch

RETRY: Final = timedelta(minutes=1)
BATCH: Final = 100
logger = logging.getLogger(__name__)


def end_calm(*, at: datetime, limit: int = BATCH) -> int:
    """Deal with everything that flapped and may be calm at ``at``, one transaction each; concurrent runs share the work.

    One that fails is put back a minute later. Returns the number dealt with.
    """
    done = 0
    while done < limit:
        with transaction.atomic():
            due = Flapping.objects.filter(ended_at=None, calm_at__lte=at).order_by("calm_at")
            row = due.select_for_update(skip_locked=True, of=["self"]).select_related("source").first()
            if row is None:
                break
            try:
                with transaction.atomic():
                    _look(row, at=at)
            except Exception:  # the others must not wait for it
                logger.exception("the end of the flapping of %s could not be told; tried again in a minute", row)
                Flapping.objects.filter(pk=row.pk).update(calm_at=at + RETRY)
        done += 1
    return done


def reconsider(source: Source, *, at: datetime) -> None:
    """The limits of ``source`` changed: ask again about what is held back, and about what flaps."""
    with transaction.atomic():
        running = Flapping.objects.filter(source=source, ended_at=None)
        for pk in running.values_list("pk", flat=True):
            escalation.release(str(pk), at=at)
        running.update(calm_at=at)


def _look(row: Flapping, *, at: datetime) -> None:
    limits = flapping.limits_of(row.source)
    last = Alert.objects.filter(source=row.source, dedup_key=row.dedup_key, status__in=OPEN).first()
    opens = flapping.times(row.source, row.dedup_key) if limits else []
    if last:
        opens.append(last.created_at)
    calm_at = flapping.calm_at(opens, limits) if limits else None
    if last and limits and last.told == 0 and last.next_step_at is None:  # somebody took it before anybody was called
        calm_at = max(calm_at or at, at + limits.window)
    if calm_at and calm_at > at:
        Flapping.objects.filter(pk=row.pk).update(calm_at=calm_at)
        return
    Flapping.objects.filter(pk=row.pk).update(ended_at=at)
    escalation.release(str(row.pk), at=at)
    if not last:
        _tell(row, at=at)


def _tell(row: Flapping, *, at: datetime) -> None:
    """Say that it is calm and over, to everyone who was told that it flaps."""
    first = Alert.objects.filter(pk=row.alert_id).select_related("group").first()
    past = Alert.objects.filter(source=row.source, dedup_key=row.dedup_key, status__in=FINAL)
    last = past.select_related("source", "policy", "group").order_by("-id").first()
    if first and last:
        opens = past.filter(created_at__gte=row.began_at).count()
        flaps = {"opens": opens, "minutes": max(1, round((last.created_at - row.began_at).total_seconds() / 60)), "calm": True}
        threads = [first.thread, last.thread] + ([f"group:{first.group_id}"] if first.group_id else [])
        order = messages.calm(last, threads=threads, key=f"{row.pk}:calm", flaps=flaps, plan=policies.plan_of(last.policy), at=at)
        dispatch.tell([order], at=at)
