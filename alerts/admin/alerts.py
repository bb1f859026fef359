"""Alerts in the admin: a list that opens at once over millions, and a page that shows everything that happened to one."""

import json
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from alerts import describe, images, lateness, sentences
from alerts.admin import search
from alerts.admin.feedback import FeedbackMixin
from alerts.admin.filters import StateFilter
from alerts.admin.words import DELIVERY_COLOURS, PRIORITY_COLOURS, STATUS_COLOURS
from alerts.models import Alert
from notifications.models import Delivery, Notification
from sentinel_site.lib.ages import length, until
from sentinel_site.lib.lists import BornFilter, LargeListMixin, ReadOnlyMixin

SHOWN = 200
"""How many log entries, deliveries and reports of one alert its page shows: the newest."""
SHOWN_REPORTS = 10


@admin.register(Alert)
class AlertAdmin(ReadOnlyMixin, FeedbackMixin, LargeListMixin):
    """Read-only: an alert changes by being answered, through lifecycle and escalation alone."""

    list_display = ("__str__",)
    list_select_related = ("source",)
    list_filter = (
        StateFilter, ("status", ChoicesDropdownFilter), ("priority", ChoicesDropdownFilter), ("severity", ChoicesDropdownFilter),
        ("source", AutocompleteSelectFilter), ("created_at", BornFilter),
    )  # fmt: skip
    search_fields = ("title",)
    search_help_text = _("#number, id, or the beginnings of words in title, subject and type")
    list_fullwidth = True

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Alert], search_term: str) -> tuple[QuerySet[Alert], bool]:
        """Through the full-text index; see search.py."""
        found = search.held(queryset, search_term)
        self.known(request, found.rows, exactly=found.exactly)
        return found.alerts, False

    def get_queryset(self, request: HttpRequest) -> Any:
        """Lists leave out the long columns."""
        found = super().get_queryset(request)
        listed = request.resolver_match is not None and str(request.resolver_match.url_name).endswith("_changelist")
        return found.defer("description", "labels", "links", "runbook_url") if listed else found.select_related("source", "policy", "group")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; its rows are made ready for templates/admin/alerts/alert/change_list.html."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            at = timezone.now()
            response.context_data["rows"] = [_row(alert, at=at) for alert in response.context_data["cl"].result_list]
        return response

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Of a closed alert one can only say something."""
        offered: list[Any] = super().get_actions_detail(request, object_id)
        if Alert.objects.filter(pk=object_id, closed_at=None).exists():
            return offered
        return [each for each in offered if each.action_name.endswith(("_comment", "_give_feedback"))]

    def get_fieldsets(self, request: HttpRequest, obj: Alert | None = None) -> list[Any]:
        """None: the page is a template of its own."""
        return []

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """The alert's page."""
        alert = self.get_object(request, object_id)
        context = {} if alert is None else page(alert, request.user)
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})


def _row(alert: Alert, *, at: datetime) -> dict[str, Any]:
    return {
        "alert": alert,
        "url": reverse("admin:alerts_alert_change", args=[alert.pk]),
        "status_colour": STATUS_COLOURS.get(alert.status, "calm"),
        "priority_colour": PRIORITY_COLOURS.get(alert.priority, "calm"),
        "age": length(at - alert.created_at),
        "late": alert.is_open and lateness.is_late(alert, at=at),
        "held": ", ".join(str(each.get("reason") or each.get("kind")) for each in alert.suppressed_by) if alert.is_open else "",
        "next_step": until(alert.next_step_at, at=at) if alert.next_step_at else "–",
    }


def page(alert: Alert, user: images.Viewer) -> dict[str, Any]:
    """What templates/admin/alerts/alert/change_form.html shows of ``alert``, in a fixed number of queries."""
    at = timezone.now()
    log = list(alert.log.order_by("-id")[:SHOWN])
    threads = [alert.thread, f"group:{alert.group_id}"] if alert.group_id else [alert.thread]
    told = Notification.objects.filter(thread__in=threads)
    deliveries = Delivery.objects.filter(notification__in=told).select_related("notification__recipient", "notification__group")
    reports = alert.reports.select_related("reported_by").order_by("-id")[:SHOWN_REPORTS] if user.has_perm("alerts.view_report") else []
    return {
        **_row(alert, at=at),
        "title": f"#{alert.number}",
        "subtitle": None,
        "show_history": False,
        "deadline": until(alert.deadline_at, at=at) if alert.deadline_at else "",
        "timeline": [(entry, sentences.of(entry)) for entry in log],
        "deliveries": [(delivery, DELIVERY_COLOURS.get(delivery.status, "calm")) for delivery in deliveries.order_by("-id")[:SHOWN]],
        "reports": [(report, json.dumps(report.raw, indent=2, ensure_ascii=False)) for report in reports],
        "opinions": list(alert.opinions.all()[:5]),
        "links": _links(alert),
        "image_url": images.signed_url(alert, user),
        "live_url": describe.url(alert),
    }


def _links(alert: Alert) -> list[tuple[str, str, str]]:
    """(name, address, text) of each link; the address is empty unless it is http or https, so that no other can be followed."""
    named = [(gettext("Runbook"), alert.runbook_url, alert.runbook_url)] if alert.runbook_url else []
    named += [(gettext("Link"), str(link.get("href", "")), str(link.get("text") or link.get("href", ""))) for link in alert.links]
    return [(name, address if address.startswith(("http://", "https://")) else "", text) for name, address, text in named]
