"""The words of `notifications`."""

from typing import Final

from django.db.models import TextChoices


class Transport(TextChoices):
    """The kind of a contact method, and the code that performs it."""

    EMAIL = "email", "E-mail"
    PUSH = "push", "Push"
    SLACK = "slack", "Slack"
    SMS = "sms", "SMS"
    VOICE = "voice", "Voice call"
    WEBHOOK = "webhook", "Webhook"
    APPRISE = "apprise", "Apprise"


class Urgency(TextChoices):
    """How loud a message may be."""

    NORMAL = "normal", "Normal"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"
    EMERGENCY = "emergency", "Emergency"


class Reason(TextChoices):
    """Why a message is sent; it chooses the template."""

    FIRST = "first", "First notice"
    REMINDER = "reminder", "Reminder"
    BUNDLE = "bundle", "Bundled update"
    RESOLVED = "resolved", "Resolved"
    UNANSWERED = "unanswered", "Unanswered: last resort"
    EXPIRED = "expired", "Expired"
    TEST = "test", "Test"
    HANDOFF = "handoff", "Hand-off"
    STORM = "storm", "Many at once"
    DIGEST = "digest", "What a silence held back"
    CODE = "code", "Code that proves an address"


OF_ONE_METHOD: Final = (Reason.TEST, Reason.CODE)
"""Concerns one contact method: no other takes over when it fails."""


class Form(TextChoices):
    """A text that a message is made of; each can be written anew in the admin."""

    SUBJECT = "subject", "Subject (mail, push, Apprise)"
    PUSH = "push", "Short text (push, webhook)"
    TEXT = "text", "Mail as plain text"
    HTML = "html", "Mail as HTML"
    SMS = "sms", "SMS"
    VOICE = "voice", "Voice call"
    SLACK = "slack", "Slack"
    APPRISE = "apprise", "Apprise"


ANSWERABLE: Final = frozenset({Reason.FIRST, Reason.REMINDER, Reason.BUNDLE, Reason.UNANSWERED})
"""What somebody may take, or pass on."""


class DeliveryStatus(TextChoices):
    """What became of one message through one contact method."""

    QUEUED = "queued", "Queued"
    """Waits for its turn (``next_attempt_at``)."""
    SENDING = "sending", "Sending"
    """A runner has it in hand until ``leased_until``."""
    SENT = "sent", "Sent"
    """The provider accepted it. That proves nothing about the person."""
    DELIVERED = "delivered", "Delivered"
    """A receipt proves that it reached the device or the mailbox."""
    SEEN = "seen", "Seen"
    """A receipt proves that a person opened it."""
    FAILED = "failed", "Failed, will retry"
    DEAD = "dead", "Gave up"
    CANCELLED = "cancelled", "Answered meanwhile"


WAITING: Final = (DeliveryStatus.QUEUED, DeliveryStatus.FAILED)
"""May be claimed by a runner."""
RETRIED: Final = (*WAITING, DeliveryStatus.DEAD)
"""May be sent again at a person's wish."""
REFUSABLE: Final = (*WAITING, DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
"""A provider may say afterwards that it did not arrive. A mail server's "delivered" may be followed by its bounce."""
PROVED: Final = (DeliveryStatus.DELIVERED, DeliveryStatus.SEEN)
"""A receipt came."""
ACCEPTED: Final = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.SEEN)


class PushKind(TextChoices):
    """What a push address is: a registration token, or Firebase's newer installation id."""

    TOKEN = "token", "Registration token"
    FID = "fid", "Installation id"


class Platform(TextChoices):
    """The phone's system."""

    ANDROID = "android", "Android"
    IOS = "ios", "iOS"
    WEB = "web", "Web"


class RotationKind(TextChoices):
    """How often a rotation changes hands; ``length`` multiplies it."""

    HOURLY = "hourly", "hours"
    DAILY = "daily", "days"
    WEEKLY = "weekly", "weeks"
    WEEKDAYS = "weekdays", "working days (Monday to Friday)"


class HolidayRule(TextChoices):
    """What a rotation does on the public holidays of its country."""

    ANY = "any", "Counts on holidays too"
    ONLY = "only", "Counts on holidays only"
    EXCEPT = "except", "Does not count on holidays"


class Answer(TextChoices):
    """What a person may say to a message."""

    SEEN = "seen", "I have seen it"
    HANDLING = "handling", "I take it"
    CALLING = "calling", "I am calling"
    ON_MY_WAY = "on_my_way", "On my way"
    HANDLED = "handled", "Resolved"
    FALSE_ALARM = "false_alarm", "False alarm"
    PASS_ON = "pass_on", "Pass on"
