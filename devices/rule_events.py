"""When rules held: the rows, their alerts and the stored states, each change in one transaction.

Whoever writes a rule's state or events holds the rule's row (FOR NO KEY UPDATE). So whatever comes at the same time, a second
monitor, an edit, a deletion, waits, and then finds what was done. Killed at any point, either all of a change is there or nothing.
"""

import logging
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from alerts import intake, lifecycle, raising, routing, tongues
from alerts.enums import Resolution
from alerts.errors import IllegalTransition
from alerts.models import Alert
from alerts.record import By
from devices import rule_rows, rule_texts, rules
from devices.enums import Closing
from devices.models import AlertRule, Device, DeviceViewer, RuleEvent, RuleState
from devices.rules import Clear, Onset, State
from sentinel_site.lib import rows

TYPE: Final = "threshold"
SOURCES: Final = {True: "meters", False: "sensors"}
"""The source of a device without its own: polled, or not."""
OVER_BY_ITSELF: Final = (Closing.CLEARED, Closing.WINDOW)
logger = logging.getLogger(__name__)


def dedup_key(rule: AlertRule) -> str:
    """What all alerts of a rule have in common, so that each shows the one before."""
    return f"device-rule:{rule.pk}"


def lock(rule_id: int) -> AlertRule | None:
    """The rule with its device, held until the transaction ends; None when it is gone."""
    held = AlertRule.objects.select_for_update(of=["self"], no_key=True).select_related("device__source")
    return held.filter(pk=rule_id).first()


def is_watched(rule: AlertRule, version: int) -> bool:
    """Whether ``version`` of the rule is the present one, and switched on."""
    return rule.enabled and rule.device.enabled and rule.version == version


def begin(rule: AlertRule, onset: Onset, state: State, *, at: datetime) -> RuleEvent | None:
    """The onset: its event, the state and the alert. None when it is known, or the rule has an open event: there is no second one.

    Call it in a transaction that holds the rule (see `lock`), as the last of it.
    """
    event = RuleEvent(
        device=rule.device, rule=rule, rule_document=rule_rows.document(rule), metric=rule.metric, onset_at=onset.at, value=onset.value,
        peak=onset.peak,
    )  # fmt: skip
    made = rows.insert([event], ignore_conflicts=True)
    save_state(rule, state, at=at)
    if not made:
        logger.warning("rule %s has an open event already, or had this one; no second onset", rule.pk)
        return None
    alert_id = raising.raise_by(sources(rule.device), _report(rule, onset), at=at)
    # One row by its key after the alert was announced: who waits for the event counter waits that much longer, and no event
    # is ever without its alert.
    RuleEvent.objects.filter(pk=event.pk).update(alert_id=alert_id)
    return event


def end(rule: AlertRule, clear: Clear, state: State, *, at: datetime, by: By = None) -> RuleEvent | None:
    """The clear: the event is closed, the state stored and the alert resolved. None when no event was open that is older.

    Call it in a transaction that holds the rule, as the last of it.
    """
    save_state(rule, state, at=at)
    begun_until = max(clear.at, clear.onset_at)  # its own onset is later than the clear where our clock was set back between
    event = RuleEvent.objects.filter(rule=rule, clear_at=None, onset_at__lte=begun_until).first()
    if event is None:
        return None
    event.peak = clear.peak
    close(event, clear, rule.device, rule, at=at, by=by)
    return event


def close(event: RuleEvent, clear: Clear, device: Device, rule: AlertRule | None, *, at: datetime, by: By = None) -> None:
    """Close ``event`` and resolve its alert, whoever else may have closed either before."""
    open_still = RuleEvent.objects.filter(pk=event.pk, clear_at=None)
    if not open_still.update(clear_at=max(clear.at, event.onset_at), closing=clear.closing, peak=event.peak) or event.alert_id is None:
        return
    alert = Alert.objects.filter(pk=event.alert_id).first()
    if alert is None:
        return
    resolution = Resolution.RECOVERED if clear.closing in OVER_BY_ITSELF else Resolution.AUTO
    note = tongues.note(lambda: rule_texts.ending(event, clear, device, rule))
    try:
        lifecycle.resolve(alert, by=by, at=at, resolution=resolution, note=note)
    except IllegalTransition:
        logger.info("alert %s of rule event %s expired before", event.alert_id, event.pk)


def cut_short(rule: AlertRule, closing: Closing, *, at: datetime, by: By = None) -> bool:
    """Close the rule's open event because nobody watches it as it was, and begin anew. Returns whether one was open.

    Call it in a transaction that holds the rule.
    """
    event = RuleEvent.objects.filter(rule=rule, clear_at=None).first()
    if closing == Closing.DELETED:
        RuleState.objects.filter(rule=rule).delete()
    else:
        begin_anew(rule, at=at)
    if event is None:
        return False
    close(event, Clear(at, closing, None, event.peak, event.onset_at), rule.device, rule, at=at, by=by)
    return True


def begin_anew(rule: AlertRule, *, at: datetime) -> None:
    """Store that the present version of the rule has seen nothing yet, and is not to judge what was measured before."""
    stored = RuleState.objects.filter(rule=rule).first()
    before = rule_rows.readable(stored)
    state = State(last_at=at) if rule.device.is_polled else State(last_at=before.last_at, intervals=before.intervals)
    save_state(rule, state, at=at)


def apply(row: AlertRule, what: Onset | Clear | None, state: State, *, at: datetime) -> None:
    """Write what a step found. Call it in a transaction that holds the rule, as the last of it."""
    if isinstance(what, Onset):
        begin(row, what, state, at=at)
    elif isinstance(what, Clear):
        end(row, what, state, at=at)
    else:
        save_state(row, state, at=at)
        if state.active and state.peak is not None:
            save_peak(row.pk, state.peak)


def save_state(rule: AlertRule, state: State, *, at: datetime) -> None:
    """Store how far the rule got."""
    row = RuleState(rule=rule, version=rule.version, phase=state.phase, document=rules.document(state), changed_at=at)
    RuleState.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["rule"], update_fields=["version", "phase", "document", "changed_at"]
    )


def save_peak(rule_id: int, peak: float) -> None:
    """Write the worst value so far on the open event."""
    RuleEvent.objects.filter(rule_id=rule_id, clear_at=None).update(peak=peak)


def repaired(row: AlertRule, state: State, *, at: datetime) -> State:
    """``state`` in agreement with the rule's open event: rows may have been restored or edited by hand."""
    event = RuleEvent.objects.filter(rule=row, clear_at=None).first()
    if event is None:
        return State(ended_at=state.ended_at, last_at=state.last_at, ring=state.ring, intervals=state.intervals) if state.active else state
    if event.rule_document.get("version") != row.version:
        cut_short(row, Closing.EDITED, at=at)
        return State()
    if state.active:
        return state
    logger.warning("rule %s has an open event and a state that says %s; it goes on from the event", row.pk, state.phase)
    return rules.resumed(state, onset_at=event.onset_at, peak=event.peak)


def unwatched(row: AlertRule, *, at: datetime) -> Closing | None:
    """Why the rule's open event cannot go on; None when it can."""
    device = row.device
    looked_at = device.keepalive or not device.is_polled or DeviceViewer.objects.filter(device=device, seen_until__gt=at).exists()
    if not device.enabled or not looked_at:
        return Closing.DEVICE
    if not row.enabled:
        return Closing.DISABLED
    opened = RuleEvent.objects.filter(rule=row, clear_at=None).values_list("rule_document__version", flat=True).first()
    return Closing.EDITED if opened not in (None, row.version) else None


def sources(device: Device) -> list[str]:
    """The sources that an alert about ``device`` may come from, the best first: none of them may be switched off or gone."""
    known = routing.table().sources
    wanted = [device.source.slug] if device.source else []
    listed = [slug for slug in (*wanted, SOURCES[device.is_polled], intake.OWN_SOURCE) if slug in known]
    return listed or sorted(known)[:1] or [intake.OWN_SOURCE]


def _report(rule: AlertRule, onset: Onset) -> dict[str, Any]:
    device = rule.device
    measured = {"at": onset.at, "since": onset.since, "value": onset.value, "peak": onset.peak}
    raw = {"device": device.slug, "rule": rule_rows.document(rule), **measured}
    return {
        "type": TYPE, **tongues.report(lambda: rule_texts.words(device, rule, onset)),
        "severity": rule.severity, "subject": device.slug, "dedup_key": dedup_key(rule), "labels": rule_texts.labels(device, rule),
        "occurred_at": onset.at, "raw": to_json(raw).decode(),
    }  # fmt: skip
