"""The words of `jobs`."""

from typing import Final

from django.db.models import TextChoices


class JobKind(TextChoices):
    """What does the work."""

    CALLABLE = "callable", "Python callable"
    """Registered with @job in an app's jobs module."""
    HTTP = "http", "HTTP call"
    EXTERNAL = "external", "External: it reports by REST"


class Overlap(TextChoices):
    """What happens when a run is due while another still runs."""

    SKIP = "skip", "Skip it"
    QUEUE = "queue", "Run it afterwards"


class CatchUp(TextChoices):
    """What happens to slots that passed while nothing could start them."""

    NONE = "none", "Leave them"
    ONCE = "once", "Run once for all of them"
    ALL = "all", "Run each of them"


class After(TextChoices):
    """On what a job that follows another is started."""

    SUCCESS = "success", "When it succeeded"
    ALWAYS = "always", "However it ended"


class RunStatus(TextChoices):
    """How far a run got."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCESS = "success", "Success"
    WARNING = "warning", "Warning"
    ERROR = "error", "Error"
    ORPHANED = "orphaned", "Orphaned"
    """Its process died, or an external one was never heard of again."""
    SKIPPED = "skipped", "Skipped"


RUN_OPEN: Final = (RunStatus.QUEUED, RunStatus.RUNNING)
GOOD: Final = (RunStatus.SUCCESS, RunStatus.WARNING)
RUN_BAD: Final = (RunStatus.ERROR, RunStatus.ORPHANED)


class Trigger(TextChoices):
    """Who or what started a run."""

    SCHEDULER = "scheduler", "Schedule"
    MANUAL = "manual", "By hand"
    API = "api", "REST"
    CHAIN = "chain", "Another job"
    RETRY = "retry", "Another try"
