"""The page of the transports: how each one does."""

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from notifications import transport_health
from notifications.transport_health import Figures, Health
from sentinel_site.lib.spans import span

STATES: Final = {
    "working": ("Working", "success"), "slow": ("Left alone for a while", "warning"), "down": ("Does not answer", "danger"),
    "missing": ("Not set up", "calm"),
}  # fmt: skip


def page(request: HttpRequest, context: dict[str, Any], *, at: datetime) -> TemplateResponse:
    """The page at ``at``, inside the admin's ``context``."""
    rows = [_row(health, at=at) for health in transport_health.examine(at=at)]
    parts = {"title": "Transports", "rows": rows, "newest": transport_health.NEWEST}
    return TemplateResponse(request, "admin/notifications/transports.html", context | parts)


def _row(health: Health, *, at: datetime) -> dict[str, Any]:
    state, colour = STATES[health.state]
    return {
        "health": health, "state": state, "colour": colour,
        "spans": [("Last hour", health.hour, _percent(health.hour)), ("Last day", health.day, _percent(health.day))],
        "oldest": span(at - health.oldest_waiting_at) if health.oldest_waiting_at else "",
        "places": [(place, span(at - place.opened_at) if place.opened_at else "") for place in health.troubled],
        "url": f"{reverse('admin:notifications_delivery_changelist')}?transport__exact={health.kind.value}",
    }  # fmt: skip


def _percent(figures: Figures) -> str:
    rate = figures.success_rate
    return "–" if rate is None else f"{100 * rate:.1f} %"
