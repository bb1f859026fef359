"""The rows of `notifications`."""

from notifications.models.outbox import Delivery, Notification
from notifications.models.people import ContactMethod, Recipient, RecipientGroup

__all__ = ["ContactMethod", "Delivery", "Notification", "Recipient", "RecipientGroup"]
