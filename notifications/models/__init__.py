"""The rows of `notifications`."""

from notifications.models.destinations import Destination, Pace
from notifications.models.oncall import CalendarFeed, OnCallOverride, OnCallSchedule, Rotation, RotationMember
from notifications.models.outbox import AnswerCode, Delivery, Notification, Revision
from notifications.models.people import ContactMethod, NotificationRule, Recipient, RecipientGroup, Verification
from notifications.models.rollup import DeliveryRollup, MessageRollupProgress, RingRollup
from notifications.models.templates import MessageTemplate

__all__ = [
    "AnswerCode",
    "CalendarFeed",
    "ContactMethod",
    "Delivery",
    "DeliveryRollup",
    "Destination",
    "MessageRollupProgress",
    "MessageTemplate",
    "Notification",
    "NotificationRule",
    "OnCallOverride",
    "OnCallSchedule",
    "Pace",
    "Recipient",
    "RecipientGroup",
    "Revision",
    "RingRollup",
    "Rotation",
    "RotationMember",
    "Verification",
]
