"""The rows of `notifications`."""

from notifications.models.destinations import Destination, Pace
from notifications.models.oncall import CalendarFeed, OnCallOverride, OnCallSchedule, Rotation, RotationMember
from notifications.models.outbox import AnswerCode, Delivery, Notification, Revision
from notifications.models.people import ContactMethod, NotificationRule, Recipient, RecipientGroup, Verification
from notifications.models.templates import MessageTemplate

__all__ = [
    "AnswerCode",
    "CalendarFeed",
    "ContactMethod",
    "Delivery",
    "Destination",
    "MessageTemplate",
    "Notification",
    "NotificationRule",
    "OnCallOverride",
    "OnCallSchedule",
    "Pace",
    "Recipient",
    "RecipientGroup",
    "Revision",
    "Rotation",
    "RotationMember",
    "Verification",
]
