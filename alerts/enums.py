"""The words of `alerts`."""

from datetime import timedelta
from typing import Final

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class AlertStatus(TextChoices):
    """How far an alert got with people. It only ever moves down this list."""

    PENDING = "PENDING", _("Pending")
    """Nobody is known to have it."""
    DELIVERED = "DELIVERED", _("Delivered")
    """A receipt proves that a message reached a person's device or mailbox."""
    SEEN = "SEEN", _("Seen")
    """Someone opened it."""
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Acknowledged")
    """Someone took it."""
    RESOLVED = "RESOLVED", _("Resolved")
    """It was handled."""
    EXPIRED = "EXPIRED", _("Expired")
    """Nobody answered."""


OPEN: Final = (AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN, AlertStatus.ACKNOWLEDGED)
UNACKNOWLEDGED: Final = (AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN)
FINAL: Final = (AlertStatus.RESOLVED, AlertStatus.EXPIRED)


class Severity(TextChoices):
    """How bad the source says it is."""

    CRITICAL = "critical", _("Critical")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")
    INFO = "info", _("Info")


class Priority(IntegerChoices):
    """How urgent Sentinel decided it is."""

    P1 = 1, "P1"
    P2 = 2, "P2"
    P3 = 3, "P3"
    P4 = 4, "P4"
    P5 = 5, "P5"


DEFAULT_PRIORITY: Final = {
    Severity.CRITICAL: Priority.P1,
    Severity.HIGH: Priority.P2,
    Severity.MEDIUM: Priority.P3,
    Severity.LOW: Priority.P4,
    Severity.INFO: Priority.P5,
}
RESPONSE_SECONDS: Final = {Priority.P1: 0, Priority.P2: 1800, Priority.P3: 7200, Priority.P4: 28800, Priority.P5: None}
"""Within which time somebody should have acknowledged; None: no target."""


class Resolution(TextChoices):
    """How it ended."""

    HANDLED = "handled", _("Handled")
    HELP_SENT = "help_sent", _("Help sent")
    FALSE_ALARM = "false_alarm", _("False alarm")
    RECOVERED = "recovered", _("Recovered by itself")
    TEST = "test", _("Test")
    AUTO = "auto", _("Closed by Sentinel")


class Promise(TextChoices):
    """What the person who acknowledged said they would do."""

    CALLING = "calling", _("I call")
    ON_MY_WAY = "on_my_way", _("On my way")
    HANDLING = "handling", _("I handle it")


class Verdict(TextChoices):
    """What intake made of a report."""

    ACCEPTED = "accepted", _("Accepted")
    """It became a new alert."""
    FOLDED = "folded", _("Folded")
    """It repeats an open alert."""
    SUPPRESSED = "suppressed", _("Suppressed")
    """It became an alert, and a silence keeps people from being told."""
    APPLIED = "applied", _("Applied")
    """It acknowledged or resolved an open alert."""
    DROPPED = "dropped", _("Dropped")
    """There was nothing to do; ``reason`` says why."""
    REJECTED = "rejected", _("Rejected")
    """It could not be accepted; ``reason`` says why."""


class ReplayState(TextChoices):
    """How far a replay or a noise report is."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class ProposalKind(TextChoices):
    """What the noise report proposes to change."""

    ROUTE = "route", _("Route")
    SILENCE = "silence", _("Silence")
    INHIBITION = "inhibition", _("Inhibition")
    WINDOW = "window", _("Maintenance window")
    FLAPPING = "flapping", _("Limits of flapping")


class SourceKind(TextChoices):
    """What kind of thing reports."""

    GENERIC = "generic", _("Generic")
    CAMERA = "camera", _("Camera")
    METER = "meter", _("Meter")
    HUMIDITY = "humidity", _("Humidity")
    BACKUP = "backup", _("Backup")
    JOB = "job", _("Job")
    MONITORING = "monitoring", _("Monitoring")


class StopsAt(TextChoices):
    """The status that stops an escalation."""

    SEEN = "SEEN", _("Seen")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Acknowledged")


class AckTimeoutAction(TextChoices):
    """What becomes of an acknowledged alert that nobody resolves."""

    RESOLVE = "resolve", _("Resolve it")
    ESCALATE = "escalate", _("Escalate again")


class LogKind(TextChoices):
    """What a log entry records."""

    RAISED = "raised", _("Raised")
    REPEATED = "repeated", _("Repeated with a higher priority")
    STATUS = "status", _("Status changed")
    REAFFIRMED = "reaffirmed", _("Acknowledged again")
    STEP = "step", _("Escalation step")
    EMPTY_STEP = "empty_step", _("Escalation step reached nobody")
    SKIPPED = "skipped", _("Steps missed and caught up")
    STEP_FAILED = "step_failed", _("Escalation step failed, will be tried again")
    UNANSWERED = "unanswered", _("Unanswered: last resort told")
    ROUND = "round", _("Escalation started again")
    GROUPED = "grouped", _("Joined a group")
    SUPPRESSED = "suppressed", _("Held back")
    RELEASED = "released", _("No longer held back")
    CANCELLED = "cancelled", _("Messages cancelled")
    IN_FLIGHT = "in_flight", _("Messages already on their way")
    DELIVERY = "delivery", _("Delivery")
    TRIAGE = "triage", _("AI opinion")
    IMAGE = "image", _("Image")
    COMMENT = "comment", _("Comment")
    FEEDBACK = "feedback", _("Feedback")
    RECOVERED = "recovered", _("The source reports that it is over")


class EventKind(TextChoices):
    """What happened, on the live feed."""

    RAISED = "raised", "Raised"
    REPEATED = "repeated", "Repeated"
    STATUS = "status", "Status"
    ESCALATED = "escalated", "Escalated"
    DELIVERY = "delivery", "Delivery"
    TRIAGE = "triage", "AI opinion"
    COMMENT = "comment", "Comment"
    FEEDBACK = "feedback", "Feedback"
    UPDATED = "updated", "Updated"


class StoryKind(TextChoices):
    """What an entry of an alert's story is, besides a log entry of one of the kinds above."""

    REPORT = "report", "Report"
    MESSAGE = "message", "Message"
    RECEIPT = "receipt", "Receipt"
    OPINION = "opinion", "AI opinion"
    SAMPLES = "samples", "Samples"
    ONSET = "onset", "Onset"
    CLEAR = "clear", "Clear"
    BACKUP = "backup", "Backup"
    RUN = "run", "Run of a job"


class Usefulness(TextChoices):
    """What people say of an alert afterwards."""

    USEFUL = "useful", _("Useful")
    NOISE = "noise", _("Noise")
    DUPLICATE = "duplicate", _("Duplicate")
    TEST = "test", _("Test")


class Happening(TextChoices):
    """What subscriptions tell other systems: an event, by what it means rather than by what it changed."""

    FIRED = "fired", _("Raised")
    REPEATED = "repeated", _("Reported again")
    DELIVERED = "delivered", _("Reached somebody")
    SEEN = "seen", _("Opened by somebody")
    ACKED = "acked", _("Acknowledged")
    ESCALATED = "escalated", _("Escalated")
    UNANSWERED = "unanswered", _("Unanswered: last resort told")
    RESOLVED = "resolved", _("Resolved")
    EXPIRED = "expired", _("Expired: nobody answered")
    COMMENTED = "commented", _("Commented")
    DELIVERY = "delivery", _("A message changed its state")
    TRIAGE = "triage", _("AI opinion")
    FEEDBACK = "feedback", _("Said to be useful, noise, a duplicate or a test")
    UPDATED = "updated", _("Changed otherwise (held back, grouped, picture)")


class EventFormat(TextChoices):
    """How events are written into a request."""

    STRUCTURED = "structured", _("One event a request (application/cloudevents+json)")
    BATCH = "batch", _("Up to 100 events a request (application/cloudevents-batch+json)")


class WallSound(TextChoices):
    """When a screen on a wall sounds."""

    OFF = "off", _("Never")
    ONCE = "once", _("Once for each new P1")
    UNTIL_TAKEN = "repeat", _("For each new P1, again and again until somebody has taken it")


class TriageMode(TextChoices):
    """How an AI opinion stands."""

    QUEUED = "queued", _("Waiting")
    DONE = "done", _("Opinion given")
    NO_OPINION = "no_opinion", _("No opinion")


class SilenceOrigin(TextChoices):
    """Where a silence comes from."""

    PERSON = "person", _("A person")
    ALERTMANAGER = "alertmanager", "amtool"
    """By Alertmanager's API."""
    SCRIPT = "script", _("A script")
    """By the address that silences one source."""
    WINDOW = "window", _("A maintenance window")
    COMMAND = "command", _("A command")
    """`manage.py silence add`."""


SILENCE_LONGEST: Final = timedelta(days=7)
SILENCE_LONGEST_P1: Final = timedelta(hours=8)
"""So long after its beginning a silence holds a P1 back; then it is told, whatever the silence says."""
