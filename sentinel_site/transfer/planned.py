"""What goes by files and has no name: rules of people, and what is planned ahead. What is over does not go out."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from alerts import config
from alerts.models import Silence
from notifications import schedule_config
from notifications.models import NotificationRule, OnCallOverride, OnCallSchedule
from notifications.schedule_config import OverrideForm
from sentinel_site.lib.instants import instant
from sentinel_site.lib.problems import invalid


class OverrideRow(OverrideForm):
    """An override, with the schedule that REST has in its address."""

    schedule: UUID


def rules() -> QuerySet[NotificationRule]:
    """Everybody's."""
    return NotificationRule.objects.select_related("recipient").order_by("recipient__name", "priority_from", "delay_seconds", "id")


def overrides() -> QuerySet[OnCallOverride]:
    """Those that are not over."""
    return OnCallOverride.objects.filter(ends_at__gt=Now()).order_by("schedule__name", "starts_at", "id")


def override_values(override: OnCallOverride) -> dict[str, Any]:
    """Its present values, as its form takes them."""
    return {
        "schedule": str(override.schedule_id), "recipient": str(override.recipient_id), "starts_at": instant(override.starts_at),
        "ends_at": instant(override.ends_at),
    }  # fmt: skip


def save_override(override: OnCallOverride, form: OverrideRow, _by: User) -> None:
    """Write ``form`` onto ``override``. Raises a 422 Problem."""
    if not OnCallSchedule.objects.filter(pk=form.schedule).exists():
        raise invalid([(("schedule",), "no schedule has this id")])
    if form.ends_at <= timezone.now():
        raise invalid([(("ends_at",), "lies in the past: leave this row out")])
    override.schedule_id = form.schedule
    schedule_config.save_override(override, form)


def silences() -> QuerySet[Silence]:
    """Those that are not over, and that no maintenance window makes."""
    return config.silences().filter(ends_at__gt=Now(), window=None).order_by("starts_at", "pk")
