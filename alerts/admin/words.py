"""The colours of the admin's labels; the words stand beside them, so that nothing is said by colour alone."""

from alerts.enums import AlertStatus, Priority
from notifications.enums import DeliveryStatus

STATUS_COLOURS = {
    AlertStatus.PENDING.label: "danger", AlertStatus.DELIVERED.label: "warning", AlertStatus.SEEN.label: "warning",
    AlertStatus.ACKNOWLEDGED.label: "info", AlertStatus.RESOLVED.label: "success",
}  # fmt: skip
PRIORITY_COLOURS = {Priority.P1.label: "danger", Priority.P2.label: "warning", Priority.P3.label: "info"}
DELIVERY_COLOURS = {
    DeliveryStatus.FAILED: "warning", DeliveryStatus.DEAD: "danger", DeliveryStatus.SENT: "info", DeliveryStatus.DELIVERED: "success",
    DeliveryStatus.SEEN: "success",
}  # fmt: skip
