"""What people are told about alerts: orders for the outbox, with everything a template may use."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from alerts import describe
from alerts.enums import AlertStatus, Priority
from alerts.errors import IllegalTransition
from alerts.models import Alert
from alerts.plan import Plan, Targets
from alerts.tongues import Note
from notifications.enums import Reason, Transport, Urgency
from notifications.message import Message, Order

Flaps = Mapping[UUID, Mapping[str, Any]]
"""What is said of each alert that flaps: ``opens``, ``minutes``, ``calm``."""
NONE_FLAP: Final[Flaps] = MappingProxyType({})
KEEP_TRYING = timedelta(hours=24)
"""How long a message is tried at the most: the lifetime of its answer link."""
QUIET_KINDS = frozenset(set(Transport.values) - {Transport.VOICE})
"""What is used to say that it is over: nobody is rung up for that."""


def step(alerts: Sequence[Alert], plan: Plan, steps: range, *, at: datetime, flaps: Flaps = NONE_FLAP) -> Order:
    """The order for one turn of one alert, or of several of one group that take the same steps together.

    After an outage ``steps`` holds several: the highest one speaks, to the union of everyone who was missed.
    """
    first, number = alerts[0], steps[-1]
    if len(alerts) == 1 and number == plan.last_resort_step:
        return last_resort(first, plan, at=at, key=f"{first.pk}:{first.round}:{number}")
    speaking = [plan.step_at(each) for each in steps]
    targets = Targets()
    for each in speaking:
        targets |= each.targets
    if number == plan.last_resort_step:
        targets = plan.last_resort
    every_kind = number == plan.last_resort_step or any(not each.kinds for each in speaking)
    kinds = frozenset() if every_kind else frozenset().union(*(each.kinds for each in speaking))
    bundled = len(alerts) > 1
    reason = Reason.BUNDLE if bundled else Reason.REMINDER if first.told else Reason.FIRST
    if number == plan.last_resort_step:
        reason = Reason.UNANSWERED
    message = Message(
        reason=reason, urgency=speaking[-1].urgency, priority=min(alert.priority for alert in alerts), life_safety=first.life_safety,
        step=number, label=speaking[-1].label, context=context(alerts, at=at, flaps=flaps), expires_at=at + KEEP_TRYING,
    )  # fmt: skip
    thread = f"group:{first.group_id}" if bundled else first.thread
    return Order(
        thread=thread,
        key=f"{first.pk}:{first.round}:{number}",
        message=message,
        groups=targets.groups,
        recipients=targets.recipients,
        schedules=targets.schedules,
        kinds=kinds,
    )


def last_resort(alert: Alert, plan: Plan, *, at: datetime, key: str) -> Order:
    """The order that tells the last resort that nobody answered."""
    loud = alert.life_safety or alert.priority == Priority.P1
    message = Message(
        reason=Reason.UNANSWERED, urgency=Urgency.EMERGENCY if loud else plan.steps[-1].urgency, priority=alert.priority,
        life_safety=alert.life_safety, step=plan.last_resort_step, label="Last resort", context=context([alert], at=at),
        expires_at=at + KEEP_TRYING,
    )  # fmt: skip
    told = plan.last_resort
    return Order(thread=alert.thread, key=key, message=message, groups=told.groups, recipients=told.recipients, schedules=told.schedules)


def closing(alert: Alert, *, plan: Plan, by: str, note: Note, at: datetime) -> list[Order]:
    """The order that tells everyone who was told that it is over.

    An alert nobody answered is told to the last resort, too, and to those whom quiet hours kept from hearing of it at all.
    """
    expired = alert.status == AlertStatus.EXPIRED
    message = Message(
        reason=Reason.EXPIRED if expired else Reason.RESOLVED, urgency=Urgency.HIGH if expired else Urgency.NORMAL, priority=alert.priority,
        life_safety=alert.life_safety, context={**context([alert], at=at), "by": by, **_noted(note)}, expires_at=at + KEEP_TRYING,
    )  # fmt: skip
    # Who was told of others of its group, before its own turn came, never heard of it.
    threads = (alert.thread, f"group:{alert.group_id}") if alert.group_id and alert.told else (alert.thread,)
    also = plan.last_resort if expired else Targets()
    return [
        Order(thread=alert.thread, key=f"{alert.pk}:closed", message=message, audience_of=threads, also_waiting=expired,
              kinds=QUIET_KINDS, groups=also.groups, recipients=also.recipients, schedules=also.schedules)
    ]  # fmt: skip


def calm(alert: Alert, *, threads: Sequence[str], key: str, flaps: Mapping[str, Any], plan: Plan, at: datetime) -> Order:
    """The order that tells everyone who was told in ``threads`` that it no longer flaps, and is over."""
    message = Message(
        reason=Reason.RESOLVED, urgency=Urgency.NORMAL, priority=alert.priority, context=context([alert], at=at, flaps={alert.pk: flaps}),
        expires_at=at + KEEP_TRYING,
    )  # fmt: skip
    return Order(thread=alert.thread, key=key, message=message, audience_of=tuple(threads), kinds=QUIET_KINDS)


def state(alert: Alert, *, by: str, at: datetime) -> dict[str, Any]:
    """What became of ``alert``, for messages that can still be changed (notifications/revisions.py)."""
    said = {"status": alert.status, "promise": alert.promise, "resolution": alert.resolution}
    return {**said, "by": by, "at": describe.instant(at)}


def require_open(alert: Alert) -> None:
    """Raises IllegalTransition when there is nothing left to tell about ``alert``."""
    if not alert.is_open:
        raise IllegalTransition(AlertStatus(alert.status), AlertStatus.PENDING)


def context(alerts: Sequence[Alert], *, at: datetime, flaps: Flaps = NONE_FLAP) -> dict[str, Any]:
    """What a message about ``alerts`` brings its templates."""
    first = alerts[0]
    brought: dict[str, Any] = {"alert": describe.alert(first), "open_seconds": max(0, int((at - first.created_at).total_seconds()))}
    if flapping := next((flaps[alert.pk] for alert in alerts if alert.pk in flaps), None):
        brought["flaps"] = dict(flapping)
    if len(alerts) > 1:
        brought["alerts"] = [describe.alert(alert) for alert in alerts]
    return brought


def _noted(note: Note) -> dict[str, Any]:
    return {"note": str(note)} | ({"notes": dict(note.others)} if note.others else {})
