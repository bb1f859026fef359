"""Grouping: the first alert of a group is told at once, those that follow inside its window in one bundled update.

It happens when the first step is taken, not at intake, and never to alerts on which lives depend, nor to P1: those are
told at once and one by one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from alerts import record
from alerts.enums import LogKind, Priority
from alerts.models import Alert, AlertGroup

BUNDLE_SECONDS = 60
"""How long followers are gathered before they are told together."""


def may_join(alert: Alert) -> bool:
    """Whether ``alert`` is about to be told for the first time and may be told together with others."""
    patient = not alert.life_safety and alert.priority != Priority.P1
    return bool(alert.group_key) and patient and alert.group_id is None and alert.step == 0 and alert.round == 1


def join(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, datetime]:
    """Put each alert into its group; returns those that now wait for a bundled update, with its time.

    Sets ``alert.group`` of each; the caller, who has locked the rows, saves it. Two sweeps that open a group for the
    same key at the same instant make two groups: a second first notice, and nothing lost.
    """
    if not alerts:
        return {}
    keys = {_key(alert) for alert in alerts}
    found = AlertGroup.objects.filter(key__in=keys, closes_at__gt=at).order_by("closes_at", "id").select_for_update()
    current = {group.key: group for group in found}
    joined = {group.pk: group for group in current.values()}
    waiting, opened = place(alerts, current, at=at)
    AlertGroup.objects.bulk_create(opened)
    AlertGroup.objects.bulk_update(joined.values(), ["size", "bundle_at"])
    told = {alert.pk: alert.group_id for alert in alerts if alert.pk in waiting}
    record.write_plain(list(told), LogKind.GROUPED, [{"group": str(told[pk]), "told_at": waiting[pk].isoformat()} for pk in told], at=at)
    return waiting


def place(alerts: Sequence[Alert], current: dict[str, AlertGroup], *, at: datetime) -> tuple[dict[UUID, datetime], list[AlertGroup]]:
    """Put each alert into its group of ``current`` (by key), or into a new one; stores nothing.

    Returns those that wait for a bundled update, with its time, and the new groups, which are in ``current`` as well.
    """
    opened: list[AlertGroup] = []
    waiting: dict[UUID, datetime] = {}
    for alert in alerts:
        key = _key(alert)
        group = current.get(key)
        if group is None or group.size >= group.max_size or group.closes_at <= at:
            current[key] = group = _opening(alert, at=at)
            opened.append(group)
        else:
            waiting[alert.pk] = group.bundle_at = _bundle_at(group, at=at)
        group.size += 1
        alert.group = group
    return waiting, opened


def _key(alert: Alert) -> str:
    """What a group is found by: alerts of different priorities never wait for each other."""
    return f"P{alert.priority}|{alert.group_key}"


def _opening(alert: Alert, *, at: datetime) -> AlertGroup:
    window = timedelta(seconds=alert.source.group_window_seconds)
    return AlertGroup(
        key=_key(alert),
        source=alert.source,
        opened_at=at,
        closes_at=at + window,
        max_size=alert.source.group_max,
        first_alert_id=alert.pk,
    )


def _bundle_at(group: AlertGroup, *, at: datetime) -> datetime:
    if group.bundle_at is not None and group.bundle_at > at:
        return group.bundle_at
    return at + timedelta(seconds=BUNDLE_SECONDS)
