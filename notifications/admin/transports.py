"""The page of the transports: how each one does."""

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from notifications import transport_health
from notifications.book import lack
from notifications.transport_health import Figures, Health
from sentinel_site.lib import figures
from sentinel_site.lib.ages import length

STATES: Final = {
    "working": (_("Working"), "success"), "slow": (_("Left alone for a while"), "warning"), "down": (_("Does not answer"), "danger"),
    "missing": (_("Not set up"), "calm"),
}  # fmt: skip


def page(request: HttpRequest, context: dict[str, Any], *, at: datetime) -> TemplateResponse:
    """The page at ``at``, inside the admin's ``context``."""
    rows = [_row(health, at=at) for health in transport_health.examine(at=at)]
    parts = {"title": _("Transports"), "rows": rows, "newest": transport_health.NEWEST}
    return TemplateResponse(request, "admin/notifications/transports.html", context | parts)


def _row(health: Health, *, at: datetime) -> dict[str, Any]:
    state, colour = STATES[health.state]
    return {
        "health": health, "missing": lack(health.missing) if health.missing else "", "state": state, "colour": colour,
        "spans": [(_("Last hour"), health.hour, _percent(health.hour)), (_("Last day"), health.day, _percent(health.day))],
        "oldest": length(at - health.oldest_waiting_at) if health.oldest_waiting_at else "",
        "places": [(place, length(at - place.opened_at) if place.opened_at else "") for place in health.troubled],
        "url": f"{reverse('admin:notifications_delivery_changelist')}?transport__exact={health.kind.value}",
    }  # fmt: skip


def _percent(of: Figures) -> str:
    rate = of.success_rate
    return "–" if rate is None else _("%(figure)s %%") % {"figure": figures.number(100 * rate, 1)}
