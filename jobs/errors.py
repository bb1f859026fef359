"""The errors of `jobs`.

JobError
├── IllegalRun    a run's status does not move that way; ``current`` is the status it has
└── NotRunnable   Sentinel cannot start this job itself
"""

from django.utils.translation import gettext as _

from jobs.enums import RunStatus


class JobError(Exception):
    """Something about a job cannot be done; the text says the fix."""


class IllegalRun(JobError):
    """The run's status does not move that way."""

    def __init__(self, current: RunStatus, to: RunStatus) -> None:
        super().__init__(f"A run that is {current} cannot become {to}: what has ended stays ended. Report a new run instead.")
        self.current = current
        self.to = to

    @property
    def said(self) -> str:
        """The text in the reader's language; that of the error itself is for logs."""
        text = _("A run that is “%(current)s” cannot become “%(to)s”: what has ended stays ended. Report a new run instead.")
        return text % {"current": self.current.label, "to": self.to.label}


class NotRunnable(JobError):
    """Sentinel cannot start this job itself."""
