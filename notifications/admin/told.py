"""What was told to whom, and what became of each message. Read-only: the outbox alone writes it."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from notifications.enums import DeliveryStatus
from notifications.models import Delivery, Notification
from sentinel_site.lib.lists import BornFilter, LargeListMixin, ReadOnlyMixin

DELIVERY_COLOURS = {
    DeliveryStatus.FAILED.label: "warning", DeliveryStatus.DEAD.label: "danger", DeliveryStatus.SENT.label: "info",
    DeliveryStatus.DELIVERED.label: "success", DeliveryStatus.SEEN.label: "success",
}  # fmt: skip


@admin.register(Notification)
class NotificationAdmin(ReadOnlyMixin, LargeListMixin):
    """What was told to whom."""

    list_display = ("created_at", "reason", "who", "urgency", "priority", "label", "thread")
    list_select_related = ("recipient", "group")
    list_filter = (("reason", ChoicesDropdownFilter), ("recipient", AutocompleteSelectFilter), ("created_at", BornFilter))
    fields = (
        "created_at", "reason", "recipient", "group", "urgency", "priority", "life_safety", "step", "label", "thread", "expires_at",
        "cancelled_at",
    )  # fmt: skip

    @display(description="To")
    def who(self, notification: Notification) -> str:
        """The person or the group."""
        return str(notification.recipient or notification.group)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyMixin, LargeListMixin):
    """The outbox: each message through each contact method, and what became of it."""

    list_display = ("queued_at", "outcome", "who", "transport", "why", "attempts", "sent_at", "error")
    list_select_related = ("notification__recipient", "notification__group")
    list_filter = (("status", ChoicesDropdownFilter), ("transport", ChoicesDropdownFilter), ("queued_at", BornFilter))
    fields = (
        "notification", "transport", "status", "attempts", "queued_at", "next_attempt_at", "sent_at", "delivered_at", "seen_at",
        "opened_at", "refused_at", "settled_at", "provider_id", "error", "remark",
    )  # fmt: skip

    @display(description="Status", label=DELIVERY_COLOURS)
    def outcome(self, delivery: Delivery) -> str:
        """The status, coloured."""
        return delivery.get_status_display()

    @display(description="To")
    def who(self, delivery: Delivery) -> str:
        """The person or the group."""
        return str(delivery.notification.recipient or delivery.notification.group)

    @display(description="Why")
    def why(self, delivery: Delivery) -> str:
        """The notification's reason."""
        return delivery.notification.get_reason_display()
