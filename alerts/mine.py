"""What one person has to do with: the open alerts they were told about, or took."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q

from alerts import describe, live, record
from alerts.enums import OPEN
from alerts.models import Alert
from notifications.models import Notification, Recipient

LOOKED_AT: Final = 1000
"""So many of a person's newest messages say what concerns them."""
LIMIT: Final = 100


def snapshot(user: AbstractBaseUser, *, at: datetime) -> dict[str, Any]:
    """The open alerts of ``user`` at ``at``, the most urgent and oldest first, and how many others are open.

    The event id is read before the alerts: an event in between is replayed, and changes nothing.
    """
    last_event_id = live.last_event_id()
    found = list(_open_of(user)[:LIMIT])
    return {
        "now": describe.instant(at),
        "last_event_id": last_event_id,
        "alerts": [describe.alert(alert) for alert in found],
        "others": max(0, Alert.objects.filter(status__in=OPEN).count() - len(found)),
    }


def _open_of(user: AbstractBaseUser) -> Any:
    """Told in a thread of their own, in their group's bundle, or taken by them."""
    actor = record.actor(user)
    own, bundles = _threads(Recipient.objects.filter(user_id=user.pk).first())
    mine = Q(pk__in=own) | Q(group_id__in=bundles) | Q(acknowledged_by=actor.name)
    return describe.readable().filter(mine, status__in=OPEN).order_by("priority", "id")


def _threads(person: Recipient | None) -> tuple[list[UUID], list[UUID]]:
    """The alerts, and the groups of alerts, that the person's newest messages are about."""
    if person is None:
        return [], []
    found: dict[str, list[UUID]] = {"alert": [], "group": []}
    newest = Notification.objects.filter(recipient=person).order_by("-id").values_list("thread", flat=True)[:LOOKED_AT]
    for thread in dict.fromkeys(newest):
        kind, _, key = thread.partition(":")
        if kind in found and len(key) == 36:
            found[kind].append(UUID(key))
    return found["alert"], found["group"]
