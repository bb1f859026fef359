"""The words of `alerts`."""

from datetime import timedelta
from typing import Final

from django.db.models import IntegerChoices, TextChoices


class AlertStatus(TextChoices):
    """How far an alert got with people. It only ever moves down this list."""

    PENDING = "PENDING", "Pending"
    """Nobody is known to have it."""
    DELIVERED = "DELIVERED", "Delivered"
    """A receipt proves that a message reached a person's device or mailbox."""
    SEEN = "SEEN", "Seen"
    """Someone opened it."""
    ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"
    """Someone took it."""
    RESOLVED = "RESOLVED", "Resolved"
    """It was handled."""
    EXPIRED = "EXPIRED", "Expired"
    """Nobody answered."""


OPEN: Final = (AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN, AlertStatus.ACKNOWLEDGED)
UNACKNOWLEDGED: Final = (AlertStatus.PENDING, AlertStatus.DELIVERED, AlertStatus.SEEN)
FINAL: Final = (AlertStatus.RESOLVED, AlertStatus.EXPIRED)


class Severity(TextChoices):
    """How bad the source says it is."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"
    INFO = "info", "Info"


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

    HANDLED = "handled", "Handled"
    HELP_SENT = "help_sent", "Help sent"
    FALSE_ALARM = "false_alarm", "False alarm"
    RECOVERED = "recovered", "Recovered by itself"
    TEST = "test", "Test"
    AUTO = "auto", "Closed by Sentinel"


class Promise(TextChoices):
    """What the person who acknowledged said they would do."""

    CALLING = "calling", "I call"
    ON_MY_WAY = "on_my_way", "On my way"
    HANDLING = "handling", "I handle it"


class Verdict(TextChoices):
    """What intake made of a report."""

    ACCEPTED = "accepted", "Accepted"
    """It became a new alert."""
    FOLDED = "folded", "Folded"
    """It repeats an open alert."""
    SUPPRESSED = "suppressed", "Suppressed"
    """It became an alert, and a silence keeps people from being told."""
    APPLIED = "applied", "Applied"
    """It acknowledged or resolved an open alert."""
    DROPPED = "dropped", "Dropped"
    """There was nothing to do; ``reason`` says why."""
    REJECTED = "rejected", "Rejected"
    """It could not be accepted; ``reason`` says why."""


class ReplayState(TextChoices):
    """How far a replay or a noise report is."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ProposalKind(TextChoices):
    """What the noise report proposes to change."""

    ROUTE = "route", "Route"
    SILENCE = "silence", "Silence"
    INHIBITION = "inhibition", "Inhibition"
    WINDOW = "window", "Maintenance window"
    FLAPPING = "flapping", "Limits of flapping"


class SourceKind(TextChoices):
    """What kind of thing reports."""

    GENERIC = "generic", "Generic"
    CAMERA = "camera", "Camera"
    METER = "meter", "Meter"
    HUMIDITY = "humidity", "Humidity"
    BACKUP = "backup", "Backup"
    JOB = "job", "Job"
    MONITORING = "monitoring", "Monitoring"


class StopsAt(TextChoices):
    """The status that stops an escalation."""

    SEEN = "SEEN", "Seen"
    ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"


class AckTimeoutAction(TextChoices):
    """What becomes of an acknowledged alert that nobody resolves."""

    RESOLVE = "resolve", "Resolve it"
    ESCALATE = "escalate", "Escalate again"


class LogKind(TextChoices):
    """What a log entry records."""

    RAISED = "raised", "Raised"
    REPEATED = "repeated", "Repeated with a higher priority"
    STATUS = "status", "Status changed"
    REAFFIRMED = "reaffirmed", "Acknowledged again"
    STEP = "step", "Escalation step"
    EMPTY_STEP = "empty_step", "Escalation step reached nobody"
    SKIPPED = "skipped", "Steps missed and caught up"
    STEP_FAILED = "step_failed", "Escalation step failed, will be tried again"
    UNANSWERED = "unanswered", "Unanswered: last resort told"
    ROUND = "round", "Escalation started again"
    GROUPED = "grouped", "Joined a group"
    SUPPRESSED = "suppressed", "Held back"
    RELEASED = "released", "No longer held back"
    CANCELLED = "cancelled", "Messages cancelled"
    IN_FLIGHT = "in_flight", "Messages already on their way"
    DELIVERY = "delivery", "Delivery"
    TRIAGE = "triage", "AI opinion"
    IMAGE = "image", "Image"
    COMMENT = "comment", "Comment"
    FEEDBACK = "feedback", "Feedback"
    RECOVERED = "recovered", "The source reports that it is over"


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

    USEFUL = "useful", "Useful"
    NOISE = "noise", "Noise"
    DUPLICATE = "duplicate", "Duplicate"
    TEST = "test", "Test"


class Happening(TextChoices):
    """What subscriptions tell other systems: an event, by what it means rather than by what it changed."""

    FIRED = "fired", "Raised"
    REPEATED = "repeated", "Reported again"
    DELIVERED = "delivered", "Reached somebody"
    SEEN = "seen", "Opened by somebody"
    ACKED = "acked", "Acknowledged"
    ESCALATED = "escalated", "Escalated"
    UNANSWERED = "unanswered", "Unanswered: last resort told"
    RESOLVED = "resolved", "Resolved"
    EXPIRED = "expired", "Expired: nobody answered"
    COMMENTED = "commented", "Commented"
    DELIVERY = "delivery", "A message changed its state"
    TRIAGE = "triage", "AI opinion"
    FEEDBACK = "feedback", "Said to be useful, noise, a duplicate or a test"
    UPDATED = "updated", "Changed otherwise (held back, grouped, picture)"


class EventFormat(TextChoices):
    """How events are written into a request."""

    STRUCTURED = "structured", "One event a request (application/cloudevents+json)"
    BATCH = "batch", "Up to 100 events a request (application/cloudevents-batch+json)"


class WallSound(TextChoices):
    """When a screen on a wall sounds."""

    OFF = "off", "Never"
    ONCE = "once", "Once for each new P1"
    UNTIL_TAKEN = "repeat", "For each new P1, again and again until somebody has taken it"


class TriageMode(TextChoices):
    """How an AI opinion stands."""

    QUEUED = "queued", "Waiting"
    DONE = "done", "Opinion given"
    NO_OPINION = "no_opinion", "No opinion"


class SilenceOrigin(TextChoices):
    """Where a silence comes from."""

    PERSON = "person", "A person"
    ALERTMANAGER = "alertmanager", "amtool"
    """By Alertmanager's API."""
    SCRIPT = "script", "A script"
    """By the address that silences one source."""
    WINDOW = "window", "A maintenance window"
    COMMAND = "command", "A command"
    """`manage.py silence add`."""


SILENCE_LONGEST: Final = timedelta(days=7)
SILENCE_LONGEST_P1: Final = timedelta(hours=8)
"""So long after its beginning a silence holds a P1 back; then it is told, whatever the silence says."""
