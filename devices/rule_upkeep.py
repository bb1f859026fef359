"""Closing what nobody would close: events of rules that were edited, switched off or deleted, or whose hours ended."""

import logging
from datetime import datetime

from django.db import transaction

from devices import rule_events, rule_rows, rules
from devices.enums import Closing
from devices.models import AlertRule, Device, RuleEvent, RuleState
from devices.rules import Clear

logger = logging.getLogger(__name__)


def changed(rule_id: int, *, at: datetime) -> bool:
    """Begin anew when the rule was edited or switched off since, and close its open event. Returns whether there was one."""
    with transaction.atomic():
        row = rule_events.lock(rule_id)
        if row is None:
            return False
        reason = rule_events.unwatched(row, at=at)
        if reason is not None:
            return rule_events.cut_short(row, reason, at=at)
        if not RuleState.objects.filter(rule=row, version=row.version).exists():
            rule_events.begin_anew(row, at=at)
        return False


def deleted(rule_id: int, *, at: datetime) -> None:
    """The rule is about to be deleted: close its open event."""
    with transaction.atomic():
        row = rule_events.lock(rule_id)
        if row is not None:
            rule_events.cut_short(row, Closing.DELETED, at=at)


def device_changed(device: Device, *, at: datetime) -> None:
    """Close the device's open events when it was switched off, or is not watched day and night any more and nobody looks at it."""
    if not device.enabled or (device.is_polled and not device.keepalive):
        for pk in RuleEvent.objects.filter(device=device, clear_at=None, rule__isnull=False).values_list("rule", flat=True):
            changed(pk, at=at)


def sweep(*, at: datetime) -> int:
    """Close the events that nobody would close: of rules that were edited, switched off, deleted, or whose hours ended.

    Returns how many were closed. It is safe to run anywhere, at any time.
    """
    closed = 0
    for event in RuleEvent.objects.filter(clear_at=None).select_related("device", "rule__device", "rule__state"):
        try:
            with transaction.atomic():
                closed += _sweep(event, at=at)
        except Exception:  # the next sweep tries again, and the others must not wait for it
            logger.exception("the event %s could not be looked after", event.pk)
    return closed


def cut_short_all(device_id: int, closing: Closing, *, at: datetime) -> int:
    """Close every open event of a device that is not watched any more. Returns how many were open."""
    closed = 0
    for pk in list(AlertRule.objects.filter(device=device_id).order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = rule_events.lock(pk)
            closed += row is not None and rule_events.cut_short(row, closing, at=at)
    return closed


def _sweep(event: RuleEvent, *, at: datetime) -> bool:
    if event.rule_id is None:
        clear = Clear(at, Closing.DELETED, None, event.peak, event.onset_at)
        rule_events.close(event, clear, event.device, None, at=at)
        return True
    row = rule_events.lock(event.rule_id)
    if row is None:
        return False
    reason = rule_events.unwatched(row, at=at)
    if reason is None and rule_rows.rule_of(row).hours.contain(at):
        return False
    AlertRule.objects.filter(pk=row.pk).update(name=row.name)  # another version of the row: a monitor reads the state anew (roster.py)
    if reason is not None:
        return rule_events.cut_short(row, reason, at=at)
    state = rule_events.repaired(row, rule_rows.stored_state(row), at=at)
    state, what = rules.step(rule_rows.rule_of(row), state, at, None)
    rule_events.apply(row, what, state, at=at)
    return isinstance(what, Clear)
