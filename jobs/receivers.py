"""What happens to runs, handed to the domain. Connected in apps.py."""

from datetime import datetime
from typing import Any

from jobs import job_alerts
from jobs.models import JobRun
from jobs.signals import run_ended


def connect() -> None:
    """Listen, once however often it is called. What tells people comes last: it holds the live feed's counter to the end."""
    run_ended.connect(on_run_ended, dispatch_uid="jobs.run_ended.alerts")


def on_run_ended(*, run: JobRun, at: datetime, again: JobRun | None, **_: Any) -> None:
    """People are told of the last try only."""
    if again is None:
        job_alerts.ended(run, at=at)
