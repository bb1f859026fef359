"""The only writer of Alert.status.

Status moves forward only and may skip. Asking for the status an alert already has is a quiet success; asking for an
earlier one is refused. Each change is one conditional UPDATE, one log entry and one live event, in one transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from alerts import escalation, messages, policies, record, tongues
from alerts.enums import FINAL, UNACKNOWLEDGED, AlertStatus, EventKind, LogKind, Promise, Resolution
from alerts.errors import IllegalTransition
from alerts.models import Alert, AlertGroup
from alerts.record import By
from alerts.signals import alert_closed
from alerts.tongues import Note
from notifications import dispatch, outbox, revisions
from notifications.models import RecipientGroup
from sentinel_site.lib import wake

TRANSITIONS: Final[Mapping[AlertStatus, tuple[AlertStatus, ...]]] = {
    AlertStatus.DELIVERED: (AlertStatus.PENDING,),
    AlertStatus.SEEN: (AlertStatus.PENDING, AlertStatus.DELIVERED),
    AlertStatus.ACKNOWLEDGED: (AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN),
    AlertStatus.RESOLVED: (AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN, AlertStatus.ACKNOWLEDGED),
    AlertStatus.EXPIRED: (AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN, AlertStatus.ACKNOWLEDGED),
}
"""For each status, the ones it may be reached from."""


def mark_delivered(alert: Alert, *, by: By, at: datetime, detail: Mapping[str, Any] | None = None) -> Alert:
    """A receipt proves that a message reached somebody. Later statuses are left alone, quietly: receipts may be late.

    Raises IllegalTransition only for what api.md calls backwards when ``by`` asks for it itself; see `receipt`.
    """
    return _move(alert, AlertStatus.DELIVERED, by=by, at=at, detail=detail or {}, fields={"delivered_at": at})


def mark_seen(alert: Alert, *, by: By, at: datetime, detail: Mapping[str, Any] | None = None) -> Alert:
    """Somebody opened the alert. Stops or holds the escalation when its policy says so. Raises IllegalTransition."""
    return _move(alert, AlertStatus.SEEN, by=by, at=at, detail=detail or {}, fields={"seen_at": at})


def acknowledge(alert: Alert, *, by: By, at: datetime, promise: str = "", note: str = "", pressed_at: str = "") -> Alert:
    """Somebody takes it: the escalation stops, waiting messages are cancelled, and the first to do so is named.

    On an alert that was acknowledged before and escalates again, or did so in vain, it stops the escalation again and
    is logged; the first acknowledger stays. ``pressed_at``: when it was said, of an answer that was long on its way.
    Raises IllegalTransition when the alert is closed.
    """
    detail = _told(promise=Promise(promise).value if promise else "", note=note, pressed_at=pressed_at)
    fields = {"acknowledged_at": at, "acknowledged_by": record.actor(by).name or "Sentinel", "promise": promise}
    with transaction.atomic():
        alert = _move(alert, AlertStatus.ACKNOWLEDGED, by=by, at=at, detail=detail, fields=fields)
        if alert.next_step_at is not None or alert.unanswered:
            escalation.halt(alert, at=at)
            cancelled = _quiet(alert, at=at)
            _revise(alert, by=by, note=note, at=at)
            record.write([record.Entry(alert.pk, LogKind.REAFFIRMED, by, detail), *cancelled], at=at)
            record.announce([(EventKind.STATUS, alert.pk, AlertStatus.ACKNOWLEDGED)], at=at)
            alert.refresh_from_db()
    return alert


def resolve(
    alert: Alert, *, by: By, at: datetime, resolution: str = Resolution.HANDLED, note: str = "", pressed_at: str = ""
) -> Alert:  # fmt: skip
    """It is over. Everyone who was told is told that, too. Raises IllegalTransition when it expired before."""
    resolution = Resolution(resolution)
    detail = _told(resolution=resolution.value, note=note, pressed_at=pressed_at)
    return _move(alert, AlertStatus.RESOLVED, by=by, at=at, detail=detail, fields={"closed_at": at, "resolution": resolution})


def expire(alert: Alert, *, at: datetime) -> Alert:
    """Nobody answered in time. Everyone who was told, and the last resort, is told that. Raises IllegalTransition."""
    return _move(alert, AlertStatus.EXPIRED, by=None, at=at, detail={}, fields={"closed_at": at})


def receipt(alert: Alert, to: AlertStatus, *, by: By, at: datetime, detail: Mapping[str, Any]) -> Alert:
    """What a message's receipt proves, DELIVERED or SEEN; an alert that is further already is left alone, quietly."""
    try:
        return (mark_seen if to == AlertStatus.SEEN else mark_delivered)(alert, by=by, at=at, detail=detail)
    except IllegalTransition:
        alert.refresh_from_db()
        return alert


def comment(alert: Alert, *, by: By, at: datetime, note: str) -> Alert:
    """Add a remark to the record, whatever the status."""
    with transaction.atomic():
        record.write([record.Entry(alert.pk, LogKind.COMMENT, by, {"note": note})], at=at)
        record.announce([(EventKind.COMMENT, alert.pk)], at=at)
    return alert


def resolve_all(endings: Sequence[tuple[Alert, str]], *, by: By, at: datetime, resolution: str) -> int:
    """Resolve several alerts, each with a note, in one transaction that takes every lock in the order of the house.

    Use it where one transaction ends more than one alert: `resolve` called twice in one would hold the event counter while it
    asks for the second alert. Those that are closed already are left alone. Returns how many were resolved.
    """
    resolution, notes = Resolution(resolution), {alert.pk: note for alert, note in endings}
    with transaction.atomic():
        explained = escalation.explained_by(notes)
        log: list[record.Entry] = []
        resolved: list[Alert] = []
        for before in _hold([*notes, *explained]):
            if before.pk not in notes or not before.is_open:
                continue
            detail = _told(resolution=resolution.value, note=notes[before.pk])
            fields = {"closed_at": at, "resolution": resolution}
            after, entries = _change(before, AlertStatus.RESOLVED, by=by, at=at, detail=detail, fields=fields)
            resolved.append(after)
            log += entries
        escalation.release_explained(explained, at=at)
        record.write(log, at=at)
        events = [(EventKind.STATUS, alert.pk, AlertStatus.RESOLVED.value) for alert in resolved]
        record.announce(events, at=at, wake_also=(wake.DUE,) if resolved else ())
    return len(resolved)


def _move(alert: Alert, to: AlertStatus, *, by: By, at: datetime, detail: Mapping[str, Any], fields: Mapping[str, Any]) -> Alert:
    """One alert's change of status, announced. Returns the alert as it is afterwards; raises IllegalTransition."""
    with transaction.atomic():
        explained = escalation.explained_by([alert.pk]) if to in FINAL else []
        before = next((each for each in _hold([alert.pk, *explained]) if each.pk == alert.pk), None)
        if before is None:
            raise Alert.DoesNotExist
        if before.status == to:
            return before
        after, log = _change(before, to, by=by, at=at, detail=detail, fields=fields)
        escalation.release_explained(explained, at=at)
        record.write(log, at=at)
        record.announce([(EventKind.STATUS, after.pk, to)], at=at, wake_also=(wake.DUE,))
        return after


def _hold(alerts: Collection[UUID]) -> list[Alert]:
    """Lock ``alerts`` all at once, in the order of the house: those that change, and those that are held back because of them."""
    held = Alert.objects.select_for_update(of=["self"], no_key=True).select_related("source", "policy", "group")
    return list(held.filter(pk__in=alerts).order_by("pk"))


def _change(
    before: Alert, to: AlertStatus, *, by: By, at: datetime, detail: Mapping[str, Any], fields: Mapping[str, Any]
) -> tuple[Alert, list[record.Entry]]:  # fmt: skip
    """The one door of Alert.status, for an alert that the transaction holds: the alert afterwards, and what is to be written of it.

    Raises IllegalTransition.
    """
    if not Alert.objects.filter(pk=before.pk, status__in=TRANSITIONS[to]).update(
        status=to, **fields, **escalation.timers(before, to, at=at)
    ):
        raise IllegalTransition(AlertStatus(before.status), to)
    after = Alert.objects.select_related("source", "policy", "group").get(pk=before.pk)
    log = [record.Entry(after.pk, LogKind.STATUS, by, {"from": before.status, "to": to.value, **detail})]
    if to not in (AlertStatus.DELIVERED, AlertStatus.SEEN):
        log += _quiet(after, at=at)
        _revise(after, by=by, note=str(detail.get("note", "")), at=at)
    if not after.is_open:
        alert_closed.send(sender=Alert, alert=after, at=at)
        _tell_closed(after, by=by, note=tongues.again(detail), at=at)
    return after, log


def _tell_closed(alert: Alert, *, by: By, note: Note, at: datetime) -> None:
    plan = policies.plan_of(alert.policy)
    dispatch.tell(messages.closing(alert, plan=plan, by=record.actor(by).name, note=note, at=at), at=at)


def _revise(alert: Alert, *, by: By, note: str, at: datetime) -> None:
    """Have the messages that can still be changed say who has it, or that it is over."""
    if revisions.possible():
        threads = (alert.thread, f"group:{alert.group_id}") if alert.group_id else (alert.thread,)
        _, named, somebody = note.rpartition("answered by ") if isinstance(by, RecipientGroup) else ("", "", "")
        who = record.actor(by).name + (f" ({somebody})" if named else "")
        revisions.want(threads, subject=str(alert.pk), state=messages.state(alert, by=who, at=at), at=at)


def _quiet(alert: Alert, *, at: datetime) -> list[record.Entry]:
    """Cancel the alert's waiting messages, and its group's when no other member still needs somebody."""
    threads = [alert.thread]
    if alert.group_id is not None:
        group = AlertGroup.objects.select_for_update(no_key=True).get(pk=alert.group_id)  # or two last members each see the other
        needy = Q(next_step_at__isnull=False) | Q(status__in=UNACKNOWLEDGED)
        others = Alert.objects.filter(needy, group_id=alert.group_id).exclude(pk__in=[alert.pk, group.first_alert_id])
        if not others.exists():
            threads.append(f"group:{alert.group_id}")
    cancelled, in_flight = outbox.cancel(threads, at=at, why="answered meanwhile")
    entries = []
    if cancelled:
        entries.append(record.Entry(alert.pk, LogKind.CANCELLED, None, {"messages": cancelled}))
    if in_flight:
        entries.append(record.Entry(alert.pk, LogKind.IN_FLIGHT, None, {"messages": in_flight}))
    return entries


def _told(**detail: str) -> dict[str, Any]:
    told: dict[str, Any] = {name: value for name, value in detail.items() if value}
    return told | ({"notes": dict(note.others)} if isinstance(note := detail.get("note"), Note) else {})
