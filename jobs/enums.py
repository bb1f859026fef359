"""The words of `jobs`."""

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class JobKind(TextChoices):
    """What does the work."""

    CALLABLE = "callable", _("Python callable")
    """Registered with @job in an app's jobs module."""
    HTTP = "http", _("HTTP call")
    EXTERNAL = "external", _("External: it reports by REST")


class Overlap(TextChoices):
    """What happens when a run is due while another still runs."""

    SKIP = "skip", _("Skip it")
    QUEUE = "queue", _("Run it afterwards")


class CatchUp(TextChoices):
    """What happens to slots that passed while nothing could start them."""

    NONE = "none", _("Leave them")
    ONCE = "once", _("Run once for all of them")
    ALL = "all", _("Run each of them")


class After(TextChoices):
    """On what a job that follows another is started."""

    SUCCESS = "success", _("When it succeeded")
    ALWAYS = "always", _("However it ended")


class RunStatus(TextChoices):
    """How far a run got."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCESS = "success", _("Success")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")
    ORPHANED = "orphaned", _("Orphaned")
    """Its process died, or an external one was never heard of again."""
    SKIPPED = "skipped", _("Skipped")


RUN_OPEN: Final = (RunStatus.QUEUED, RunStatus.RUNNING)
GOOD: Final = (RunStatus.SUCCESS, RunStatus.WARNING)
RUN_BAD: Final = (RunStatus.ERROR, RunStatus.ORPHANED)


class Trigger(TextChoices):
    """Who or what started a run."""

    SCHEDULER = "scheduler", _("Schedule")
    MANUAL = "manual", _("By hand")
    API = "api", "REST"
    CHAIN = "chain", _("Another job")
    RETRY = "retry", _("Another try")
