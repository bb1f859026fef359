"""Maintenance windows as REST writes and shows them."""

from typing import Annotated, Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel, Field, StringConstraints

from alerts import describe, windows
from alerts.config import Matcher, Name
from alerts.models import MaintenanceWindow
from alerts.models.silence import MINUTES_LONGEST
from notifications.people import Zone
from notifications.schedule_config import MaybeWallTime, Weekday
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.zones import site_time_zone


class WindowForm(BaseModel):
    """Work that recurs: alerts that match are silent then. Never holds where lives depend, and a P1 for 8 hours at the most."""

    model_config = STRICT

    name: Name
    matchers: Annotated[list[Matcher], Field(min_length=1, max_length=20)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
    time_zone: Zone = Field(default_factory=site_time_zone)
    weekdays: Annotated[list[Weekday], Field(max_length=7, description="0 is Monday; none: every day.")] = Field(default_factory=list)
    begins: MaybeWallTime = None
    cron: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)] = ""
    duration_minutes: Annotated[int, Field(ge=1, le=MINUTES_LONGEST)]
    enabled: bool = True


class WindowShape(WindowForm):
    """A maintenance window, and when it runs."""

    id: str
    author: str | None
    running_until: str | None
    next_at: str | None


def rows() -> QuerySet[MaintenanceWindow]:
    """Windows with what describing them needs."""
    return MaintenanceWindow.objects.select_related("author")


def describe_window(window: MaintenanceWindow) -> dict[str, Any]:
    """A window as docs/silences.md shows it. When it runs is what it says; an occurrence that was ended alone is not looked up."""
    at = timezone.now()
    stretches = windows.stretches(window, at=at)
    running = next((stretch for stretch in stretches if stretch.since <= at), None)
    following = next((stretch for stretch in stretches if stretch.since > at), None)
    return {
        "id": str(window.pk), "name": window.name, "matchers": window.matchers, "reason": window.reason, "time_zone": window.time_zone,
        "weekdays": window.weekdays, "begins": f"{window.begins:%H:%M}" if window.begins else None, "cron": window.cron,
        "duration_minutes": window.duration_minutes, "enabled": window.enabled,
        "author": window.author.get_username() if window.author else None,
        "running_until": describe.instant(running.until) if running else None,
        "next_at": describe.instant(following.since) if following else None,
    }  # fmt: skip


def save_window(window: MaintenanceWindow, form: WindowForm, by: User) -> None:
    """Write ``form`` onto ``window`` and its occurrences. Raises ValidationError."""
    for name, value in form.model_dump().items():
        setattr(window, name, value)
    window.full_clean()
    windows.save(window, by=by, at=timezone.now())


def remove_window(window: MaintenanceWindow) -> None:
    """Delete it; a running occurrence ends now."""
    windows.remove(window, at=timezone.now())
