"""The words of `notifications`."""

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Transport(TextChoices):
    """The kind of a contact method, and the code that performs it."""

    EMAIL = "email", _("E-mail")
    PUSH = "push", _("Push")
    SLACK = "slack", "Slack"
    SMS = "sms", "SMS"
    VOICE = "voice", _("Voice call")
    WEBHOOK = "webhook", "Webhook"
    APPRISE = "apprise", "Apprise"


class Urgency(TextChoices):
    """How loud a message may be."""

    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")
    EMERGENCY = "emergency", _("Emergency")


class Reason(TextChoices):
    """Why a message is sent; it chooses the template."""

    FIRST = "first", _("First notice")
    REMINDER = "reminder", _("Reminder")
    BUNDLE = "bundle", _("Bundled update")
    RESOLVED = "resolved", _("Resolved")
    UNANSWERED = "unanswered", _("Unanswered: last resort")
    EXPIRED = "expired", _("Expired")
    TEST = "test", _("Test")
    HANDOFF = "handoff", _("Hand-off")
    STORM = "storm", _("Many at once")
    DIGEST = "digest", _("What a silence held back")
    CODE = "code", _("Code that proves an address")


OF_ONE_METHOD: Final = (Reason.TEST, Reason.CODE)
"""Concerns one contact method: no other takes over when it fails."""


class Form(TextChoices):
    """A text that a message is made of; each can be written anew in the admin."""

    SUBJECT = "subject", _("Subject (mail, push, Apprise)")
    PUSH = "push", _("Short text (push, webhook)")
    TEXT = "text", _("Mail as plain text")
    HTML = "html", _("Mail as HTML")
    SMS = "sms", "SMS"
    VOICE = "voice", _("Voice call")
    SLACK = "slack", "Slack"
    APPRISE = "apprise", "Apprise"


ANSWERABLE: Final = frozenset({Reason.FIRST, Reason.REMINDER, Reason.BUNDLE, Reason.UNANSWERED})
"""What somebody may take, or pass on."""


class DeliveryStatus(TextChoices):
    """What became of one message through one contact method."""

    QUEUED = "queued", _("Queued")
    """Waits for its turn (``next_attempt_at``)."""
    SENDING = "sending", _("Sending")
    """A runner has it in hand until ``leased_until``."""
    SENT = "sent", _("Sent")
    """The provider accepted it. That proves nothing about the person."""
    DELIVERED = "delivered", pgettext_lazy("message", "Delivered")
    """A receipt proves that it reached the device or the mailbox."""
    SEEN = "seen", pgettext_lazy("message", "Seen")
    """A receipt proves that a person opened it."""
    FAILED = "failed", _("Failed, will retry")
    DEAD = "dead", _("Gave up")
    CANCELLED = "cancelled", _("Answered meanwhile")


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
    """What a push address is: a registration token, Firebase's newer installation id, or a browser's own subscription."""

    TOKEN = "token", _("Registration token")
    FID = "fid", _("Installation id")
    WEB = "web", _("Browser subscription")


class Platform(TextChoices):
    """The phone's system."""

    ANDROID = "android", "Android"
    IOS = "ios", "iOS"
    WEB = "web", "Web"


class RotationKind(TextChoices):
    """How often a rotation changes hands; ``length`` multiplies it."""

    HOURLY = "hourly", _("hours")
    DAILY = "daily", _("days")
    WEEKLY = "weekly", _("weeks")
    WEEKDAYS = "weekdays", _("working days (Monday to Friday)")


class HolidayRule(TextChoices):
    """What a rotation does on the public holidays of its country."""

    ANY = "any", _("Counts on holidays too")
    ONLY = "only", _("Counts on holidays only")
    EXCEPT = "except", _("Does not count on holidays")


class Answer(TextChoices):
    """What a person may say to a message."""

    SEEN = "seen", _("I have seen it")
    HANDLING = "handling", _("I take it")
    CALLING = "calling", _("I am calling")
    ON_MY_WAY = "on_my_way", _("On my way")
    HANDLED = "handled", _("Resolved")
    FALSE_ALARM = "false_alarm", _("False alarm")
    PASS_ON = "pass_on", _("Pass on")
