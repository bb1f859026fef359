"""What was told to whom, and what became of each message. Read-only: the outbox alone writes it, a retry included."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from notifications import outbox
from notifications.admin.transports import page
from notifications.enums import RETRIED, WAITING, DeliveryStatus
from notifications.models import Delivery, Notification
from sentinel_site.lib import given
from sentinel_site.lib.lists import BornFilter, LargeListMixin, ReadOnlyMixin
from sentinel_site.lib.underway import UnderwayMixin

DELIVERY_COLOURS = dict.fromkeys(DeliveryStatus, "") | {
    DeliveryStatus.FAILED: "warning", DeliveryStatus.DEAD: "danger", DeliveryStatus.SENT: "info",
    DeliveryStatus.DELIVERED: "success", DeliveryStatus.SEEN: "success",
}  # fmt: skip


ALERTS = "alerts.view_alert"
"""Who may read what a message was about."""


class AboutMixin:
    """Says what a message was about, to those who may read that."""

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Without it for the others."""
        shown = super().get_list_display(request)  # type: ignore[misc]
        return [name for name in shown if name != "about" or request.user.has_perm(ALERTS)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Without it for the others."""
        shown = super().get_fields(request, obj)  # type: ignore[misc]
        return [name for name in shown if name != "about" or request.user.has_perm(ALERTS)]

    @display(description=_("About"))
    def about(self, row: Notification | Delivery) -> SafeString | str:
        """The title of its alert, with a link to it."""
        alert = (row if isinstance(row, Notification) else row.notification).context.get("alert") or {}
        own = (alert.get("translations") or {}).get(get_language() or "") or {}
        title, url = str(own.get("title") or alert.get("title", "")), str(alert.get("url", ""))
        named = f"#{alert['number']} {title}" if alert.get("number") else title
        linked = url.startswith(("http://", "https://"))
        return format_html('<a class="snt-link" href="{}">{}</a>', url, named) if linked and named else named or "–"


@admin.register(Notification)
class NotificationAdmin(AboutMixin, ReadOnlyMixin, LargeListMixin):
    """What was told to whom."""

    list_display = ("created_at", "who", "reason", "about", "urgent", "urgency", "own_label")
    list_select_related = ("recipient", "group")
    readonly_fields = ("about", "urgent", "own_label")
    list_filter = (("reason", ChoicesDropdownFilter), ("recipient", AutocompleteSelectFilter), ("created_at", BornFilter))
    fields = (
        "created_at", "recipient", "group", "reason", "about", "urgent", "urgency", "life_safety", "step", "own_label", "expires_at",
        "cancelled_at", "thread",
    )  # fmt: skip

    @display(description=_("Priority"))
    def urgent(self, notification: Notification) -> str:
        """As everywhere else: P1 is sent first."""
        return f"P{notification.priority}"

    @display(description=_("To"))
    def who(self, notification: Notification) -> str:
        """The person or the group."""
        return str(notification.recipient or notification.group)

    @display(description=_("label"))
    def own_label(self, notification: Notification) -> str:
        """The policy's step; one of ours in the reader's language."""
        return given.shown(notification.label) or "–"


@admin.register(Delivery)
class DeliveryAdmin(AboutMixin, UnderwayMixin, ReadOnlyMixin, LargeListMixin):
    """The outbox: each message through each contact method, and what became of it."""

    list_display = ("queued_at", "outcome", "who", "transport", "why", "about", "attempts", "error")
    list_select_related = ("notification__recipient", "notification__group")
    list_filter = (
        ("status", ChoicesDropdownFilter), ("transport", ChoicesDropdownFilter), ("notification__recipient", AutocompleteSelectFilter),
        ("queued_at", BornFilter),
    )  # fmt: skip
    fields = (
        "notification", "about", "transport", "status", "error", "tries", "queued_at", "next_attempt_at", "sent_at", "receipt_due_at",
        "delivered_at", "seen_at", "opened_at", "refused_at", "fell_over_at", "settled_at", "provider_id", "remark",
    )  # fmt: skip
    readonly_fields = ("about", "tries")
    actions_detail: ClassVar = ["send_again"]

    def underway(self, delivery: Delivery) -> str:
        """Its status, while it is not sent, or a receipt is waited for."""
        awaited = delivery.status == DeliveryStatus.SENT and delivery.receipt_due_at and delivery.receipt_due_at > timezone.now()
        return self.at_its_end(delivery) if awaited or delivery.status in (*WAITING, DeliveryStatus.SENDING) else ""

    def at_its_end(self, delivery: Delivery) -> str:
        """Its status."""
        return str(delivery.get_status_display())

    def get_urls(self) -> list[URLPattern]:
        """With the page of the transports."""
        view = self.admin_site.admin_view(self.transports)
        return [path("transports/", view, name="notifications_transports"), *super().get_urls()]

    def transports(self, request: HttpRequest) -> HttpResponse:
        """How each transport does."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return page(request, self.admin_site.each_context(request), at=timezone.now())

    def has_retry_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whether the user may send messages again."""
        return bool(request.user.has_perm("notifications.retry_delivery"))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Sending again is offered where there is something to send."""
        offered: list[Any] = super().get_actions_detail(request, object_id)
        return offered if Delivery.objects.filter(pk=object_id, status__in=RETRIED).exists() else []

    @action(
        description=_("Send again"), permissions=["retry"], icon="refresh", variant=ActionVariant.PRIMARY,
        dialog={"title": _("Send again"),
                "description": _("It is tried at once, with the same id, by which a provider that had taken it after all may know it."
                               " Nothing is sent when it was answered meanwhile."),
                "form_class": BaseDialogForm, "form_submit_text": _("Send again")},
    )  # fmt: skip
    def send_again(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Queue it once more."""
        if not (self.has_retry_permission(request) and self.has_view_permission(request)):
            raise PermissionDenied
        delivery = get_object_or_404(Delivery.objects.defer("method"), pk=object_id)
        refusal = outbox.retry(delivery.pk, by=request.user.get_username(), at=timezone.now())
        if refusal:
            messages.error(request, _("Nothing was sent: %(why)s.") % {"why": refusal})
        else:
            self.log_change(request, delivery, "Sent again.")
            messages.success(request, _("It is on its way again."))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:notifications_delivery_change", args=[delivery.pk])})

    @display(description=_("Tries"))
    def tries(self, delivery: Delivery) -> str:
        """When each was, how long the provider took, and what came of it."""
        lines = (
            (_clock(each.get("at", "")), _word(each.get("status", "")), _took(each.get("took_ms")), each.get("error") or "")
            for each in delivery.history
        )
        return format_html_join("", "<div>{} {} {} {}</div>", lines) or "–"

    @display(description=_("Status"), label=DELIVERY_COLOURS)
    def outcome(self, delivery: Delivery) -> tuple[str, str]:
        """The status, coloured."""
        return delivery.status, delivery.get_status_display()

    @display(description=_("To"))
    def who(self, delivery: Delivery) -> str:
        """The person or the group."""
        return str(delivery.notification.recipient or delivery.notification.group)

    @display(description=_("Why"))
    def why(self, delivery: Delivery) -> str:
        """The notification's reason."""
        return delivery.notification.get_reason_display()


def _clock(said: str) -> str:
    """An instant of the history by the reader's clock."""
    at = parse_datetime(said)
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else said


def _word(status: str) -> str:
    return str(DeliveryStatus(status).label) if status in DeliveryStatus.values else gettext("tried again") if status == "again" else status


def _took(milliseconds: int | None) -> str:
    return "" if milliseconds is None else gettext("after %(ms)d ms") % {"ms": milliseconds}
